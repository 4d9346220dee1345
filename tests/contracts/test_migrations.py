"""Migrations go up and down on both databases, and end where the models and the verifier's tables are."""

from collections import Counter

import pytest
import sqlalchemy as sa

from app import schema
from app.models import Base
from app.models.base import Word
from tests.conftest import NOW, Stack
from verifier.clones import detector
from verifier.fact_tables import TABLES
from verifier.journal import TABLES as WRITTEN
from verifier.records import SIGHTING
from verifier.sightings import NEVER_SEEN, Mark, Sighting


def test_migrated_schema_equals_the_models(stack: Stack) -> None:
    assert schema.current(stack.engine) == schema.head()
    assert schema.drift(stack.engine, Base.metadata) == []


def test_down_to_nothing_and_up_again(stack: Stack) -> None:
    schema.downgrade(stack.engine, "base")
    left = set(sa.inspect(stack.engine).get_table_names()) - {"alembic_version"}
    assert left == set()
    schema.upgrade(stack.engine)
    assert schema.drift(stack.engine, Base.metadata) == []


def test_histories_go_down_and_up_with_their_counts(stack: Stack) -> None:
    seen = detector.scanned(detector.scanned(NEVER_SEEN, NOW, 5, None), NOW + 9_000_000, 6, None).pin_confirmed(6, NOW)
    with stack.engine.begin() as connection:
        connection.execute(sa.insert(SIGHTING), {"stamp": 7, "n": 3, "state": seen.pack()})

    def state() -> bytes:
        with stack.engine.connect() as connection:
            return bytes(connection.execute(sa.select(SIGHTING.c.state)).scalar_one())

    schema.downgrade(stack.engine, "0014")
    assert state()[0] == 1
    schema.upgrade(stack.engine)
    again = Sighting.unpack(state())
    assert (again.scans, again.devices, again.first_at, again.last_at) == (2, 2, seen.first_at, seen.last_at)
    assert again.has(Mark.PIN_CONFIRMED)
    assert again.pin_at_s == seen.pin_at_s


def test_every_column_the_verifier_reads_is_a_column_of_the_models() -> None:
    for table in (*TABLES, *WRITTEN):
        model = Base.metadata.tables[table.name].columns
        for column in table.columns:
            assert column.name in model, f"{table.name}.{column.name}"
            kind = model[column.name].type
            stored = kind.impl_instance if isinstance(kind, Word) else kind
            assert column.type.python_type is stored.python_type, f"{table.name}.{column.name}"


def test_every_change_of_a_fact_is_noted(stack: Stack) -> None:
    """By the database itself, so no way of writing a row goes past it; a table made anew loses its triggers."""
    if stack.engine.dialect.name == "sqlite":
        asked, wanted = "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'", 3
    else:
        asked, wanted = "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgenabled = 'O'", 2
    with stack.engine.connect() as connection:
        noted = Counter(row[0] for row in connection.exec_driver_sql(asked) if row[1].startswith("note_"))
    facts = {table.name for table in TABLES} - {"fact_change", "fact_clock"}
    assert noted == {**dict.fromkeys(facts, wanted), "fact_clock": 1}


def test_narrow_role_reads_its_columns_and_nothing_else(production: Stack) -> None:
    with production.verifier_engine.connect() as connection:
        for table in (*TABLES, *WRITTEN):
            connection.execute(sa.select(table))
    refused = (
        "SELECT password FROM user_account",
        "SELECT * FROM audit_entry",
        "SELECT registration_no FROM organisation",
        "UPDATE hold SET lifted_at = 1",
        "UPDATE fact_clock SET value = value + 1",
        "DELETE FROM scan",
        "UPDATE scan SET verdict = 'valid'",
        "INSERT INTO batch (id) VALUES (1)",
        "DELETE FROM sighting",
    )
    for statement in refused:
        with (
            production.verifier_engine.connect() as connection,
            pytest.raises(sa.exc.ProgrammingError, match="permission denied"),
        ):
            connection.exec_driver_sql(statement)


def test_partitions_cover_this_month_and_three_more(production: Stack) -> None:
    with production.engine.connect() as connection:
        names = connection.exec_driver_sql(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'scan'::regclass ORDER BY 1"
        ).scalars()
        assert list(names) == ["scan_2026_11", "scan_2026_12", "scan_2027_01", "scan_2027_02", "scan_rest"]
    assert schema.ensure_partitions(production.engine, NOW) == ()
