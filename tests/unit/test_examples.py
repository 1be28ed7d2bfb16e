"""The examples in the docstrings of what `gridgis` offers: they are run, on the small county that its docstring tells of."""

from __future__ import annotations

import doctest
from pathlib import Path

import gridgis as gg
from tests.drawn import code_of, drawn_county


def test_examples_of_the_package_are_true(tmp_path: Path) -> None:
    finder, runner = doctest.DocTestFinder(exclude_empty=True, recurse=False), doctest.DocTestRunner()
    with gg.open_county(drawn_county(tmp_path / "county.gpkg", "AABB\nAABB", homes="1234\n5678")) as county:
        names = {"gg": gg, "county": county, "plan": county.plan, "A": code_of("A"), "B": code_of("B")}
        for public in gg.__all__:
            for example in finder.find(getattr(gg, public), public, globs=dict(names)):
                runner.run(example)
    assert runner.tries > 20
    assert runner.failures == 0


def test_every_function_says_what_it_takes_and_returns() -> None:
    documented = {name: getattr(gg, name).__doc__ for name in gg.__all__ if not isinstance(getattr(gg, name), type)}
    assert [name for name, doc in documented.items() if "Parameters\n" not in doc] == []
    answers = [name for name, doc in documented.items() if "Returns\n" in doc or doc.startswith("Return ")]
    assert documented.keys() - answers == {"new_county"}  # It returns nothing.
