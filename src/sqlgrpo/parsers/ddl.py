"""Reads one CREATE TABLE or CREATE INDEX statement, token by token.

The reader is forgiving about types (any words will do, as in SQLite) and strict about the rest:
what it cannot read is an ``ExampleError``, never a table with something missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from sqlgrpo.errors import ExampleError
from sqlgrpo.parsers.completion import is_text
from sqlgrpo.parsers.lexer import Token, tokens
from sqlgrpo.parsers.tables import Column, ForeignKey, Table, affinity

CONSTRAINTS = {"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "KEY", "INDEX", "FULLTEXT"}
"""Words that begin a table constraint instead of a column (MySQL's indexes are among them)."""
AFTER_TYPE = {
    *("CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK", "DEFAULT", "COLLATE"),
    *("REFERENCES", "GENERATED", "AS", "AUTO_INCREMENT", "AUTOINCREMENT", "COMMENT", "ON"),
}


def readable(ddl: str, dialect: str) -> Iterator[Token]:
    """The tokens, with MySQL's ``"x"`` left as it is: in a schema it is a name everywhere."""
    if "\0" in ddl or not is_text(ddl):
        raise unparsable("it holds a character that is no text", dialect)
    for token in tokens(ddl):
        if token.kind == "mark" and token.text in "'\"`":
            raise unparsable(f"a {token.text} is never closed", dialect)
        yield token


def unparsable(why: str, dialect: str = "sqlite") -> ExampleError:
    return ExampleError(f"cannot read the schema as {dialect}: {why}", kind="unparsable")


def split(found: list[Token], mark: str) -> list[list[Token]]:
    """Cut at a mark outside all parentheses."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in found:
        if token.kind == "mark":
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            if token.text == mark and depth == 0:
                parts.append([])
                continue
        parts[-1].append(token)
    return [part for part in parts if part]


@dataclass(slots=True)
class Reader:
    """A place in a list of tokens."""

    found: list[Token]
    at: int = 0

    def peek(self) -> Token | None:
        return self.found[self.at] if self.at < len(self.found) else None

    def take(self, *words: str) -> bool:
        """Step over these keywords or marks if they come next."""
        ahead = self.found[self.at : self.at + len(words)]
        same = len(ahead) == len(words) and all(
            (t.upper or t.text) == word for t, word in zip(ahead, words, strict=True)
        )
        self.at += len(words) if same else 0
        return same

    def name(self) -> str:
        token = self.peek()
        if token is None or token.kind not in ("word", "double", "name", "string"):
            raise unparsable(f"expected a name, found {token.text if token else 'the end'!r}")
        self.at += 1
        return token.name

    def group(self) -> list[Token]:
        """The tokens inside the parentheses that come next."""
        start = self.at + 1
        depth = 0
        for index in range(self.at, len(self.found)):
            text = self.found[index].text if self.found[index].kind == "mark" else ""
            depth += {"(": 1, ")": -1}.get(text, 0)
            if depth == 0:
                break
        else:
            raise unparsable("a parenthesis is never closed")
        if index == self.at:
            raise unparsable(f"expected (, found {self.found[index].text!r}")
        self.at = index + 1
        return self.found[start:index]

    def names(self) -> tuple[str, ...]:
        return tuple(Reader(part).name() for part in split(self.group(), ","))


def create(reader: Reader, tables: dict[str, Table]) -> None:
    if reader.take("UNIQUE", "INDEX"):
        _unique_index(reader, tables)
        return
    for word in ("GLOBAL", "LOCAL", "TEMP", "TEMPORARY", "UNLOGGED"):
        reader.take(word)
    if not reader.take("TABLE"):
        return
    reader.take("IF", "NOT", "EXISTS")
    name = _qualified(reader)
    if name.lower() in tables:
        raise ExampleError(f"table {name} is declared twice", kind="table_declared_twice")
    if (token := reader.peek()) is None or token.text != "(":
        raise unparsable(f"table {name} has no list of columns")
    tables[name.lower()] = _Body(name).read(split(reader.group(), ","))


def _qualified(reader: Reader) -> str:
    name = reader.name()
    while reader.take("."):
        name = reader.name()
    return name


def _unique_index(reader: Reader, tables: dict[str, Table]) -> None:
    reader.take("IF", "NOT", "EXISTS")
    _qualified(reader)
    if not reader.take("ON"):
        return
    table = tables.get(reader.name().lower())
    columns = reader.names()
    partial = reader.peek() is not None
    if table and not partial and all(table.column(c) for c in columns):
        tables[table.name.lower()] = replace(table, uniques=(*table.uniques, columns))


@dataclass(slots=True)
class _Body:
    """What is between the parentheses of one CREATE TABLE, read piece by piece."""

    name: str
    columns: dict[str, Column] = field(default_factory=dict)
    primary_key: tuple[str, ...] = ()
    uniques: list[tuple[str, ...]] = field(default_factory=list)
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)

    def read(self, parts: list[list[Token]]) -> Table:
        for part in parts:
            reader = Reader(part)
            first = part[0].upper
            # a column may be called Key or Index: then a type follows, not a parenthesis or a name
            if first in CONSTRAINTS and self._is_constraint(first, part):
                self._constraint(reader)
            else:
                self._column(reader)
        if not self.columns:
            raise unparsable(f"table {self.name} has no columns")
        return self._table()

    @staticmethod
    def _is_constraint(first: str, part: list[Token]) -> bool:
        after = part[1].upper if len(part) > 1 else ""
        if first in ("PRIMARY", "FOREIGN"):
            return after == "KEY"
        if first in ("CONSTRAINT", "FULLTEXT"):
            return len(part) > 2
        opens = [t.text for t in part[1:3]]
        return "(" in opens[:1] or (first in ("KEY", "INDEX", "UNIQUE") and "(" in opens[1:])

    def _table(self) -> Table:
        known = {c.lower() for c in self.columns}
        keys = [self.primary_key, *self.uniques, *(key.columns for key in self.foreign_keys)]
        for name in (name for key in keys for name in key):
            if name.lower() not in known:
                why = f"a constraint of {self.name} names column {name}, which it does not have"
                raise ExampleError(why, kind="missing_column")
        required = {c.lower() for c in self.primary_key}
        columns = [
            c if c.name.lower() not in required else replace(c, not_null=True)
            for c in self.columns.values()
        ]
        return Table(
            name=self.name,
            columns=tuple(columns),
            primary_key=self.primary_key,
            uniques=tuple(self.uniques),
            foreign_keys=tuple(self.foreign_keys),
            checks=tuple(self.checks),
        )

    def _column(self, reader: Reader) -> None:
        name = reader.name()
        if name.lower() in self.columns:
            why = f"table {self.name} declares column {name} twice"
            raise ExampleError(why, kind="column_declared_twice")
        declared = _type(reader)
        self.columns[name.lower()] = Column(name=name, type=declared, affinity=affinity(declared))
        while reader.peek():
            self._column_constraint(reader, name)

    def _column_constraint(self, reader: Reader, name: str) -> None:
        column = self.columns[name.lower()]
        if reader.take("NOT", "NULL"):
            self.columns[name.lower()] = replace(column, not_null=True)
        elif reader.take("PRIMARY", "KEY"):
            self.primary_key = (name,)
        elif reader.take("UNIQUE"):
            reader.take("KEY")
            self.uniques.append((name,))
        elif reader.take("CHECK"):
            self.checks.append(_text(reader.group()))
        elif reader.take("REFERENCES"):
            self.foreign_keys.append(_reference(reader, (name,)))
        elif reader.take("DEFAULT"):
            self.columns[name.lower()] = replace(column, default=_default(reader))
        elif reader.take("COLLATE"):
            collation = reader.name().upper()
            known = collation in ("NOCASE", "RTRIM")  # others are how a server sorts its text
            self.columns[name.lower()] = replace(column, collation=collation if known else "")
        elif reader.take("AS") and not reader.take("IDENTITY"):
            why = f"column {self.name}.{name} is generated, which is not supported"
            raise ExampleError(why, kind="unparsable")
        else:
            reader.at += 1

    def _constraint(self, reader: Reader) -> None:
        while token := reader.peek():  # SQLite lets the comma between two constraints be missing
            if reader.take("CONSTRAINT"):
                reader.name()
            elif reader.take("PRIMARY", "KEY"):
                self.primary_key = _key(reader)
            elif reader.take("UNIQUE"):
                self.uniques.append(_key(reader))
            elif reader.take("CHECK"):
                self.checks.append(_text(reader.group()))
            elif reader.take("FOREIGN", "KEY"):
                columns = _key(reader)
                if not reader.take("REFERENCES"):
                    raise unparsable(f"a foreign key of {self.name} references nothing")
                self.foreign_keys.append(_reference(reader, columns))
            elif token.text == "(":
                reader.group()
            else:
                reader.at += 1


def _type(reader: Reader) -> str:
    """All words up to the first constraint, with their lengths in parentheses."""
    words: list[str] = []
    while token := reader.peek():
        if token.upper in AFTER_TYPE:
            break
        if token.text == "(":
            words.append("(" + _text(reader.group()) + ")")
        else:
            words.append(token.name)
            reader.at += 1
    return " ".join(words).replace(" (", "(")


def _key(reader: Reader) -> tuple[str, ...]:
    """Column names in parentheses, after MySQL's optional KEY and index name."""
    while (token := reader.peek()) and token.text != "(":
        reader.at += 1
    return reader.names()


def _reference(reader: Reader, columns: tuple[str, ...]) -> ForeignKey:
    table = _qualified(reader)
    token = reader.peek()
    references = reader.names() if token and token.text == "(" else ()
    while reader.take("ON"):  # ON DELETE SET NULL and the like do not matter to a query
        reader.at += 1
        for words in (("SET", "NULL"), ("SET", "DEFAULT"), ("NO", "ACTION"), ("CASCADE",)):
            if reader.take(*words):
                break
        else:
            reader.take("RESTRICT")
    return ForeignKey(columns=columns, table=table, references=references)


def _default(reader: Reader) -> str:
    token = reader.peek()
    if token is None:
        raise unparsable("DEFAULT without a value")
    if token.text == "(":
        return "(" + _text(reader.group()) + ")"
    sign = token.text if token.text in "+-" else ""
    reader.at += bool(sign)
    value = reader.peek()
    reader.at += 1
    text = sign + (value.text if value else "")
    if (after := reader.peek()) and after.text == "(":
        text += "(" + _text(reader.group()) + ")"
    return text


def _text(found: list[Token]) -> str:
    return " ".join(token.text for token in found)
