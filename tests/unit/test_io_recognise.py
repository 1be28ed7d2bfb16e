"""Codes and names found by what the columns hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gridgis.errors import InputError
from gridgis.io.recognise import normalise, recognise

WIDTHS = (6, 9, 12, 15)
COUNTY = "110115"


def table(**columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame(columns, index=pd.RangeIndex(1, len(next(iter(columns.values()))) + 1))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (110115010000, "110115010"),
        ("110115010000", "110115010"),
        (110115010000.0, "110115010"),
        ("110115010000.0", "110115010"),
        (" 110115010 ", "110115010"),
        ("１１０１１５０１０", "110115010"),
        ("110115010001", "110115010001"),
        ("110115010010", "110115010010"),
        ("110115010001000", "110115010001"),
        ("110115000000", "110115"),
        (np.int64(110115010001007), "110115010001007"),
    ],
)
def test_codes_are_brought_to_the_schemes_widths(given: object, code: str) -> None:
    assert normalise(given, WIDTHS, COUNTY) == (code, None)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (None, "no code"),
        (float("nan"), "no code"),
        ("", "no code"),
        ("11011501A", "not digits"),
        ("110115-010", "not digits"),
        ("1101150101", "10 digits"),
        ("110117010", "does not begin"),
        ("11011501000100100", "17 digits"),
        (1.5, "not digits"),
        ("1.10115E+11", "last digits are lost"),
    ],
)
def test_what_is_no_code_is_named_with_the_reason(given: object, word: str) -> None:
    code, reason = normalise(given, WIDTHS, COUNTY)
    assert code is None
    assert reason is not None
    assert word in reason[1]


def test_columns_are_found_by_content_whatever_they_are_called() -> None:
    found = recognise(
        table(
            a=["x1", "x2", "x3"],
            b=[110115001000, 110115002000, 110115003000],
            parent=[110115000000] * 3,
            label=["兴丰街道", "林校路街道", "清源街道"],
            pinyin=["xingfeng", "linxiaolu", "qingyuan"],
            kind=["街道", "街道", "街道"],
        ),
        WIDTHS,
        COUNTY,
    )
    assert (found.code_column, found.name_column) == ("b", "label")
    assert list(found.codes) == ["110115001", "110115002", "110115003"]
    assert list(found.names) == ["兴丰街道", "林校路街道", "清源街道"]
    assert found.rejected == {}
    assert any("'b'" in en for _, en in found.evidence)


def test_a_column_called_code_is_taken_even_with_bad_rows_and_each_is_named() -> None:
    found = recognise(table(code=["110115001", "11011500B", None, "110115"], n=[1, 2, 3, 4]), WIDTHS, COUNTY)
    assert found.code_column == "code"
    assert sorted(found.rejected) == [2, 3]
    assert found.name_column is None
    all_bad = recognise(table(编码=["A1", "A2"], 名称=["甲村", "乙村"]), WIDTHS, COUNTY)
    assert sorted(all_bad.rejected) == [1, 2]


def test_named_columns_win_and_missing_ones_are_said() -> None:
    frame = table(one=["110115001"], two=["110115002"], n=["甲"])
    assert list(recognise(frame, WIDTHS, COUNTY, {"code": "two"}).codes) == ["110115002"]
    with pytest.raises(InputError) as caught:
        recognise(frame, WIDTHS, COUNTY, {"code": "three"})
    assert "one, two, n" in caught.value.en


def test_no_codes_at_all_is_one_sentence_that_lists_the_columns() -> None:
    with pytest.raises(InputError) as caught:
        recognise(table(x=[1, 2], 备注=["甲", "乙"]), WIDTHS, COUNTY)
    assert "--field code=" in caught.value.zh
    assert "备注" in caught.value.en


def test_numbers_that_merely_begin_like_the_county_do_not_pass_for_codes() -> None:
    frame = table(population=[110115, 2342, 53322], grid=["110115001", "110115002", "110115003"])
    assert recognise(frame, WIDTHS, COUNTY).code_column == "grid"
