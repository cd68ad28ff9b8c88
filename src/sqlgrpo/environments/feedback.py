"""What the model is told about its query, in words short enough for its context."""

from __future__ import annotations

from sqlgrpo.config import TurnsConfig
from sqlgrpo.databases import Preview
from sqlgrpo.errors import ConfigError
from sqlgrpo.types import Message

CUT = " ... (shortened)"
MAX_VALUE_CHARS = 60


def error_message(error: str, config: TurnsConfig) -> Message:
    """An error as the next user turn."""
    text = f"Error: {shortened(error, config.max_chars)}"
    return {"role": "user", "content": config.error_prompt.format(error=text)}


def rows_message(found: Preview, config: TurnsConfig) -> Message:
    """The first rows of a result as the next user turn."""
    lines = [" | ".join(map(_value, row)) for row in found.rows[: config.rows]]
    if more := found.count - len(lines):
        lines.append(f"... ({more} more rows)")
    text = shortened("\n".join(lines) or "no rows", config.max_chars)
    content = config.rows_prompt.format(rows=text, stop_word=config.stop_word)
    return {"role": "user", "content": content}


def shortened(text: str, limit: int) -> str:
    """A text of at most ``limit`` characters, with a mark where its end is missing.

    >>> shortened("no such column: population", 30)
    'no such column: population'
    >>> shortened("no such column: population", 25)
    'no such c ... (shortened)'
    """
    return text if len(text) <= limit else text[: limit - len(CUT)] + CUT


def check(config: TurnsConfig) -> None:
    """Raise ``ConfigError`` for settings under which no conversation can be held."""
    if config.limit < 1:
        raise ConfigError(f"environment.turns.limit is {config.limit}; it must be at least 1")
    if not 0.0 <= config.cost <= 1.0:
        raise ConfigError(f"environment.turns.cost is {config.cost:g}; it must lie in [0, 1]")
    if config.max_chars < 2 * len(CUT):
        raise ConfigError(f"environment.turns.max_chars must be at least {2 * len(CUT)}")
    for name, template, fields in (
        ("error_prompt", config.error_prompt, {"error": ""}),
        ("rows_prompt", config.rows_prompt, {"rows": "", "stop_word": ""}),
    ):
        try:
            template.format(**fields)
        except (KeyError, IndexError, ValueError) as error:
            known = ", ".join(f"{{{field}}}" for field in fields)
            raise ConfigError(
                f"environment.turns.{name}: {error} is not one of {known}; "
                "write {{ and }} for literal braces"
            ) from None


def _value(value: object) -> str:
    text = "NULL" if value is None else str(value)
    return shortened(text.replace("\n", " "), MAX_VALUE_CHARS)
