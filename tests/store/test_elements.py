"""Elements and the figures that follow from them are saved wholly or not at all, whatever the store."""

from __future__ import annotations

import pandas as pd
import pytest
import shapely

from gridgis.gathering.saving import save
from tests.drawn import at, code_of
from tests.store.conftest import Shelf

A = str(code_of("A"))


def house(number: int, persons: int, column: float) -> pd.DataFrame:
    x, y = at(column, 0.5)
    row = {"id": f"n{number}", "households": 1, "persons": persons, "x": x, "y": y, "geometry": shapely.Point(x, y)}
    return pd.DataFrame([row])


def test_rows_and_figures_go_together(shelf: Shelf) -> None:
    shelf.make("AB", homes="10")
    with shelf.open() as county:
        before = int(county.figures("unit").loc[A, "persons"])
        assert save(county, {"buildings": house(1, 5, 0.2)}) == {"buildings": 0}
        assert county.figures("unit").loc[A, "persons"] == before + 5
        assert save(county, {"buildings": house(1, 7, 0.2)}) == {"buildings": 1}
        assert county.figures("unit").loc[A, "persons"] == before + 7
        assert save(county, {"buildings": house(2, 3, 1.2)}, ("buildings",)) == {"buildings": 2}
        assert county.figures("unit")["persons"].tolist() == [0, 3]
        assert county.store.rows()[0].figures.sum(axis=0)[1] == 3


@pytest.mark.parametrize("stop", range(4))
def test_a_save_that_is_stopped_leaves_everything(shelf: Shelf, stop: int) -> None:
    shelf.make("AB", homes="10")
    with shelf.open() as county:
        before, asked = county.plan.figures.copy(), [stop]

        def cancel(_share: float, _words: str) -> None:
            asked[0] -= 1
            if asked[0] < 0:
                raise KeyboardInterrupt

        tables = {"population": pd.DataFrame({"id": ["p"], "persons": [4]}), "buildings": house(1, 5, 0.2)}
        with pytest.raises(KeyboardInterrupt):
            save(county, tables, ("buildings",), cancel)
        assert county.plan.figures.equals(before)
        assert len(county.table("population")) == 0
        assert county.table("buildings")["id"].tolist() == ["h0"]
