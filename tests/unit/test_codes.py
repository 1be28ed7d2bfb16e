"""The unified code as text: what is read, what is refused, which number comes next, in which order."""

from __future__ import annotations

import numpy as np
import pytest

from gridgis import codes
from gridgis.errors import CodeError

WIDTHS = (6, 9, 12, 15)
UNDER = "350526100001"


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("350526100001003", "350526100001003"),
        (" 350526\t", "350526"),
        ("３５０５２６", "350526"),
        (350526100001, "350526100001"),
        (np.int64(350526100), "350526100"),
        # A spreadsheet hands whole numbers over as floats; below 2**53 nothing is lost.
        (350526100001003.0, "350526100001003"),
        (np.float64(350526), "350526"),
    ],
)
def test_parse_reads(given: object, read: str) -> None:
    assert codes.parse(given, WIDTHS) == read


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("", "空"),
        ("   ", "空"),
        (None, "空"),
        (True, "空"),
        ("35052610000100X", "X"),
        ("350526-100", "-"),
        ("350526.5", "."),
        ("²²²²²²", "²"),
        ("٣٥٠٥٢٦", "٣"),
        ("-350526", "-"),
        (350526.5, "."),
        ("3505261", "7 位"),
        ("3505261000010031", "16 位"),
        (float("nan"), "n"),
    ],
)
def test_parse_refuses_and_says_why(given: object, named: str) -> None:
    with pytest.raises(CodeError, match=named.replace(".", r"\.")) as caught:
        codes.parse(given, WIDTHS)
    assert caught.value.zh.endswith("。")
    assert caught.value.en.endswith(".")
    assert caught.value.exit_code == 2


def test_the_error_names_the_lengths_allowed() -> None:
    with pytest.raises(CodeError) as caught:
        codes.parse("1", WIDTHS)
    assert "6、9、12、15" in caught.value.zh
    assert "6, 9, 12 or 15" in caught.value.en
    with pytest.raises(CodeError) as caught:
        codes.parse("1", (6,))
    assert "have 6." in caught.value.en


def test_parents_are_prefixes() -> None:
    assert codes.parent("350526100001003", WIDTHS) == UNDER
    assert codes.parent("350526", WIDTHS) is None
    assert codes.ancestors("350526100001003", WIDTHS) == ["350526", "350526100", UNDER]
    assert codes.ancestors("350526", WIDTHS) == []
    assert [codes.level_index(c, WIDTHS) for c in ("350526", "350526100", UNDER)] == [0, 1, 2]


def test_is_within_itself_and_below() -> None:
    assert codes.is_within(UNDER, UNDER)
    assert codes.is_within(UNDER + "001", UNDER)
    assert not codes.is_within("350526100002001", UNDER)
    assert not codes.is_within("350526100", UNDER)
    assert not codes.is_within(None, UNDER)


@pytest.mark.parametrize(
    ("padded", "trimmed"),
    [
        ("350526100000", "350526100"),
        ("350526100000000", "350526100"),
        ("350526000000", "350526"),
        ("350526100001", "350526100001"),
        ("350526100010", "350526100010"),
        ("350526", "350526"),
        # The county's own trailing zeros are its name, not padding.
        ("350500000", "350500"),
        # A length that no level has is left alone.
        ("3505261000", "3505261000"),
    ],
)
def test_trim_drops_zero_groups(padded: str, trimmed: str) -> None:
    assert codes.trim(padded, WIDTHS) == trimmed


@pytest.mark.parametrize(
    ("taken", "number"),
    [
        ((), "001"),
        (("001", "002"), "003"),
        # After the highest, not into the gap: 002 may have been void for years.
        (("001", "003"), "004"),
        (("997",), "998"),
        (("999",), "001"),
        (("001", "999"), "002"),
        (("000",), "001"),
    ],
)
def test_next_code(taken: tuple[str, ...], number: str) -> None:
    assert codes.next_code(UNDER, 15, [UNDER + t for t in taken]) == UNDER + number


def test_the_last_free_number_is_given_and_then_none() -> None:
    used = {f"{UNDER}{n:03d}" for n in range(1, 1000)}
    assert codes.next_code(UNDER, 15, used - {UNDER + "500"}) == UNDER + "500"
    with pytest.raises(CodeError) as caught:
        codes.next_code(UNDER, 15, used)
    assert "1–999" in caught.value.zh
    assert UNDER in caught.value.en
    assert "used up" in caught.value.en


def test_a_child_suffix_of_two_digits_runs_to_99() -> None:
    under = UNDER + "001"
    assert codes.next_code(under, 17, [under + "09"]) == under + "10"
    with pytest.raises(CodeError, match="1–99）"):
        codes.next_code(under, 17, [f"{under}{n:02d}" for n in range(1, 100)])


def order(*points: tuple[float, float]) -> list[int]:
    xy = np.array(points, dtype=float).reshape(-1, 2)
    return codes.reading_order(xy[:, 0], xy[:, 1]).tolist()


def test_numbering_runs_west_to_east_then_north_to_south() -> None:
    # 0 1
    # 2 3, given in another order.
    assert order((100, 0), (0, 100), (0, 0), (100, 100)) == [1, 3, 2, 0]


def test_a_row_is_a_band_not_a_line() -> None:
    # The middle of the northern row hangs 20 m lower and is still its second.
    assert order((0, 200), (100, 180), (200, 200), (0, 100), (100, 110), (200, 100), (0, 0), (100, 0), (200, 0)) == [
        *range(9)
    ]


def test_a_single_row_and_a_single_column() -> None:
    assert order((200, 5), (0, 5), (100, 5)) == [1, 2, 0]
    assert order((5, 0), (5, 200), (5, 100)) == [1, 2, 0]


def test_order_of_one_and_none() -> None:
    assert order((1, 1)) == [0]
    assert order() == []


def test_order_does_not_depend_on_the_order_given() -> None:
    rng = np.random.default_rng(1)
    points = rng.uniform(0, 1000, (40, 2))
    shuffle = rng.permutation(40)
    first, second = order(*points), order(*points[shuffle])
    assert [tuple(points[k]) for k in first] == [tuple(points[shuffle][k]) for k in second]
