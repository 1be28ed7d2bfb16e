"""What is wrong with a scheme file, told in both languages: file, key and cure, every fault that was found."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from gridgis.errors import SchemeError
from gridgis.scheme_parts import BrokenRulesError

Words = tuple[str, str]
_MOST = 20
"""So many faults are told at most; a file with more is no scheme."""

_PATTERNS = {
    r"^[a-z][a-z0-9_]*$": ("应以小写英文字母开头，只含小写字母、数字和下划线", "must be small letters, digits and _ and begin with a letter"),
    r"^[A-Z]$": ("应为一个大写英文字母", "must be one capital letter"),
}  # fmt: skip
_TYPES = {
    "string": ("应为加引号的文字", "must be text in quotes"),
    "int": ("应为整数", "must be a whole number"),
    "float": ("应为数字", "must be a number"),
    "bool": ("应为 true 或 false", "must be true or false"),
    "tuple": ("应为列表，写作 [ … ]", "must be a list, written [ ... ]"),
    "model": ("应为一组键值，写作 { key = … }", "must be a table, written { key = ... }"),
    "dict": ("应为一组键值，写作 { C = … }", "must be a table, written { C = ... }"),
}
_BOUNDS = {
    "greater_than": ("gt", "应大于 {}", "must be more than {}"),
    "greater_than_equal": ("ge", "不能小于 {}", "must be {} or more"),
    "less_than_equal": ("le", "不能大于 {}", "must be {} or less"),
    "too_short": ("min_length", "至少要有 {} 项：请补上", "must have {} or more entries: add them"),
    "too_long": ("max_length", "至多只能有 {} 项：请删去多余的", "must have {} entries at most: leave out the others"),
}


def scheme_error(error: ValidationError, model: type[BaseModel], origin: str) -> SchemeError:
    """Return the error that people read.

    Parameters
    ----------
    error
        What pydantic found.
    model
        The model that was to be filled, whose keys are suggested for those that it does not know.
    origin
        File or name of the scheme.
    """
    every = error.errors()
    inside = {one["loc"][:k] for one in every for k in range(len(one["loc"]))}
    # A list counts as too short when an entry of it is faulty; the entry alone is told.
    told = [one for one in every if one["type"] != "too_short" or one["loc"] not in inside]
    found = [fault for one in told for fault in _faults(one, model)]
    zh = [f"“{path}”{words}。" for path, (words, _) in found]
    en = [f"'{path}' {words}." for path, (_, words) in found]
    return SchemeError(
        _lines(f"体系“{origin}”的{zh[0]}", zh[1:], "另有 {} 处："),
        _lines(f"Scheme '{origin}': {en[0]}", en[1:], "{} more:"),
    )


def toml_of(text: str) -> dict[str, Any]:
    """Return what a TOML text says; a number of thousands of digits or brackets without end are faults of the text, too.

    Raises
    ------
    tomllib.TOMLDecodeError
        It is no TOML that can be used.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except (ValueError, RecursionError) as error:
        raise tomllib.TOMLDecodeError("a number is too long, or brackets go too deep") from error


def toml_error(error: Exception, origin: str) -> SchemeError:
    """Return the error of a file that is no TOML in UTF-8, with the place where reading ended."""
    if isinstance(error, UnicodeDecodeError):
        return SchemeError(
            f"体系文件“{origin}”不是 UTF-8 编码（第 {error.start + 1} 个字节起）：TOML 须为 UTF-8，请另存后重试。",
            f"Scheme file '{origin}' is not in UTF-8 (from byte {error.start + 1} on), as TOML must be: save it so again.",
        )
    place = re.search(r"line (\d+), column (\d+)", str(error))
    end = "文件末尾" if "end of document" in str(error) else "有一个数过长或括号套得过深，"
    zh = f"第 {place[1]} 行第 {place[2]} 列" if place else end
    return SchemeError(
        f"体系文件“{origin}”不是有效的 TOML：{zh}写法有误，请对照自带的体系文件改正。",
        f"Scheme file '{origin}' is not valid TOML: {error}; compare it with a scheme shipped.",
    )


def hint(word: object, known: Sequence[str]) -> Words:
    """Return what to write instead of an unknown word: the nearest that is known, or all there are."""
    near = get_close_matches(str(word), known, n=1)
    if near:
        return f"请改为“{near[0]}”", f"write '{near[0]}'"
    if not known:
        return "体系中没有列出任何一个，请先列出或删去此项", "the scheme lists none: list it first or leave this out"
    return f"请改用 {'、'.join(known)} 之一", f"use one of {', '.join(known)}"


def _lines(first: str, others: list[str], more: str) -> str:
    if not others:
        return first
    left = len(others) - _MOST
    return "\n".join([first, more.format(len(others)), *others[:_MOST], *(["…"] if left > 0 else [])])


def _faults(one: Any, model: type[BaseModel]) -> Iterator[tuple[str, Words]]:
    """Yield path and words of each fault that one of pydantic's errors stands for."""
    at, kind, context = one["loc"], str(one["type"]), one.get("ctx", {})
    error = context.get("error")
    if isinstance(error, BrokenRulesError):
        for path, *words in error.found:
            yield _path(at) + (("." if at and path else "") + path), (words[0], words[1])
    elif kind == "extra_forbidden":
        known = _keys(model, at[:-1])
        zh, en = hint(at[-1], known)
        yield _path(at), (f"不是可用的键：{zh}", f"is not a key that a scheme has: {en}")
    else:
        zh, en = _words(kind, context, at)
        now = "" if kind in ("missing", "string_too_short", "too_short", "too_long") else _now(one["input"])
        yield (
            _path(at),
            (zh + (f"，现为 {now}，请改正" if now else ""), en + (f", not {now}: correct it" if now else "")),
        )


def _words(kind: str, context: dict[str, Any], at: tuple[Any, ...]) -> Words:
    if kind == "missing" and isinstance(at[-1], int):
        return "缺少上限：请写两个数，例如 [300, 500]", "is missing: a band is two numbers, such as [300, 500]"
    if kind in _BOUNDS:
        key, zh, en = _BOUNDS[kind]
        return zh.format(context[key]), en.format(context[key])
    fixed: dict[str, Callable[[], Words]] = {
        "missing": lambda: ("没有填写：请补上该项", "is missing: add it"),
        "string_too_short": lambda: ("不能为空：请填写", "is empty: fill it in"),
        "string_pattern_mismatch": lambda: _PATTERNS.get(context["pattern"], ("写法不合规定", "is not written as it must be")),
        "literal_error": lambda: _choices(context["expected"]),
    }  # fmt: skip
    if kind in fixed:
        return fixed[kind]()
    return _TYPES.get(kind.partition("_")[0], ("取值不合规定", "does not fit"))


def _choices(expected: str) -> Words:
    choices = re.findall(r"'([^']*)'", expected)
    return f"只能是 {'、'.join(choices)} 之一", f"must be one of {', '.join(choices)}"


def _now(value: object) -> str:
    text = "{ … }" if isinstance(value, dict) else "[ … ]" if isinstance(value, (list, tuple)) else str(value)
    text = str(value).lower() if isinstance(value, bool) else text
    return text if len(text) <= 40 else text[:39] + "…"


def _path(at: tuple[Any, ...]) -> str:
    """Write a place as people write it: ``roles[2].level``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in at if part != "[key]")
    return text.removeprefix(".")


def _keys(model: type[BaseModel], at: tuple[Any, ...]) -> list[str]:
    """Return the keys that a place of the file may have."""
    for part in at:
        field = next((f for k, f in model.model_fields.items() if (f.alias or k) == part), None)
        inner = None if field is None else _model_in(field.annotation)
        model = inner or model
    return [field.alias or key for key, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for part in get_args(annotation) if (m := _model_in(part))), None)
