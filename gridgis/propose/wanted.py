"""What may be asked of a proposal: band, weight, locks, seeds; the tastes of the alternatives; progress in parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gridgis.errors import InputError
from gridgis.propose.graph import Taste
from gridgis.propose.judging import WEIGHTS

Tell = Callable[[float, str], None]

STYLES: tuple[tuple[str, str, str, Taste], ...] = (
    ("lines", "沿路沿河", "along roads", Taste(0.05, 0.8, 4.0, 1.0)),
    ("compact", "形状紧凑", "compact", Taste(1.2, 1.2, 2.0, 0.3)),
    ("even", "负担均衡", "even load", Taste(0.2, 0.35, 1.0, 60.0)),
    ("today", "少变动", "few changes", Taste(0.1, 0.2, 0.5, 0.2, 20.0)),
)
"""The tastes of the alternatives, in the order in which they are offered."""


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    Attributes
    ----------
    band
        Lowest and highest weight of a grid; None takes that of the scheme.
    weight
        One of `WEIGHTS`.
    alternatives
        How many.
    seed
        The same seed gives the same alternatives.
    level
        Key of the level to propose; empty takes the one that has a band.
    locked
        Codes of grids that stay as they are.
    around
        Points (n, 2) in the county's CRS that should each have a grid of its own.
    barriers
        Further classes of roads that nobody crosses.
    """

    band: tuple[int, int] | None = None
    weight: str = "households"
    alternatives: int = 3
    seed: int = 1
    level: str = ""
    locked: tuple[str, ...] = ()
    around: Any = None
    barriers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """A share of the whole work, told with the same words."""

    tell: Tell
    words: str
    start: float = 0.0
    width: float = 1.0

    def __call__(self, share: float) -> None:
        """Tell the share done of this part."""
        self.tell(self.start + self.width * share, self.words)

    def part(self, number: int, of: int) -> Part:
        """Return one of several parts of equal size."""
        return Part(self.tell, self.words, self.start + self.width * number / of, self.width / of)


def check(wanted: Wanted) -> None:
    """Refuse what cannot be had.

    Raises
    ------
    InputError
        Weight, band or number cannot be used.
    """
    if wanted.weight not in WEIGHTS:
        raise InputError(
            f"权重“{wanted.weight}”不可用：请用 {'、'.join(WEIGHTS)}。",
            f"The weight '{wanted.weight}' is not one of {', '.join(WEIGHTS)}.",
        )
    if wanted.band is not None and not 0 < wanted.band[0] <= wanted.band[1]:
        raise InputError(
            f"范围 {wanted.band[0]}:{wanted.band[1]} 不可用：应为“下限:上限”，均大于 0，例如 300:500。",
            f"The band {wanted.band[0]}:{wanted.band[1]} cannot be used: give LOW:HIGH above 0, such as 300:500.",
        )
    if not 1 <= wanted.alternatives <= 12:
        raise InputError(
            f"方案数 {wanted.alternatives} 不可用：请给 1 至 12。", f"{wanted.alternatives} alternatives: give 1 to 12."
        )
