"""Hot spots: Getis-Ord Gi* with false discovery rate, on one map and over time; the same numbers as esda's.

Neighbours are grids that share a point of their boundary; in time, a grid and its neighbours in the same step and in
the one before.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, eye_array, kron
from scipy.stats import false_discovery_control, norm

from gridgis.plan import Plan
from gridgis.schema import mm

Floats = NDArray[np.float64]
SURE = 0.05
"""Share of false ones among all grids that are called hot or cold."""
CLASSES = ("hot99", "hot95", "none", "cold95", "cold99")
EMERGING = ("new", "consecutive", "intensifying", "persistent", "diminishing", "sporadic", "oscillating", "historical")
"""Patterns in time, for hot and for cold spots, as space-time analyses commonly name them."""
_MOST = 0.9
PERIODS = {"day": "D", "week": "W-SUN", "month": "M"}


def neighbours(plan: Plan, codes: list[str]) -> csr_array:
    """Return which grids touch which, as a square matrix of ones in the order of `codes`; none touches itself."""
    shapes = np.array([plan.grid_geometry(c) for c in codes], dtype=object)
    xy, grid = shapely.get_coordinates(shapes, return_index=True)
    # In a coverage both sides of an edge have the same vertices, so that touching is having one in common.
    _, vertex = np.unique(mm(xy), axis=0, return_inverse=True)
    ones = np.ones(len(grid))
    has = csr_array((ones, (grid, vertex.reshape(-1))), shape=(len(codes), int(vertex.max(initial=-1)) + 1))
    common = (has @ has.T).tocoo()
    off = common.row != common.col
    pairs = (common.row[off], common.col[off])
    return csr_array((np.ones(int(off.sum())), pairs), shape=(len(codes), len(codes)))


def getis_ord(values: ArrayLike, weights: csr_array) -> Floats:
    """Return Gi* of each place as a z-score.

    Parameters
    ----------
    values
        One for each place.
    weights
        Binary or other weights; the place itself counts with 1, whatever stands on the diagonal.
    """
    x = np.asarray(values, dtype=float)
    n = len(x)
    own = csr_array(weights, copy=True)
    own.setdiag(1.0)
    sums = np.asarray(own.sum(axis=1)).reshape(-1)
    squares = np.asarray(own.power(2).sum(axis=1)).reshape(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = x.std() * np.sqrt((n * squares - sums**2) / (n - 1))
        z = (own @ x - x.mean() * sums) / spread
    # Where all values are alike, or everybody is a neighbour, nothing stands out.
    return np.where(np.isfinite(z), z, 0.0)


def hot_spots(values: pd.Series[float], weights: csr_array) -> pd.DataFrame:
    """Return Gi* of each grid and what it is called.

    Parameters
    ----------
    values
        Of each grid, index `code`; grids without a value take no part.
    weights
        As `neighbours` returns them, in the same order.

    Returns
    -------
    DataFrame
        Index `code`; value, z, p (two-sided), q (p corrected for the false discovery rate), spot (one of `CLASSES`).
    """
    known = np.flatnonzero(values.notna().to_numpy())
    x = values.to_numpy(dtype=float)[known]
    z = getis_ord(x, weights[known][:, known]) if len(known) > 1 else np.zeros(len(known))
    p = 2 * norm.sf(np.abs(z))
    q = false_discovery_control(p) if len(p) else p
    found = pd.DataFrame({"value": x, "z": z, "p": p, "q": q, "spot": _called(z, q)}, index=values.index[known])
    out = found.reindex(values.index)
    return out.assign(spot=out["spot"].fillna("none"))


def _called(z: Floats, q: Floats) -> NDArray[np.object_]:
    side = np.where(z > 0, "hot", "cold").astype(object)
    degree = np.where(q <= 0.01, "99", "95").astype(object)
    return np.asarray(np.where(q <= SURE, side + degree, "none"), dtype=object)


def in_time(weights: csr_array, steps: int) -> csr_array:
    """Return the neighbours in space and time: step after step, in each the grids in their order."""
    n = weights.shape[0]
    before = eye_array(steps, k=-1, format="csr")
    same = kron(eye_array(steps), weights)
    return csr_array(same + kron(before, csr_array(weights) + eye_array(n)))


def emerging(cube: pd.DataFrame, weights: csr_array) -> pd.DataFrame:
    """Return how hot and cold spots came about.

    Parameters
    ----------
    cube
        Incidents of each grid (rows, index `code`) in each step of time (columns, oldest first).
    weights
        As `neighbours` returns them, in the order of the rows.

    Returns
    -------
    DataFrame
        Index `code`; pattern (``hot_new``, ``cold_persistent`` … or ``none``), hot_steps, cold_steps, z_last, trend (z
        of the Mann-Kendall test on Gi*).
    """
    n, steps = cube.shape
    z = getis_ord(cube.to_numpy(dtype=float).T.reshape(-1), in_time(weights, steps))
    q = false_discovery_control(2 * norm.sf(np.abs(z)))
    z, sure = z.reshape(steps, n).T, (q <= SURE).reshape(steps, n).T
    hot, cold = sure & (z > 0), sure & (z < 0)
    trend = mann_kendall(z)
    names = [_pattern(hot[k], cold[k], float(trend[k])) for k in range(n)]
    return pd.DataFrame(
        {"pattern": names, "hot_steps": hot.sum(axis=1), "cold_steps": cold.sum(axis=1), "z_last": z[:, -1], "trend": trend},
        index=cube.index,
    )


def mann_kendall(series: Floats) -> Floats:
    """Return the z-score of the Mann-Kendall test for each row, ties counted."""
    rows, n = series.shape
    score = np.zeros(rows)
    for k in range(n - 1):
        score += np.sign(series[:, k + 1 :] - series[:, [k]]).sum(axis=1)
    ties = np.array([sum(t * (t - 1) * (2 * t + 5) for t in np.unique(r, return_counts=True)[1].tolist()) for r in series])
    spread = np.sqrt(np.maximum((n * (n - 1) * (2 * n + 5) - ties) / 18, 0))
    z: Floats = np.divide(score - np.sign(score), spread, out=np.zeros(rows), where=spread > 0)
    return z


def _pattern(hot: NDArray[np.bool_], cold: NDArray[np.bool_], trend: float) -> str:
    """Return the pattern of one grid, of its hot spots first."""
    for side, mine, other, up in (("hot", hot, cold, trend), ("cold", cold, hot, -trend)):
        found = _shape_of(mine, other, up)
        if found:
            return f"{side}_{found}"
    return "none"


def _shape_of(mine: NDArray[np.bool_], other: NDArray[np.bool_], growing: float) -> str:
    share, last = float(mine.mean()), bool(mine[-1])
    bound = float(norm.isf(SURE / 2))
    if share >= _MOST:
        if not last:
            return "historical"
        return "intensifying" if growing > bound else "diminishing" if growing < -bound else "persistent"
    if not last:
        return ""
    run = int(np.argmin(mine[::-1])) if not mine.all() else len(mine)
    if run == int(mine.sum()):
        return "new" if run == 1 else "consecutive"
    return "oscillating" if other.any() else "sporadic"


def cube_of(code: pd.Series[Any], at: pd.Series[Any], codes: list[str], step: str) -> pd.DataFrame:
    """Return how many incidents each grid has in each whole step of time.

    Parameters
    ----------
    code, at
        Grid and time of each incident; those without either are left out.
    codes
        The grids, in the order of the rows.
    step
        ``week`` (from Monday) or ``month``.
    """
    known = code.notna() & at.notna()
    return cube_from(tally(code, at, step), (at[known].min(), at[known].max()), codes, step)


def cube_from(counts: pd.DataFrame, reach: tuple[Any, Any], codes: list[str], step: str) -> pd.DataFrame:
    """Return the same from counts: code, start, n; `reach` is the first and the last moment."""
    if not len(counts):
        return pd.DataFrame(index=pd.Index(codes, name="code"))
    first, last = reach
    every = pd.period_range(counts["start"].min(), counts["start"].max(), freq=PERIODS[step])
    # Steps that the figures do not cover wholly would look like a fall.
    whole = [p for p in every if p.start_time.normalize() >= first.normalize() and p.end_time.normalize() <= last.normalize()]
    table = counts.set_index(["code", "start"])["n"].unstack(fill_value=0)
    table.columns = pd.PeriodIndex(table.columns, freq=PERIODS[step])
    return table.reindex(index=codes, columns=whole, fill_value=0).rename_axis("code")


def tally(code: pd.Series[Any], at: pd.Series[Any], step: str) -> pd.DataFrame:
    """Return how many incidents each grid has in each step: code, start of the step, n; the sums of parts are those of all.

    Parameters
    ----------
    code, at
        Grid and time of each incident; those without either are left out.
    step
        ``day``, ``week`` (from Monday) or ``month``; empty for all time, `at` is then not looked at.
    """
    known = code.notna() & at.notna() if step else code.notna()
    start = at[known].dt.to_period(PERIODS[step]).dt.start_time if step else pd.Series(pd.NaT, index=code.index[known])
    frame = pd.DataFrame({"code": code[known].to_numpy(dtype=object), "start": start.to_numpy(dtype="datetime64[ns]"), "n": 1})
    return added([frame])


def added(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Return the sums of counts, by code and start."""
    every = pd.concat(parts, ignore_index=True)
    sums = every.groupby(["code", "start"], dropna=False, sort=True)["n"].sum()
    return sums.reset_index()
