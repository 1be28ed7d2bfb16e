"""Taking over what a match suggests: codes and names of the file become those of the plan, in one edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from gridgis.errors import GridgisError, InputError
from gridgis.matches import verdicts as v
from gridgis.matches.matching import Matching
from gridgis.matches.verdicts import Words
from gridgis.plan import Edit, Plan
from gridgis.redraw.coding import relabelled, usable_code


@dataclass(frozen=True)
class Adoption:
    """What is taken over.

    Attributes
    ----------
    edit
        The edit, None when nothing can be taken over.
    codes
        Codes of the plan that change their code or name.
    refused
        Codes whose suggestion the plan cannot take, with the reason.
    """

    edit: Edit | None
    codes: tuple[str, ...]
    refused: tuple[tuple[str, Words], ...]


def adopt(
    plan: Plan, matching: Matching, chosen: Sequence[str] | None = None, *, above: float = 0.0, unlock: bool = False
) -> Adoption:
    """Return the edit that takes over codes and names of the file.

    Parameters
    ----------
    plan
        The plan that was matched.
    matching
        The match.
    chosen
        Codes, of the file or of the plan, to take over; None takes all.
    above
        Only candidates with at least this score.
    unlock
        Let a grid go under another parent.

    Raises
    ------
    InputError
        A chosen code is no candidate.
    """
    rows = matching.candidates(above)
    if chosen is not None:
        rows = rows[_picked(rows, chosen, above)]
    labels, refused = {}, []
    for there, here, name, verdict in zip(
        rows["code_there"], rows["code_here"], rows["name_there"], rows["verdict"], strict=True
    ):
        grid = plan.grid(here)
        try:
            code = usable_code(plan, grid, there, unlock=unlock) if verdict == v.RECODED else here
        except GridgisError as error:
            refused.append((str(here), (error.zh, error.en)))
            continue
        labels[grid.code] = (code, name or grid.name)
    command = {"match": {c: list(label) for c, label in labels.items()}}
    edit = relabelled(plan, "match", command, labels) if labels else None
    return Adoption(edit, tuple(labels), tuple(refused))


def _picked(rows: pd.DataFrame, chosen: Sequence[str], above: float) -> pd.Series[bool]:
    known = {*rows["code_there"], *rows["code_here"]}
    strange = [c for c in chosen if c not in known]
    if strange:
        floor = (f"（相似度不低于 {above:g}）", f" with a score of at least {above:g}") if above else ("", "")
        raise InputError(
            f"“{strange[0]}”没有可采用的建议{floor[0]}：只能采用“位置相同，编码不同”和“名称不同”的行。",
            f"'{strange[0]}' has no suggestion to take over{floor[1]}: only rows of another code or another name have one.",
        )
    wanted = list(chosen)
    return rows["code_there"].isin(wanted) | rows["code_here"].isin(wanted)
