"""Small numbers hidden so that nobody can work them out from the totals and neighbours that stay.

Figures of grids form a tree: a grid's number is the sum of its children's. Numbers below k are hidden, zeros
are not (an empty grid is no secret, and a reader may therefore take it that a hidden number is at least one).
More numbers are hidden until every hidden one could, for all that is left to read, be anything in an interval
of at least the stated width. In a tree these intervals follow exactly from one pass up and one pass down, so
the promise is checked, not hoped for; `tests/unit/test_suppression.py` attacks it by linear programming.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

Values = Mapping[str, int]
Tree = Mapping[str, Sequence[str]]
Interval = tuple[float, float]


def suppress(
    frame: pd.DataFrame, tree: Tree, *, k: int, width: int | None = None, forced: Collection[str] = ()
) -> pd.DataFrame:
    """Return which figures to hide: a frame of the same shape, True where the number must not be shown.

    Parameters
    ----------
    frame
        Figures as whole numbers, a row for each node of the tree at every level, a column each. The columns
        are taken to be of the same people: where one is hidden, so are the others.
    tree
        The children of each node that has any.
    k
        Numbers from 1 to k - 1 are hidden; k below 2 hides nothing.
    width
        How wide the interval must be that a reader can narrow a hidden number to; k by default.
    forced
        Nodes that are to be hidden in any case.
    """
    width = k if width is None else width
    hidden: dict[str, frozenset[str]] = {str(c): frozenset(forced) for c in frame.columns}
    figures = {str(c): dict(zip(map(str, frame.index), map(int, frame[c]), strict=True)) for c in frame.columns}
    while k >= 2:
        every = frozenset().union(*hidden.values())
        new = {c: protect(figures[c], tree, k=k, width=width, forced=every) for c in hidden}
        if new == hidden:
            break
        hidden = new
    return pd.DataFrame(
        {c: [str(i) in hidden[c] and figures[c][str(i)] > 0 for i in frame.index] for c in hidden}, index=frame.index
    )


def protect(values: Values, tree: Tree, *, k: int, width: int, forced: Collection[str] = ()) -> frozenset[str]:
    """Return the nodes to hide in one figure: small ones, forced ones, and those that would give these away."""
    parents = {child: parent for parent, children in tree.items() for child in children}
    hidden: set[str] = set()
    for node in [n for n, v in values.items() if v > 0 and (v < k or n in forced)]:
        hidden |= _with_path(node, values, tree, hidden)
    while True:
        found = intervals(values, tree, hidden)
        narrow = {n for n in hidden if found[n][1] - found[n][0] < width}
        # What is narrow because its parent is gets its room from above.
        first = [n for n in narrow if parents.get(n) not in narrow]
        before = len(hidden)
        for nodes in (first, narrow):
            if len(hidden) == before:
                hidden |= _companions(
                    sorted(nodes),
                    values,
                    (tree, parents),
                    hidden,
                    {n: width - (found[n][1] - found[n][0]) for n in nodes},
                )
        if len(hidden) == before:
            return frozenset(hidden)


def _companions(
    nodes: Sequence[str],
    values: Values,
    kin: tuple[Tree, Mapping[str, str]],
    hidden: set[str],
    lacking: Mapping[str, float],
) -> set[str]:
    """Return more nodes to hide for the sake of these, one for each family."""
    out: set[str] = set()
    done: set[str | None] = set()
    for node in nodes:
        parent = kin[1].get(node)
        if parent not in done:
            done.add(parent)
            for more in _companion(node, values, kin, hidden, lacking[node]):
                out |= _with_path(more, values, kin[0], hidden | out)
    return out


def _with_path(node: str, values: Values, tree: Tree, hidden: set[str]) -> set[str]:
    """Return a node with one child hidden in it, and one in that, down to the ground: else the sum would tell."""
    out = {node}
    while tree.get(node) and not any(c in hidden for c in tree[node]):
        below = _best(tree[node], values, hidden, 1)
        if not below:
            break
        (node,) = below
        out.add(node)
    return out


def _companion(
    node: str, values: Values, kin: tuple[Tree, Mapping[str, str]], hidden: set[str], lacking: float
) -> set[str]:
    """Return one more node to hide for the sake of `node`: a sibling, or else the parent, or else a child."""
    tree, parents = kin
    parent = parents.get(node)
    found: set[str] = set()
    if parent is not None:
        found = _best([c for c in tree[parent] if c != node], values, hidden, lacking)
        if not found and parent not in hidden and values[parent] > 0:
            found = {parent}
    return found or _best(tree.get(node, ()), values, hidden, lacking)


def _best(nodes: Iterable[str], values: Values, hidden: set[str], lacking: float) -> set[str]:
    """Return the smallest node that is enough, else the largest there is."""
    open_ = sorted((values[n], n) for n in nodes if n not in hidden and values[n] > 0)
    enough = [n for v, n in open_ if v - 1 >= lacking]
    return {enough[0]} if enough else {open_[-1][1]} if open_ else set()


def intervals(values: Values, tree: Tree, hidden: Collection[str]) -> dict[str, Interval]:
    """Return what a reader can narrow each number to who knows the rest of the tree and that hidden ones are positive.

    Parameters
    ----------
    values
        The true numbers; those of `hidden` are not used.
    tree
        The children of each node that has any.
    hidden
        Nodes whose number is not shown.
    """
    parents = {child for children in tree.values() for child in children}
    up: dict[str, Interval] = {}
    roots = [n for n in values if n not in parents]
    order = _downwards(roots, tree)
    rest = {n: values[n] - sum(values[c] for c in tree[n]) for n in order if tree.get(n)}
    for node in reversed(order):
        if node not in hidden:
            up[node] = (values[node], values[node])
        elif not tree.get(node):
            up[node] = (1.0, np.inf)
        else:
            low, high = _sum(up[c] for c in tree[node])
            # What no child has is nobody's to read, and may be anything.
            up[node] = (max(1.0, low), np.inf if rest[node] > 0 else high)
    down = {r: up[r] for r in roots}
    for node in order:
        loose = np.inf if rest.get(node, 0) > 0 else 0.0
        for child in tree.get(node, ()):
            low, high = _sum(up[c] for c in tree[node] if c != child)
            mine = (down[node][0] - high - loose, down[node][1] - low)
            down[child] = (max(up[child][0], mine[0]), min(up[child][1], mine[1])) if child in hidden else up[child]
    return down


def _downwards(roots: Iterable[str], tree: Tree) -> list[str]:
    order = list(roots)
    for node in order:
        order.extend(tree.get(node, ()))
    return order


def _sum(found: Iterable[Interval]) -> Interval:
    pairs = list(found)
    return sum(low for low, _ in pairs), sum(high for _, high in pairs)
