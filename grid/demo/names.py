"""Names for people who do not exist, as common around 电白."""

from __future__ import annotations

from random import Random
from typing import Final

_SURNAMES: Final = tuple(
    "黄黄黄陈陈陈陈李李李吴吴林林林梁梁谭崔邵杨杨蔡蔡何许赖王张刘邓罗郑谢叶苏钟廖莫冯温江"
)
_MALE: Final = tuple(
    word
    for line in (
        "水生 志强 建国 海明 伟文 国栋 土养 亚福 天保 广源 子轩 俊杰 浩然 家豪 德胜 永康 庆华 火生",
        "文辉 日新 宇航 梓豪 锦荣 木林 振东 观养 阿福 小龙 明 强 辉 涛 杰 勇",
    )
    for word in line.split()
)
_FEMALE: Final = tuple(
    word
    for line in (
        "秀英 桂兰 丽华 海燕 小红 美玲 雪梅 玉珍 亚妹 春花 诗涵 欣怡 梓晴 雨婷 惠芳 月娥 彩霞 金凤",
        "淑贞 晓彤 婉儿 思琪 观娣 木英 燕 芳 霞 娟 婷 敏",
    )
    for word in line.split()
)


def surname(rng: Random) -> str:
    """Return a surname, common ones more often."""
    return rng.choice(_SURNAMES)


def given_name(rng: Random, sex: str) -> str:
    """Return a given name of one or two characters; ``sex`` is the GB/T 2261.1 code."""
    return rng.choice(_FEMALE if sex == "2" else _MALE)
