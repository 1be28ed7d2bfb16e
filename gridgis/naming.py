"""Names of places compared: what is only another way of writing, what only another suffix, how alike the rest."""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher

_SUFFIXES = (
    "街道办事处", "地区办事处", "镇人民政府", "乡人民政府", "办事处", "街道办", "街道", "地区", "民族乡", "民族镇", "镇", "乡",
    "社区居民委员会", "社区居委会", "居民委员会", "居委会", "社区", "村民委员会", "村委会", "行政村", "村",
    "管理委员会", "管委会", "管理区", "开发区", "园区", "单元网格", "责任网格", "网格", "片区",
)  # fmt: skip
_PEOPLES = (
    "蒙古族|回族|藏族|维吾尔族|苗族|彝族|壮族|布依族|朝鲜族|满族|侗族|瑶族|白族|土家族|哈尼族|哈萨克族|傣族|黎族|傈僳族|佤族|畲族|"
    "拉祜族|水族|东乡族|纳西族|景颇族|柯尔克孜族|土族|达斡尔族|仫佬族|羌族|布朗族|撒拉族|毛南族|仡佬族|锡伯族|阿昌族|普米族|"
    "塔吉克族|怒族|乌孜别克族|俄罗斯族|鄂温克族|德昂族|保安族|裕固族|京族|塔塔尔族|独龙族|鄂伦春族|赫哲族|门巴族|珞巴族|基诺族|各族"
)
_ENDING = re.compile(f"(?:(?:{_PEOPLES})*|行政|村(?=村)|社区(?=社区)|街道(?=街道))(?:{'|'.join(_SUFFIXES)})$")
_NOISE = re.compile(r"[\s·•・.,，、。()（）\[\]【】\-—_“”\"']+")
_TELLING = re.compile(r"[0-9]+|[a-z]+|[零〇一二三四五六七八九十百甲乙丙丁]+|[东西南北中上下前后左右内外大小新老]")
"""What tells neighbours apart whose names are alike otherwise: numbers, letters, sides."""
_PLAIN = str.maketrans(
    "鎮鄉區辦處聯農場東門關龍華陽陰橋樓馬鳥魚風雲蘇寧廣慶興灣島嶺澤濱灘溝莊園壩壘寶蓮葉羅黃劉陳張楊趙吳鄭孫馮衛蔣韓許呂嚴"
    "長開頭點廠鐵鋼銀錢鑫鳳麗萬業義禮學書畫圖館歷實現發電車軍運動總會議員團隊級組織經濟環衝條塊頂領顧預顏類飛飯館駐騰驛體魯鮮鴻鵬鶴麥",
    "镇乡区办处联农场东门关龙华阳阴桥楼马鸟鱼风云苏宁广庆兴湾岛岭泽滨滩沟庄园坝垒宝莲叶罗黄刘陈张杨赵吴郑孙冯卫蒋韩许吕严"
    "长开头点厂铁钢银钱鑫凤丽万业义礼学书画图馆历实现发电车军运动总会议员团队级组织经济环冲条块顶领顾预颜类飞饭馆驻腾驿体鲁鲜鸿鹏鹤麦",
)

WRITING, SUFFIX = 0.99, 0.95
"""Likeness of names that differ in writing only, and in their suffix only."""


def folded(name: str) -> str:
    """Return a name without what is only writing: width, blanks, brackets, traditional characters.

    Examples
    --------
    >>> folded("馬坊 鎮（Ａ）")
    '马坊镇a'
    """
    return _NOISE.sub("", unicodedata.normalize("NFKC", name)).translate(_PLAIN).casefold()


def stem(name: str) -> str:
    """Return a folded name without the word for what kind of place it is.

    Examples
    --------
    >>> stem("金海湖地区办事处"), stem("檀营满族蒙古族乡"), stem("镇")
    ('金海湖', '檀营', '镇')
    """
    text = folded(name)
    found = _ENDING.search(text)
    # The ending is greedy: what would leave nothing is itself the name.
    while found and found.start() == 0:
        found = _ENDING.search(text, found.start() + 1)
    return text[: found.start()] if found else text


def suffix(name: str) -> str:
    """Return the word that `stem` leaves out, empty where there is none."""
    return folded(name)[len(stem(name)) :]


def likeness(first: str, second: str) -> float:
    """Return how alike two names are, from 0 to 1; names of different numbers or sides are not alike.

    Examples
    --------
    >>> likeness("马坊镇", "马坊地区"), likeness("第3网格", "第4网格"), likeness("", "马坊镇")
    (0.95, 0.0, 0.0)
    """
    if not first or not second:
        return 0.0
    if first == second:
        return 1.0
    one, two = folded(first), folded(second)
    if one == two:
        return WRITING
    if stem(first) == stem(second):
        return SUFFIX
    if _TELLING.findall(one) != _TELLING.findall(two):
        return 0.0
    return round(min(SequenceMatcher(None, stem(first), stem(second), autojunk=False).ratio(), 0.94), 3)
