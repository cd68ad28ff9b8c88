"""The little English that questions need: plurals, articles, lists, and words from identifiers."""

from __future__ import annotations

import re
from collections.abc import Sequence

UNCOUNTED = {"equipment", "information", "news", "series", "species", "staff"}
IRREGULAR = {"child": "children", "man": "men", "person": "people", "woman": "women"}
SINGULAR = {many: one for one, many in IRREGULAR.items()}
NOT_PLURAL = ("ss", "us", "is", "ws")
VOWEL_SOUND = re.compile(r"(?:[aeio]|u(?!n[is]|s[aeiu]|t[ei]|ro)|hour|honou?r)", re.IGNORECASE)


def plural(noun: str) -> str:
    """The plural of a noun phrase; the head of "number of x" is "number".

    >>> [plural(noun) for noun in ("city", "box", "bus stop", "number of beds", "species")]
    ['cities', 'boxes', 'bus stops', 'numbers of beds', 'species']
    """
    for preposition in (" of ", " per ", " in "):
        head, found, rest = noun.partition(preposition)
        if found:
            return plural(head) + found + rest
    before, space, last = noun.rpartition(" ")
    return before + space + _plural_word(last)


def _plural_word(word: str) -> str:
    if word.lower() in UNCOUNTED or is_plural(word):
        return word
    if word.lower() in IRREGULAR:
        return IRREGULAR[word.lower()]
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    if re.search(r"(s|x|z|ch|sh)$", word):
        return word + "es"
    return word + "s"


def singular(noun: str) -> str:
    """The singular of a noun phrase.

    >>> [singular(noun) for noun in ("cities", "boxes", "order lines", "bus", "people")]
    ['city', 'box', 'order line', 'bus', 'person']
    """
    before, space, last = noun.rpartition(" ")
    return before + space + _singular_word(last)


def _singular_word(word: str) -> str:
    if word.lower() in SINGULAR:
        return SINGULAR[word.lower()]
    if not is_plural(word) or word.lower() in UNCOUNTED:
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if re.search(r"(ss|x|zz|ch|sh|us)es$", word):
        return word[:-2]
    return word[:-1]


def is_plural(noun: str) -> bool:
    """Whether a noun looks like a plural already.

    >>> [is_plural(noun) for noun in ("beds", "status", "address", "people", "bed")]
    [True, False, False, True, False]
    """
    word = noun.lower()
    return word in SINGULAR or (word.endswith("s") and not word.endswith(NOT_PLURAL))


def with_article(noun: str) -> str:
    """The noun phrase after "a" or "an".

    >>> with_article("hour"), with_article("unit price"), with_article("area")
    ('an hour', 'a unit price', 'an area')
    """
    return f"an {noun}" if VOWEL_SOUND.match(noun) else f"a {noun}"


def listing(items: Sequence[str], last: str = "and") -> str:
    """Items in a sentence.

    >>> listing(["a"]), listing(["a", "b"]), listing(["a", "b", "c"], "or")
    ('a', 'a and b', 'a, b or c')
    """
    *first, final = items
    return f"{', '.join(first)} {last} {final}" if first else final


def humanise(identifier: str) -> str:
    """The words in an identifier, whatever joins them.

    >>> humanise("hire_year"), humanise("unitPrice"), humanise("Order ID"), humanise("HTTPCode2")
    ('hire year', 'unit price', 'order ID', 'HTTP code 2')
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", identifier)
    spaced = re.sub(r"(?<=[A-Za-z])(?=\d+$)", " ", spaced)
    words = re.split(r"[\W_]+", spaced)
    return " ".join(_lower(word) for word in words if word)


def _lower(word: str) -> str:
    if word.lower() in {"id", "url"}:
        return word.upper()
    return word if word.isupper() and len(word) > 1 else word.lower()


def sentence(text: str) -> str:
    """The text with a capital at its start."""
    return text[:1].upper() + text[1:]
