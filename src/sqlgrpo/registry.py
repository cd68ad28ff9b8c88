"""Find a part by its name in a registry, or by the import path of a user's own."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TypeVar

from sqlgrpo.errors import ConfigError, unknown

T = TypeVar("T")


def lookup(thing: str, name: str, known: Mapping[str, T]) -> T:
    """``known[name]``, or what a name such as ``my_package.my_module:MyClass`` imports.

    >>> lookup("greeting", "hi", {"hi": "hello"})
    'hello'
    >>> lookup("greeting", "string:digits", {})
    '0123456789'
    """
    if name in known:
        return known[name]
    module, colon, attribute = name.partition(":")
    if not colon:
        raise unknown(thing, name, known)
    try:
        found: T = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"no {thing} {name!r}: {error}") from None
    return found
