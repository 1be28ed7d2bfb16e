"""Hidden numbers stay hidden: an attacker who solves for them by linear programming gets no closer than promised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

import gridgis as gg
from gridgis.disclosing import figure_tree, masks
from gridgis.suppression import intervals, protect, suppress

Tree = Mapping[str, Sequence[str]]


def random_tree(seed: int) -> tuple[dict[str, int], dict[str, list[str]]]:
    """Return numbers and children of a tree of three or four levels, many numbers small, some zero."""
    rng = np.random.default_rng(seed)
    tree: dict[str, list[str]] = {}
    leaves = ["1"]
    for _ in range(int(rng.integers(2, 4))):
        below = []
        for node in leaves:
            if node == "1" or rng.random() < 0.9:
                tree[node] = [f"{node}{k}" for k in range(int(rng.integers(1, 6)))]
                below += tree[node]
        leaves = below
    nodes = ["1"]
    for node in nodes:
        nodes.extend(tree.get(node, ()))
    scale = int(rng.choice([8, 30, 200]))
    values: dict[str, int] = {}
    for node in reversed(nodes):
        own = int(rng.integers(0, scale)) * int(rng.random() < 0.85)
        values[node] = sum(values[c] for c in tree[node]) if node in tree else own
    return values, tree


def attack(values: Mapping[str, int], tree: Tree, hidden: frozenset[str], node: str) -> tuple[float, float]:
    """Return the least and the greatest that a hidden number can be, for all that is shown."""
    order = list(values)
    at = {n: k for k, n in enumerate(order)}
    rows = np.zeros((len(tree), len(order)))
    for k, (parent, children) in enumerate(tree.items()):
        rows[k, at[parent]] = -1
        rows[k, [at[c] for c in children]] = 1
    bounds = [(1, None) if n in hidden else (values[n], values[n]) for n in order]
    out = []
    for sign in (1, -1):
        goal = np.zeros(len(order))
        goal[at[node]] = sign
        found = linprog(goal, A_eq=rows, b_eq=np.zeros(len(tree)), bounds=bounds, method="highs")
        assert found.status in (0, 3), found.message
        out.append(sign * found.fun if found.status == 0 else np.inf)
    return out[0], out[1]


@pytest.mark.parametrize("seed", range(60))
def test_no_hidden_number_can_be_narrowed(seed: int) -> None:
    values, tree = random_tree(seed)
    k = 10
    hidden = protect(values, tree, k=k, width=k)
    assert {n for n, v in values.items() if 0 < v < k} <= hidden
    assert all(values[n] > 0 for n in hidden)
    found = intervals(values, tree, hidden)
    for node in hidden:
        low, high = attack(values, tree, hidden, node)
        assert low <= values[node] <= high
        assert high - low >= k
        assert (low, high) == pytest.approx(found[node])


def test_primary_alone_is_recoverable_by_the_same_attacker() -> None:
    """The fault planted: without secondary suppression the attacker reads the number off."""
    values, tree = {"1": 105, "11": 50, "12": 52, "13": 3}, {"1": ["11", "12", "13"]}
    assert attack(values, tree, frozenset({"13"}), "13") == (3, 3)
    assert len(protect(values, tree, k=10, width=10)) == 2


def test_little_is_hidden_where_little_is_small() -> None:
    values = {"1": 0, **{f"1{k:02d}": 100 + k for k in range(50)}, "199": 4}
    values["1"] = sum(values.values())
    assert protect(values, {"1": sorted(set(values) - {"1"})}, k=10, width=10) == {"199", "100"}


def test_columns_of_the_same_people_are_hidden_together() -> None:
    frame = pd.DataFrame({"households": [60, 50, 3, 7], "persons": [150, 120, 12, 18]}, index=["1", "11", "12", "13"])
    masks = suppress(frame, {"1": ["11", "12", "13"]}, k=5)
    assert masks["households"].tolist() == masks["persons"].tolist()
    assert masks.loc["12"].all()


def test_zero_is_shown_and_small_k_hides_nothing() -> None:
    frame = pd.DataFrame({"persons": [5, 0, 5]}, index=["1", "11", "12"])
    tree = {"1": ["11", "12"]}
    assert suppress(frame, tree, k=10)["persons"].tolist() == [True, False, True]
    assert not suppress(frame, tree, k=1).to_numpy().any()
    assert not suppress(frame, tree, k=0).to_numpy().any()


@pytest.mark.long
def test_nothing_of_a_demo_county_can_be_narrowed(demo_file: Path) -> None:
    with gg.open_county(demo_file) as county:
        figures, tree = figure_tree(county.plan)
        found = masks(county, county.plan, 10).reindex(figures.index, fill_value=False)
    assert found["households"].equals(found["persons"])
    for name in found.columns:
        values = figures[name].to_dict()
        hidden = frozenset(found.index[found[name]])
        assert {n for n, v in values.items() if 0 < v < 10} <= hidden
        assert hidden
        for node in hidden:
            low, high = attack(values, tree, hidden, node)
            assert low <= values[node] <= high
            assert high - low >= 10
