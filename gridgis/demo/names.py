"""Names for generated things. They sound like the place and mean nobody."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

_FRONT = "瑞祥凤龙浔云德瓷玉锦华兴安和福金文明宝南东北西富昌永宁康泰荣景春秋山水清秀丽星辰"
_BACK = "泉溪山湖林园门阳光峰源坪城福安和平兴盛华丰隆康宁苑岭津桥田中江海台亭洲新景"
_TRADE = [
    "超市",
    "便利店",
    "小吃店",
    "药店",
    "茶行",
    "理发店",
    "五金店",
    "水果店",
    "服装店",
    "陶瓷店",
    "餐馆",
    "早餐店",
]
_WORKS = ["陶瓷厂", "工艺厂", "陶瓷有限公司", "包装厂", "竹木制品厂", "陶瓷原料厂", "机械厂", "食品厂"]
_LANES = ["街", "巷", "里", "路", "横巷", "东街", "西街", "南街", "北街", "一巷", "二巷", "三巷", "直街"]
_SIGHT = ["古民居", "瀑布", "古窑址", "森林公园", "梯田", "古廊桥", "观景台", "温泉"]


class Namer:
    """Draws names, none twice for the same kind of thing.

    Parameters
    ----------
    rng
        Source of chance.
    ceramics
        Whether the place makes porcelain, as Dehua does; cities need more names of lanes instead.
    """

    def __init__(self, rng: np.random.Generator, ceramics: bool = True) -> None:
        self._rng = rng
        self._ceramics = ceramics
        self._used: set[str] = set()

    def _fresh(self, make: Callable[[], str]) -> str:
        for _ in range(40):
            name = make()
            if name not in self._used:
                break
        else:
            name = f"{name}{len(self._used)}"
        self._used.add(name)
        return name

    def _pair(self) -> str:
        first = _FRONT[int(self._rng.integers(len(_FRONT)))]
        second = _BACK[int(self._rng.integers(len(_BACK)))]
        return first + second if first != second else self._pair()

    def _one(self, of: list[str]) -> str:
        if not self._ceramics:
            of = [w for w in of if not set(w) & set("瓷窑")]
        return of[int(self._rng.integers(len(of)))]

    def street(self, kind: str) -> str:
        """Return the name of a street of a town."""
        lanes = ["街", "巷", "巷", "路"] if self._ceramics else _LANES
        ending = self._one(["路", "大道", "路"] if kind == "secondary" else lanes)
        return self._fresh(lambda: self._pair() + ending)

    def places(self, kind: str, where: list[str], town: NDArray[np.bool_]) -> list[str]:
        """Return one name for each place of a kind, given the villages they lie in."""
        return [self._fresh(partial(self._place, kind, w, bool(t))) for w, t in zip(where, town, strict=True)]

    def _place(self, kind: str, where: str, town: bool) -> str:
        stem = where.removesuffix("社区").removesuffix("村") or where
        match kind:
            case "compound":
                return self._pair() + self._one(["花园", "小区", "苑", "新村", "华庭", "公寓"])
            case "enterprise":
                return self._pair() + self._one(_WORKS)
            case "shop":
                return self._pair() + self._one(_TRADE)
            case "hospital":
                return stem + (self._one(["卫生服务站", "门诊部"]) if town else "卫生所")
            case "school":
                return stem + (
                    self._one(["小学", "幼儿园", "实验小学", "中学"]) if town else self._one(["小学", "教学点"])
                )
            case "scenic":
                return stem + self._one(_SIGHT)
            case "station":
                return stem + "邻里中心"
            case _:
                return f"{stem}监控{int(self._rng.integers(1, 400)):03d}"
