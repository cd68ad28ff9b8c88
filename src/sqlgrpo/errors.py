"""Errors are for our mistakes and the data's; the model's mistakes are low scores.

* SqlgrpoError
  - ConfigError     a setting or a file that the user named does not exist or cannot be used
  - ExampleError    an example cannot be scored: its schema, gold or database is broken
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class SqlgrpoError(Exception):
    """Base class, so a caller can catch everything this package raises on purpose."""


class ConfigError(SqlgrpoError):
    """A setting, a file or a checkpoint that the user named cannot be used (exit status 2)."""


class ExampleError(SqlgrpoError):
    """An example cannot be scored: its schema, its gold or its database is broken.

    ``kind`` is a short class name that the audit counts by, such as ``missing_column``.
    """

    def __init__(self, message: str, *, kind: str) -> None:
        super().__init__(message)
        self.kind = kind

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (str(self), self.kind)


def _restore(message: str, kind: str) -> ExampleError:
    return ExampleError(message, kind=kind)


class Interrupted(Exception):
    """A signal ended the run in good order; the message says how to continue it."""

    def __init__(self, message: str, *, signal_number: int) -> None:
        super().__init__(message)
        self.signal_number = signal_number


def unknown(thing: str, name: str, known: Iterable[str]) -> ConfigError:
    """The error for a name that is not in a registry, with the nearest one that is.

    >>> print(unknown("verifier", "exectues", ["executes", "syntax"]))
    no verifier named 'exectues'; did you mean 'executes'? (known: executes, syntax)
    """
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return ConfigError(f"no {thing} named {name!r}{hint} (known: {', '.join(names)})")
