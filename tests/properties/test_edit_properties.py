"""Histories of random edits: whatever is asked, the county stays whole, its codes honest, its figures complete.

The judges share nothing with the kernel; `test_planted_faults` shows each of them failing on a planted fault.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridgis as gg
from tests.properties import judge, moves

NUMBER = st.integers(0, 24)
MOVE = st.tuples(*[NUMBER] * moves.MOVE_LENGTH)
DRAWING = st.lists(st.integers(0, 6), min_size=4, max_size=25).filter(lambda n: any(k != 6 for k in n[:4]))
WIDTH = st.integers(2, 5)


def whole_rows(numbers: list[int], width: int) -> list[int]:
    """Return the numbers that fill whole rows, at least one."""
    return numbers[: max(len(numbers) // width, 1) * width] + [0] * max(width - len(numbers), 0)


def assert_kept(numbers: list[int], width: int, strength: int, asked: list[moves.Move]) -> None:
    assert moves.run(whole_rows(numbers, width), width, strength, asked).bad == []


@settings(max_examples=60)
@given(numbers=DRAWING, width=WIDTH, asked=st.lists(MOVE, min_size=1, max_size=6))
def test_random_histories_keep_every_invariant(numbers, width, asked) -> None:  # type: ignore[no-untyped-def]
    assert_kept(numbers, width, 0, asked)


@settings(max_examples=60)
@given(numbers=DRAWING, width=WIDTH, asked=st.lists(MOVE, min_size=1, max_size=6))
def test_random_histories_on_slanted_edges(numbers, width, asked) -> None:  # type: ignore[no-untyped-def]
    # New vertices on slanted edges are rounded to the lattice: the hard case of a cut.
    assert_kept(numbers, width, 1, asked)


@pytest.mark.long
@settings(max_examples=4000, derandomize=False)
@given(numbers=DRAWING, width=WIDTH, strength=st.integers(0, 2), asked=st.lists(MOVE, min_size=1, max_size=15))
def test_long_random_histories(numbers, width, strength, asked) -> None:  # type: ignore[no-untyped-def]
    assert_kept(numbers, width, strength, asked)


@settings(max_examples=40)
@given(numbers=st.lists(st.integers(0, 5), min_size=9, max_size=9), ends=st.tuples(*[st.integers(0, 14)] * 6))
def test_splits_in_sequence_through_the_same_cells(numbers, ends) -> None:  # type: ignore[no-untyped-def]
    """Cut again and again across earlier cuts, where slivers and near misses arise."""
    history = moves.History(*moves.start(numbers, 3, 1))
    for k in range(4):
        history.move((0, 1, k, ends[k % 6], ends[(k + 1) % 6], ends[(k + 2) % 6], ends[(k + 3) % 6], k))
    history.judge_whole()
    assert history.bad == []


@settings(max_examples=40)
@given(numbers=DRAWING, width=WIDTH, strength=st.integers(0, 1))
def test_hash_tells_codes_and_ground_apart_and_nothing_else(numbers, width, strength) -> None:  # type: ignore[no-untyped-def]
    numbers = whole_rows(numbers, width)
    plan, _ = moves.start(numbers, width, strength)
    assert moves.shuffled(plan).hash == plan.hash
    swapped = [(n + 1) % 7 if n == numbers[0] else n for n in numbers]
    other, _ = moves.start(swapped, width, strength)
    if [moves.drawing_of(numbers, width)] != [moves.drawing_of(swapped, width)]:
        assert other.hash != plan.hash


@settings(max_examples=30)
@given(numbers=DRAWING, width=WIDTH, strength=st.integers(0, 1), move=MOVE)
def test_every_house_is_located_in_the_one_grid_that_counts_it(numbers, width, strength, move) -> None:  # type: ignore[no-untyped-def]
    history = moves.run(whole_rows(numbers, width), width, strength, [move])
    plan, houses = history.plan, history.houses
    codes = gg.locate(plan, houses[["x", "y"]].to_numpy()).fillna("").to_numpy()
    for code in {c or "" for c in plan.rows.code}:
        counted = sum(
            f[0] for i, f in judge.picture(plan).figures.items() if (plan.rows.code[plan.row([i])[0]] or "") == code
        )
        assert houses["households"][codes == code].sum() == counted
