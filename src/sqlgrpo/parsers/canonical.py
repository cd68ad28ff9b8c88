"""Write a tree as canonical text, in which spelling no longer matters and meaning still does.

Two writers share the rules. The exact one (``numbered``) tells every use of a table apart and is
sound: equal text, equal meaning. The plain one says ``city.name`` whatever alias was used, so that
the clauses of two queries can be compared even when the queries differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sqlglot import exp

from sqlgrpo.parsers.scopes import Resolution

_PLAIN = re.compile(r"[\w#.]+")
SYMMETRIC = (exp.EQ, exp.NEQ)
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
INFIX: dict[type[exp.Expr], str] = {
    **{exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="},
    **{exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Is: "is", exp.Like: "like"},
}
DROPPED = {"alias", "big_int", "_type", "safe", "typed", "nested"}
"""Arguments of a node that do not change what it means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Writes the nodes of one resolved query."""

    resolution: Resolution
    numbered: bool

    def text(self, node: exp.Expr | None) -> str:
        """Canonical text of a node; empty for None."""
        if node is None:
            return ""
        if isinstance(node, exp.Column):
            return self._column(node)
        if isinstance(node, exp.Literal):
            return _literal(node)
        if isinstance(node, (exp.Paren, exp.Alias)):
            return self.text(node.this)
        if isinstance(node, exp.Table):
            return self._table(node)
        if isinstance(node, (exp.Star, exp.Null)):
            return "*" if isinstance(node, exp.Star) else "null"
        if isinstance(node, exp.Connector):
            parts = sorted(set(self.texts(flat(node))))
            return parts[0] if len(parts) == 1 else f"({f' {node.key} '.join(parts)})"
        if isinstance(node, exp.Binary) and type(node) in INFIX:
            return self._infix(node, INFIX[type(node)])
        if isinstance(node, exp.In) and node.expressions:
            values = ", ".join(sorted(set(self.texts(node.expressions))))
            return f"({self.text(node.this)} in [{values}])"
        if isinstance(node, exp.Order):
            return f"order({', '.join(self.order_keys(node))})"
        if isinstance(node, exp.Group):
            return f"group({', '.join(sorted(self.group_keys(node)))})"
        return self._generic(node)

    def texts(self, nodes: Iterable[exp.Expr]) -> list[str]:
        return [self.text(node) for node in nodes]

    def order_keys(self, order: exp.Order | None) -> list[str]:
        """Each key with its direction, in order."""
        keys = order.expressions if order else []
        return [f"{self.text(self._ordinal(key.this, order))}{_direction(key)}" for key in keys]

    def group_keys(self, group: exp.Group | None) -> list[str]:
        keys = group.expressions if group else []
        return [self.text(self._ordinal(key, group)) for key in keys]

    def _infix(self, node: exp.Binary, operator: str) -> str:
        """Symmetric operators have their sides sorted; comparisons have constants on the right."""
        left, right = self.text(node.left), self.text(node.right)
        constants = _is_constant(left), _is_constant(right)
        backwards = constants == (True, False)
        if isinstance(node, SYMMETRIC) and (backwards or (right < left and not any(constants))):
            left, right = right, left
        elif operator in MIRRORED and (
            backwards or (operator in (">", ">=") and not any(constants))
        ):
            left, right, operator = right, left, MIRRORED[operator]
        return f"({left} {operator} {right})"

    def _ordinal(self, key: exp.Expr, clause: exp.Expr | None) -> exp.Expr:
        """The projection that ``ORDER BY 2`` or ``GROUP BY 2`` counts to."""
        query = clause.parent if clause else None
        if not (isinstance(query, exp.Select) and isinstance(key, exp.Literal) and key.is_int):
            return key
        projections: list[exp.Expr] = query.expressions
        position = int(key.this)
        if 1 <= position <= len(projections) and not any(p.is_star for p in projections):
            return projections[position - 1].unalias()
        return key

    def _column(self, node: exp.Column) -> str:
        if isinstance(node.this, exp.Star):
            return f"{self._star_source(node)}.*"
        reference = self.resolution.reference(node)
        if reference.kind == "alias":
            return self.text(reference.aliased)
        if reference.kind == "string":
            return _quoted(reference.key)
        return _name(reference.key if self.numbered else reference.origin.label or reference.key)

    def _star_source(self, node: exp.Column) -> str:
        """The source that ``t.*`` means."""
        select = node.find_ancestor(exp.Select)
        for table in select.find_all(exp.Table, exp.Subquery) if select else []:
            source = self.resolution.sources.get(id(table))
            if source and source.alias == node.table.lower():
                return source.key if self.numbered else source.table or "subquery"
        return node.table.lower()

    def _table(self, node: exp.Table) -> str:
        source = self.resolution.sources.get(id(node))
        name = node.name.lower() if source is None else source.key
        if not self.numbered:
            name = source.table if source and source.table else "cte"
        joins = ", ".join(self.texts(node.args.get("joins") or []))
        database = f"{node.db.lower()}." if node.db else ""
        return _name(database + name) + (f" [{joins}]" if joins else "")

    def _generic(self, node: exp.Expr) -> str:
        """Class and arguments by name; what is empty or false is left out."""
        parts = {}
        for name, value in sorted(node.args.items()):
            if name in DROPPED or value is None or value is False or value == []:
                continue
            if isinstance(node, exp.Join) and value == "INNER":
                continue
            parts[name] = self._value(value)  # once: twice would take 2 ** depth steps
        if list(parts) == ["this"]:
            return f"{node.key}({parts['this']})"
        return f"{node.key}({', '.join(f'{name}={text}' for name, text in parts.items())})"

    def _value(self, value: object) -> str:
        if isinstance(value, exp.Expr):
            return self.text(value)
        if isinstance(value, list):
            return f"[{', '.join(map(self._value, value))}]"
        return str(value)


def flat(node: exp.Expr) -> list[exp.Expr]:
    """The operands of nested ANDs (or ORs), through parentheses."""
    operands: list[exp.Expr] = []
    stack = [node]
    while stack:
        operand = stack.pop().unnest()
        if isinstance(operand, exp.Connector) and type(operand) is type(node):
            stack += [operand.right, operand.left]
        else:
            operands.append(operand)
    return operands


def _direction(key: exp.Ordered) -> str:
    """Direction and the place of NULLs, where it is not SQLite's default."""
    down = bool(key.args.get("desc"))
    nulls_first = bool(key.args.get("nulls_first"))
    return (" desc" if down else "") + ("" if nulls_first != down else f" nulls {nulls_first}")


def _name(text: str) -> str:
    """A name, quoted when it could be mistaken for anything else."""
    return text if _PLAIN.fullmatch(text) else '"' + text.replace('"', '""') + '"'


def _is_constant(text: str) -> bool:
    return text[:1] == "'" or text[:1].isdigit()


def _literal(node: exp.Literal) -> str:
    """
    >>> _literal(exp.Literal.number("007")), _literal(exp.Literal.number("1.50"))
    ('7', '1.5')
    """
    if node.is_string:
        return _quoted(node.this)
    if node.this.isdigit():
        return str(node.this).lstrip("0") or "0"  # int() refuses more than 4,300 digits
    try:
        return repr(float(node.this))
    except ValueError:
        return str(node.this)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
