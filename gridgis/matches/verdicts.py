"""What can be said of one row of a match, in both languages: the verdicts, their titles, their sentences."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

Words = tuple[str, str]

MATCHED, NAME, RECODED, MOVED, SWAPPED = "matched", "matched_name_differs", "recoded", "moved", "swapped"
DUPLICATE, HERE, THERE = "duplicate", "missing_here", "missing_there"
OTHER, MALFORMED = "other_level", "malformed"
SUFFIX_ONLY, WRITING_ONLY, UNNAMED, DIFFERENT, RESHAPED = (
    "suffix_only",
    "writing_only",
    "unnamed",
    "different",
    "reshaped",
)

VERDICTS: Mapping[str, Words] = MappingProxyType({
    MATCHED: ("一致", "matched"),
    NAME: ("编码一致，名称不同", "code matches, name differs"),
    RECODED: ("位置相同，编码不同", "same place, other code"),
    MOVED: ("编码相同，位置不同", "same code, other place"),
    SWAPPED: ("两码互换", "codes swapped"),
    DUPLICATE: ("文件中编码重复", "duplicate in the file"),
    HERE: ("方案中没有", "missing in the plan"),
    THERE: ("文件中没有", "missing in the file"),
    OTHER: ("其他层级", "another level"),
    MALFORMED: ("编码无法识别", "code cannot be read"),
})  # fmt: skip
"""Every verdict with its title, in the order of reports."""

DETAILS: Mapping[str, Words] = MappingProxyType({
    SUFFIX_ONLY: ("只有后缀不同", "only the suffix differs"),
    WRITING_ONLY: ("只是写法不同", "only the writing differs"),
    UNNAMED: ("方案中尚无名称", "the plan has no name yet"),
    DIFFERENT: ("名称不同", "the names differ"),
    RESHAPED: ("在原处，范围不同", "in its place, of another extent"),
})  # fmt: skip

CODE_MATCHES = ("编码一致，", "code matches, ")
"""What stands before the detail of a name that differs."""

AGREEING = frozenset({(MATCHED, ""), (NAME, SUFFIX_ONLY), (NAME, WRITING_ONLY)})
"""Verdict and detail of rows that are no difference."""

COLUMNS: Mapping[str, Words] = MappingProxyType({
    "row": ("行号", "row"),
    "code_there": ("文件编码", "code in the file"),
    "name_there": ("文件名称", "name in the file"),
    "code_here": ("方案编码", "code in the plan"),
    "name_here": ("方案名称", "name in the plan"),
    "verdict": ("结论", "verdict"),
    "detail": ("细分", "detail"),
    "lies_in": ("实际所在", "really lies in"),
    "iou": ("重合度", "IoU"),
    "score": ("相似度", "score"),
    "words": ("说明", "words"),
})  # fmt: skip
"""Columns of a report with their titles."""

_SENTENCES: Mapping[str, Words] = MappingProxyType({
    MATCHED: ("编码{and_name}一致{and_place}。", "The code{and_name} match{and_place}."),
    SUFFIX_ONLY: (
        "编码一致；“{name_there}”与“{name_here}”只有后缀不同（{suffix_there} / {suffix_here}）{and_place}。",
        "The code matches; '{name_there}' and '{name_here}' differ by their suffix only ({suffix_there} / {suffix_here}){and_place}.",
    ),
    WRITING_ONLY: (
        "编码一致；“{name_there}”与“{name_here}”只是写法不同（全角、空格或繁体）{and_place}。",
        "The code matches; '{name_there}' and '{name_here}' differ in writing only (width, blanks, traditional characters){and_place}.",
    ),
    UNNAMED: ("编码一致；方案中没有名称，文件为“{name_there}”。", "The code matches; the plan has no name, the file says '{name_there}'."),
    DIFFERENT: (
        "编码一致，名称不同：文件为“{name_there}”，方案为“{name_here}”{and_place}。",
        "The code matches, the name differs: '{name_there}' in the file, '{name_here}' in the plan{and_place}.",
    ),
    RECODED: (
        "位置{by}与方案网格 {code_here}“{name_here}”相同，编码不同，是最佳候选（{score:.3f}）。",
        "Same place as grid {code_here} '{name_here}' of the plan {by}, other code; the best candidate ({score:.3f}).",
    ),
    MOVED: (
        "编码相同，位置不同{and_place}：该处实际是 {lies_in}。",
        "Same code, other place{and_place}: what really lies there is {lies_in}.",
    ),
    RESHAPED: (
        "编码相同，仍在原处，但范围相差很大{and_place}。",
        "Same code and still in its place, but of quite another extent{and_place}.",
    ),
    SWAPPED: (
        "与 {lies_in} 的编码互换了{and_place}。",
        "The codes of this one and {lies_in} are swapped{and_place}.",
    ),
    DUPLICATE: (
        "编码 {code_there} 在文件中出现 {times} 次（第 {rows} 行）；{fit}。",
        "The code {code_there} stands {times} times in the file (rows {rows}); {fit}.",
    ),
    HERE: ("文件中有，方案中没有{hint}。", "In the file, not in the plan{hint}."),
    THERE: ("方案中有，文件中没有{hint}。", "In the plan, not in the file{hint}."),
    OTHER: (
        "编码 {code_there} 属于另一层级，本次未核对。",
        "The code {code_there} is of another level and was not matched this time.",
    ),
    MALFORMED: ("{reason}{hint}。", "{reason}{hint}."),
})  # fmt: skip


def sentence(key: str, values: Mapping[str, object], note: Words = ("", "")) -> Words:
    """Return the sentence of a verdict or detail in both languages.

    Parameters
    ----------
    key
        Verdict, or the detail of a name that differs.
    values
        What stands in the gaps; a pair of texts is taken by language.
    note
        What is added at the end, by language.
    """

    def one(k: int) -> str:
        given = {name: v[k] if isinstance(v, tuple) else v for name, v in values.items()}
        text = _SENTENCES[key][k].format(**given)
        return (text[:1].upper() + text[1:] if k else text) + note[k]

    return one(0), one(1)
