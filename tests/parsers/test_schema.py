import pytest

from sqlgrpo.errors import ExampleError
from sqlgrpo.parsers.schema import affinity, parse_schema


def test_every_declared_constraint_is_read():
    schema = parse_schema(
        """
        CREATE TABLE town (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
        CREATE TABLE trip (
            start INT, stop INT, fee REAL DEFAULT (1 + 1) CHECK (fee >= 0), -- a comment
            PRIMARY KEY (start, stop), CHECK (start <> stop),
            CONSTRAINT there FOREIGN KEY (stop) REFERENCES town (id) ON DELETE SET NULL
        ) WITHOUT ROWID;
        CREATE UNIQUE INDEX cheap ON trip (fee);
        """
    )
    town, trip = schema.tables
    assert town.primary_key == ("id",)
    assert town.uniques == (("name",),)
    assert [c.not_null for c in town.columns] == [True, True]
    assert trip.primary_key == ("start", "stop")
    assert trip.checks == ("fee >= 0", "start <> stop")
    assert trip.uniques == (("fee",),)
    assert [(k.columns, k.table, k.references) for k in trip.foreign_keys] == [
        (("stop",), "town", ("id",))
    ]
    assert trip.columns[2].default == "(1 + 1)"


@pytest.mark.parametrize(
    ("ddl", "table", "names"),
    [
        ('CREATE TABLE "a b" ("x ""y""" INT, [50%] TEXT, `né °C` REAL)', "a b", None),
        ("CREATE TABLE IF NOT EXISTS main.t (key INT, index_ TEXT, check_ REAL)", "t", None),
        ("CREATE TABLE t (température_° VARCHAR, 日本 INT)", "t", ["température_°", "日本"]),
        ("CREATE TABLE t (a, b)", "t", ["a", "b"]),
        ("CREATE TABLE t (a INT PRIMARY KEY FOREIGN KEY (a) REFERENCES u (b))", "t", ["a"]),
        ("CREATE TABLE t (id INT AUTO_INCREMENT, KEY k (id)) ENGINE=InnoDB", "t", ["id"]),
        ("CREATE TABLE t (p POINT(3, 4) COMMENT 'where', q ENUM('a', 'b'))", "t", ["p", "q"]),
    ],
)
def test_odd_names_and_types_are_read_as_sqlite_reads_them(ddl, table, names):
    found = parse_schema(ddl).table(table.upper())
    assert found is not None
    if names:
        assert [column.name for column in found.columns] == names


@pytest.mark.parametrize(
    ("ddl", "kind"),
    [
        ("", "no_tables"),
        ("SELECT 1", "no_tables"),
        ("CREATE TABLE t", "unparsable"),
        ("CREATE TABLE t ()", "unparsable"),
        ("CREATE TABLE t (a INT", "unparsable"),
        ("CREATE TABLE t (a TEXT DEFAULT 'x)", "unparsable"),
        ("CREATE TABLE t (a INT); CREATE TABLE T (b INT)", "table_declared_twice"),
        ("CREATE TABLE t (a INT, A TEXT)", "column_declared_twice"),
        ("CREATE TABLE t (a INT, PRIMARY KEY (b))", "missing_column"),
    ],
)
def test_a_broken_schema_is_an_error_of_its_class(ddl, kind):
    with pytest.raises(ExampleError) as caught:
        parse_schema(ddl)
    assert caught.value.kind == kind


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("CHARINT", "integer"),
        ("FLOATING POINT", "integer"),
        ("VARYING CHARACTER(9)", "text"),
        ("BLOB", "blob"),
        ("DOUBLE", "real"),
        ("STRING", "numeric"),
        ("DECIMAL(10,5)", "numeric"),
    ],
)
def test_affinity_follows_the_order_of_the_rules(declared, expected):
    assert affinity(declared) == expected


def test_names_are_looked_up_without_case():
    schema = parse_schema("CREATE TABLE Town (Name TEXT)")
    assert schema.column("TOWN", "name") == schema.tables[0].columns[0]
    assert schema.column("town", "mayor") is None
    assert [table.name for table in schema.tables_with("NAME")] == ["Town"]


def test_two_hundred_columns_are_no_problem():
    columns = ", ".join(f"c{i} INT" for i in range(200))
    assert len(parse_schema(f"CREATE TABLE wide ({columns})").tables[0].columns) == 200
