"""The built-in schemas, one file a domain, in the notation of ``notation.py``."""

from __future__ import annotations

from functools import cache

from sqlgrpo.data.builtin.domains.aviation import AVIATION
from sqlgrpo.data.builtin.domains.cinema import CINEMA
from sqlgrpo.data.builtin.domains.farm import FARM
from sqlgrpo.data.builtin.domains.hospital import HOSPITAL
from sqlgrpo.data.builtin.domains.library import LIBRARY
from sqlgrpo.data.builtin.domains.music import MUSIC
from sqlgrpo.data.builtin.domains.pools import POOLS
from sqlgrpo.data.builtin.domains.restaurant import RESTAURANT
from sqlgrpo.data.builtin.domains.school import SCHOOL
from sqlgrpo.data.builtin.domains.shop import SHOP
from sqlgrpo.data.builtin.domains.sport import SPORT
from sqlgrpo.data.builtin.notation import read_topic
from sqlgrpo.data.builtin.topic import Topic

DOMAINS: dict[str, tuple[str, ...]] = {
    "aviation": AVIATION,
    "cinema": CINEMA,
    "farm": FARM,
    "hospital": HOSPITAL,
    "library": LIBRARY,
    "music": MUSIC,
    "restaurant": RESTAURANT,
    "school": SCHOOL,
    "shop": SHOP,
    "sport": SPORT,
}


@cache
def builtin_topics() -> tuple[Topic, ...]:
    """Every built-in schema; ``hospital2`` is the second of the domain ``hospital``."""
    return tuple(
        read_topic(f"{domain}{number}", text, POOLS)
        for domain, texts in DOMAINS.items()
        for number, text in enumerate(texts, start=1)
    )
