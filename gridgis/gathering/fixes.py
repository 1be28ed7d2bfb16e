"""Tracks from single fixes: points of one person's device, put in order of time and joined to a line."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import shapely

from gridgis.gathering.rows import Draft


def join_fixes(draft: Draft) -> None:
    """Join the points of each track; its first row carries the line, the others are folded into it.

    Points belong together when they have one id, else one person and one day. Rows that are lines already stay.

    Parameters
    ----------
    draft
        Rows brought into the county's CRS.
    """
    points = np.flatnonzero(draft.good & (shapely.get_type_id(draft.shapes) == 0)).tolist()
    if not points:
        return
    n = len(draft.good)
    ids, staff, since = (draft.values.get(k) or [None] * n for k in ("id", "staff", "since"))
    groups: defaultdict[tuple[object, object], list[int]] = defaultdict(list)
    for at in points:
        if since[at] is None:
            draft.reject(at, ("轨迹点没有时间", "a point of a track without a time"))
        elif ids[at] is None and staff[at] is None:
            draft.reject(at, ("轨迹点没有编号也没有人员", "a point of a track without id or person"))
        else:
            groups[(ids[at] or staff[at], None if ids[at] else since[at][:10])].append(at)
    until = list(draft.values.get("until") or [None] * n)
    for members in groups.values():
        rows = sorted(members, key=lambda at: (since[at], at))
        places = shapely.get_coordinates(draft.shapes[rows])
        if not np.ptp(places, axis=0).any():
            for at in rows:
                draft.reject(at, ("只有一处点位，连不成轨迹", "its points are all in one place and make no track"))
            continue
        draft.shapes[rows[0]] = shapely.LineString(places)
        until[rows[0]] = since[rows[-1]]
        draft.folded[rows[1:]] = True
    draft.values["until"] = until
    made = int(sum(not draft.folded[at] and draft.good[at] for at in points))
    draft.notes.append(
        (f"{len(points)} 个点按时间连成 {made} 条轨迹", f"{len(points)} points were joined by time to {made} tracks")
    )
