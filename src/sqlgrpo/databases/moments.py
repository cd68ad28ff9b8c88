"""ISO dates and times near a constant or a pattern: all that a DATE-like column may hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product

MOMENTS = ("date", "datetime", "time")
DATES = ("2020-01-01", "2019-12-31", "2020-02-29", "2021-06-15", "1999-07-04", "2010-01-01")
HOURS = ("08:00:00", "12:30:00", "00:00:00", "23:59:59", "08:30:00")
TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?")
DIGITS = re.compile(r"\d+")
LIKES = 6  # dates that match a pattern, and as many that do not


def is_moment(value: object, of: str) -> bool:
    """Whether a value is an ISO text of this kind.

    >>> is_moment("2010-05-17", "date"), is_moment("2010-05", "date"), is_moment("08:30", "time")
    (True, False, True)
    """
    if not isinstance(value, str):
        return False
    if of == "time":
        return bool(TIME.fullmatch(value))
    day, hour = value[:10], value[10:]
    if hour and (of == "date" or hour[0] not in " T" or not TIME.fullmatch(hour[1:])):
        return False
    return _date(day) is not None


def moments(value: str, of: str) -> Iterator[str]:
    """The constant itself, if it is one of the kind or nothing like one, and what is near it."""
    if of == "time":
        yield from (value, value[:-1] + "0", value[:-1] + "5", "00:00:00", "23:59:59")
        if re.fullmatch(r"\d\d?", value):
            yield from (f"{int(value) % 24:02}:{half}:00" for half in ("00", "30"))
        return
    hours = ("", " 08:00:00", " 00:00:00") if of == "datetime" else ("",)
    for day in _days(value):
        yield from (day + hour for hour in hours)
    if len(value) > 10:
        yield value


def moments_like(pattern: str, matches: re.Pattern[str], of: str) -> Iterator[str]:
    """Full texts that match a LIKE pattern, then some that just miss it."""
    misses: list[str] = []
    found = 0
    for text in _candidates(DIGITS.findall(pattern), of):
        if not matches.match(text):
            misses.append(text)
        elif found < LIKES:
            found += 1
            yield text
    yield from misses[:LIKES] if found else ()


def _candidates(parts: list[str], of: str) -> Iterator[str]:
    """Texts in which the numbers of a pattern stand wherever they fit."""
    small = [int(part) for part in parts if len(part) == 2]
    if of == "time":
        spans = ({*_below(small, 24), 8, 0}, {*_below(small, 60), 30, 0}, {*_below(small, 60), 0})
        yield from (f"{h:02}:{m:02}:{s:02}" for h, m, s in product(*map(sorted, spans)))
        return
    years = {2020, 2019}
    for part in parts:
        years |= {int((part + fill)[:4]) for fill in ("0000", "5555")} if len(part) <= 4 else set()
        years |= {int("20" + part), int("19" + part)} if len(part) == 2 else set()
    tails = [f" {h:02}:30:00" for h in sorted({*_below(small, 24), 8})]
    days = sorted({*_below(small, 32), 17, 1, 5})
    for day, month, year in product(days, range(1, 13), sorted(years, reverse=True)):
        text = f"{year:04}-{month:02}-{day:02}"
        if _date(text):
            yield text
            yield from (text + tail for tail in tails if of == "datetime" and day in (1, *small))


def _below(numbers: list[int], end: int) -> list[int]:
    return [number for number in numbers if number < end]


def _days(value: str) -> Iterator[str]:
    if re.fullmatch(r"\d{4}-\d\d", value):
        value += "-01"
    if re.match(r"\d{4}-\d\d-\d\d", value):
        day = _date(value[:10])
        if day is None:  # such as the 31st of a shorter month
            day = _date(value[:8] + "28")
        if day is None:
            yield value
            return
        for distance in (0, 1, -1, 31, -31, 366, 17):
            yield _moved(day, distance)
    elif re.fullmatch(r"\d{4}", value):
        year = int(value)
        yield from (f"{year}-06-15", f"{year}-01-01", f"{year}-12-31", f"{year + 1:04}-01-01")
        yield f"{year - 1:04}-12-31"
    elif re.fullmatch(r"\d\d?", value):
        part = f"{max(1, min(12, int(value))):02}"
        yield from (f"2020-{part}-11", f"2021-{part}-01", f"2020-05-{part}", "2020-01-28")
    else:
        yield value


def _moved(day: date, distance: int) -> str:
    try:
        return (day + timedelta(days=distance)).isoformat()
    except OverflowError:
        return day.isoformat()


def _date(text: str) -> date | None:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
