"""The built-in schemas, one file a domain, in the notation of ``notation.py``."""

from __future__ import annotations

from functools import cache

from sqlgrpo.data.builtin.domains.aviation import AVIATION
from sqlgrpo.data.builtin.domains.bank import BANK
from sqlgrpo.data.builtin.domains.cinema import CINEMA
from sqlgrpo.data.builtin.domains.election import ELECTION
from sqlgrpo.data.builtin.domains.energy import ENERGY
from sqlgrpo.data.builtin.domains.farm import FARM
from sqlgrpo.data.builtin.domains.garage import GARAGE
from sqlgrpo.data.builtin.domains.gym import GYM
from sqlgrpo.data.builtin.domains.hospital import HOSPITAL
from sqlgrpo.data.builtin.domains.hotel import HOTEL
from sqlgrpo.data.builtin.domains.housing import HOUSING
from sqlgrpo.data.builtin.domains.library import LIBRARY
from sqlgrpo.data.builtin.domains.logistics import LOGISTICS
from sqlgrpo.data.builtin.domains.museum import MUSEUM
from sqlgrpo.data.builtin.domains.music import MUSIC
from sqlgrpo.data.builtin.domains.office import OFFICE
from sqlgrpo.data.builtin.domains.pools import POOLS
from sqlgrpo.data.builtin.domains.railway import RAILWAY
from sqlgrpo.data.builtin.domains.restaurant import RESTAURANT
from sqlgrpo.data.builtin.domains.school import SCHOOL
from sqlgrpo.data.builtin.domains.shop import SHOP
from sqlgrpo.data.builtin.domains.space import SPACE
from sqlgrpo.data.builtin.domains.sport import SPORT
from sqlgrpo.data.builtin.domains.weather import WEATHER
from sqlgrpo.data.builtin.domains.zoo import ZOO
from sqlgrpo.data.builtin.notation import read_topic
from sqlgrpo.data.builtin.topic import Topic

DOMAINS: dict[str, tuple[str, ...]] = {
    "aviation": AVIATION,
    "bank": BANK,
    "cinema": CINEMA,
    "election": ELECTION,
    "energy": ENERGY,
    "farm": FARM,
    "garage": GARAGE,
    "gym": GYM,
    "hospital": HOSPITAL,
    "hotel": HOTEL,
    "housing": HOUSING,
    "library": LIBRARY,
    "logistics": LOGISTICS,
    "museum": MUSEUM,
    "music": MUSIC,
    "office": OFFICE,
    "railway": RAILWAY,
    "restaurant": RESTAURANT,
    "school": SCHOOL,
    "shop": SHOP,
    "space": SPACE,
    "sport": SPORT,
    "weather": WEATHER,
    "zoo": ZOO,
}


@cache
def builtin_topics() -> tuple[Topic, ...]:
    """Every built-in schema; ``hospital2`` is the second of the domain ``hospital``."""
    return tuple(
        read_topic(f"{domain}{number}", text, POOLS)
        for domain, texts in DOMAINS.items()
        for number, text in enumerate(texts, start=1)
    )
