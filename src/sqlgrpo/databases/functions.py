"""The SQL functions a query may call: everything that gives the same answer on every run."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

SCALAR = (
    "abs char coalesce concat concat_ws format glob hex ifnull iif instr length like likelihood "
    "likely lower ltrim max min nullif octet_length printf quote replace round rtrim sign "
    "soundex substr substring trim typeof unhex unicode unlikely upper zeroblob"
)
AGGREGATE = "avg count group_concat max min string_agg sum total"
WINDOW = (
    "cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank "
    "row_number"
)
MATH = (
    "acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln log log10 "
    "log2 mod pi pow power radians sin sinh sqrt tan tanh trunc"
)
JSON = (
    "-> ->> json json_array json_array_length json_extract json_group_array json_group_object "
    "json_object json_quote json_type json_valid"
)
DATES = ("date", "datetime", "julianday", "strftime", "time", "unixepoch")
ALLOWED = frozenset(" ".join((SCALAR, AGGREGATE, WINDOW, MATH, JSON)).split()) | frozenset(DATES)

MACHINE = {"now", "localtime", "utc"}
"""Arguments with which a date function depends on the clock or the time zone of the machine."""


FORMAT = re.compile(r"%[-+ 0#,!]*(\*|\d+)?(?:\.(\*|\d+))?l{0,2}(.?)", re.DOTALL)
"""Width, precision and letter of one conversion of ``printf``."""


def guard_formats(connection: sqlite3.Connection, most: int, refuse: Callable[[str], None]) -> None:
    """Replace ``printf`` by one that calls ``refuse`` rather than pad for seconds."""
    _calculator().setlimit(sqlite3.SQLITE_LIMIT_LENGTH, most)
    for name in ("printf", "format"):
        call = partial(_formatted, most, refuse)
        connection.create_function(name, -1, call, deterministic=True)


def _formatted(most: int, refuse: Callable[[str], None], *arguments: Any) -> Any:
    if arguments and sum(_widths(str(arguments[0]), arguments[1:])) > most:
        refuse("result too large: a width in printf()")
        raise ValueError("printf")
    marks = ", ".join("?" * len(arguments))
    return _calculator().execute(f"SELECT printf({marks})", arguments).fetchone()[0]


def _widths(text: str, arguments: tuple[Any, ...]) -> Iterator[int]:
    """Every width and precision, those that are arguments included."""
    left = iter(arguments)
    for conversion in FORMAT.finditer(text):
        width, precision, letter = conversion.groups()
        for size in (width, precision):
            yield _size(next(left, 0) if size == "*" else size or 0)
        if letter not in ("%", "n"):
            next(left, None)


def _size(value: Any) -> int:
    """A width as SQLite reads it."""
    row = _calculator().execute("SELECT abs(CAST(? AS INTEGER) / 2) * 2", (value,)).fetchone()
    return int(row[0] or 0)


def guard_dates(connection: sqlite3.Connection, refuse: Callable[[str], None]) -> None:
    """Replace the date functions by ones that call ``refuse`` rather than read the clock."""
    for name in DATES:
        connection.create_function(name, -1, _guarded(name, refuse), deterministic=True)


def fold_case(connection: sqlite3.Connection) -> None:
    """Make ``upper`` lower: in a world without case there is only one."""
    connection.create_function("upper", 1, _lower, deterministic=True)


def _lower(value: Any) -> Any:
    return value if value is None or isinstance(value, bytes) else str(value).lower()


def _guarded(name: str, refuse: Callable[[str], None]) -> Callable[..., Any]:
    needed = 2 if name == "strftime" else 1

    def call(*arguments: Any) -> Any:
        words = {a.strip().lower() for a in arguments if isinstance(a, str)}
        if len(arguments) < needed or words & MACHINE:
            refuse(f"not authorized: {name}() reads the clock or the time zone")
            raise ValueError(name)
        marks = ", ".join("?" * len(arguments))
        row = _calculator().execute(f"SELECT {name}({marks})", arguments).fetchone()
        return row[0]

    return call


@cache
def _calculator() -> sqlite3.Connection:
    """An empty database that computes dates with SQLite's own functions."""
    return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
