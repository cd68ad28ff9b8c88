"""Constants that are off by one, in another case, cut short, padded, or merely similar."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from sqlgrpo.databases.mutants.context import Context, number

POSITIONS = (exp.Limit, exp.Offset, exp.Ordered, exp.Group, exp.Interval)
FORMATS = (exp.TimeToStr, exp.Anonymous)


def numbers(node: exp.Expr, _: Context) -> Iterator[exp.Expr]:
    if not isinstance(node, exp.Literal) or node.is_string or isinstance(node.parent, POSITIONS):
        return
    text = str(node.this)
    value = int(text) if node.is_int else float(text)
    yield from (number(other) for other in (value + 1, value - 1, value * 10))
    if value:
        yield exp.Paren(this=number(-value))
        yield number(0)


def strings(node: exp.Expr, context: Context) -> Iterator[exp.Expr]:
    if not isinstance(node, exp.Literal) or not node.is_string:
        return
    text = str(node.this)
    others = [f"{text} ", text[:-1], f"{text}x", f" {text}", text.replace(" ", "  ")]
    if not context.casefold and not isinstance(node.parent, exp.Like):
        others += [text.lower(), text.upper(), text.title()]
    if text.isdigit():
        others.append(str(int(text) + 1))
    for other in dict.fromkeys(others):
        if other != text:
            yield exp.Literal.string(other)


def patterns(node: exp.Expr, _: Context) -> Iterator[exp.Expr]:
    """LIKE with wildcards added or taken away, or = instead."""
    if not isinstance(node, exp.Like) or not isinstance(node.expression, exp.Literal):
        return
    text = str(node.expression.this)
    others = [text.strip("%"), text.lstrip("%"), text.rstrip("%"), f"%{text.strip('%')}%"]
    others += [text.replace("_", "%"), text.replace("%", "_")]
    for other in dict.fromkeys(others):
        if other != text:
            yield exp.Like(this=node.this.copy(), expression=exp.Literal.string(other))
    plain = exp.Literal.string(text.strip("%"))
    yield exp.EQ(this=node.this.copy(), expression=plain)


def date_parts(node: exp.Expr, _: Context) -> Iterator[exp.Expr]:
    """``%Y`` read as ``%m`` and so on."""
    if isinstance(node, exp.Literal) and node.is_string and isinstance(node.parent, FORMATS):
        for part in ("%Y", "%m", "%d"):
            if part in str(node.this):
                for other in {"%Y", "%m", "%d"} - {part}:
                    yield exp.Literal.string(str(node.this).replace(part, other))
