"""Constants and columns seen through what stands around them: signs, brackets, arithmetic."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp


def bare(node: exp.Expr) -> exp.Expr:
    """The node without brackets and COLLATE around it."""
    while isinstance(node, (exp.Paren, exp.Collate)):
        node = node.this
    return node


def constant(node: exp.Expr | None) -> object:
    """The value of a literal, with its sign; ``None`` when it is no literal."""
    if isinstance(node, (exp.Paren, exp.Collate)):
        return constant(node.this)
    if isinstance(node, exp.Neg):
        inner = constant(node.this)
        return -inner if isinstance(inner, (int, float)) else None
    if isinstance(node, exp.Boolean):
        return int(node.this)
    if not isinstance(node, exp.Literal):
        return None
    text = str(node.this)
    if node.is_string:
        return text
    try:
        return int(text)
    except ValueError:
        return float(text)


def result_of(side: exp.Expr) -> exp.Expr:
    """The column that a side takes its values from, through ``(SELECT MAX(c) FROM t)``."""
    side = bare(side)
    if isinstance(side, exp.Subquery) and len(side.selects) == 1:
        side = bare(side.selects[0].unalias())
    return bare(side.this) if isinstance(side, (exp.Max, exp.Min)) else side


def pairs(left: exp.Expr, right: exp.Expr) -> Iterator[tuple[exp.Expr, exp.Expr]]:
    """Row values are compared column by column."""
    if isinstance(left, exp.Tuple) and isinstance(right, exp.Tuple):
        yield from zip(left.expressions, right.expressions, strict=False)
    else:
        yield left, right


def pattern(node: exp.Expr) -> exp.Expr:
    """What is compared with: of GLOB, the pattern as LIKE has it; without the marks of ESCAPE."""
    right: exp.Expr = node.expression
    if isinstance(node.parent, exp.Escape) and isinstance(right, exp.Literal):
        mark = re.escape(node.parent.expression.name)
        return exp.Literal.string(re.sub(f"{mark}(.)", r"\1", right.name) if mark else right.name)
    if not isinstance(node, exp.Glob) or not isinstance(right, exp.Literal):
        return right
    plain = re.sub(r"\[(.)\]", r"\1", str(right.this).replace("*", "%").replace("?", "_"))
    return exp.Literal.string(plain)


def undone(side: exp.Expr, value: object) -> object:
    """The number that arithmetic with one constant turns into ``value``."""
    other = constant(side.expression) if isinstance(side, exp.Binary) else None
    if not isinstance(other, (int, float)) or not isinstance(value, (int, float)):
        return None
    if isinstance(side, exp.Div):
        return value * other
    if isinstance(side, exp.Mul) and other:
        return value / other
    if isinstance(side, (exp.Add, exp.Sub)):
        return value - other if isinstance(side, exp.Add) else value + other
    return None
