"""Every change of a fact is noted by the database, so that those who keep facts in memory read only what changed.

Revision: 0027, after 0024

A note says which part of the facts changed, and whose: a changed step of a journey is noted with its lot. It has no
clock until the fact clock moves, which takes all notes there are under its new value; a move that finds none means that
somebody wants everything to be read again. Notes older than the last thousand moves are forgotten.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0024"
branch_labels = None
depends_on = None

# SQLite gives an automatic key to INTEGER PRIMARY KEY only.
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ROLE = "sonla_verifier"
READS = {"fact_change": "clock, part, key", "hold": "id"}
KEPT = 1000
# Of each table: the parts that its rows belong to, and the column that says whose they are.
NOTED: dict[str, dict[str, str]] = {
    "batch": {"batch": "id"},
    "stamp_range": {"batch": "batch_id"},
    "hold": {"lot_hold": "lot_id", "batch_hold": "batch_id"},
    "lot": {"lot": "id"},
    "lot_area": {"plan": "lot_id"},
    "dispatch": {"plan": "lot_id"},
    "lot_step": {"step": "lot_id"},
    "lot_test": {"test": "lot_id"},
    "retained_sample": {"sample": "lot_id"},
    "recall": {"recall": "id"},
    "recall_lot": {"recalled": "lot_id"},
    "product": {"product": "id"},
    "product_image": {"image": "product_id"},
    "stored_file": {"file": "id"},
    "certificate": {"certificate": "product_id"},
    "organisation": {"organisation": "id"},
    "stamp_flag": {"flag": "stamp"},
    "known_seller": {"seller": "organisation_id"},
    "signing_key": {},
    "epoch": {},
}
# Most files are nobody's business on the public side.
ONLY = {"stored_file": "public"}


def upgrade() -> None:
    op.create_table(
        "fact_change",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("clock", sa.BigInteger(), nullable=True),
        sa.Column("part", sa.String(16), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=True),
    )
    op.create_index("ix_fact_change_clock", "fact_change", ["clock"])
    if op.get_bind().dialect.name == "postgresql":
        for table, columns in READS.items():
            op.execute(f"GRANT SELECT ({columns}) ON {table} TO {ROLE}")
        _served()
    else:
        _embedded()


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for name in ("fact_clock", *NOTED):
            op.execute(f"DROP FUNCTION note_{name}() CASCADE")
        op.execute(f"REVOKE SELECT (id) ON hold FROM {ROLE}")  # noqa: S608  constants of this module
    else:
        op.execute("DROP TRIGGER note_fact_clock")
        for table in NOTED:
            for act in ("insert", "update", "delete"):
                op.execute(f"DROP TRIGGER note_{table}_{act}")
    op.drop_table("fact_change")


def _inserted(table: str) -> str:
    return _notes(table, "NEW", [f"NEW.{ONLY[table]}"] if table in ONLY else [])


def _updated(table: str) -> str:
    """Whose it is now, and whose it was where that is another."""
    now = [f"(NEW.{ONLY[table]} OR OLD.{ONLY[table]})"] if table in ONLY else []
    was = {part: column for part, column in NOTED[table].items() if column}
    moved = _notes(table, "OLD", ["(NEW.{column} IS NULL OR OLD.{column} <> NEW.{column})"]) if was else ""
    return f"{_notes(table, 'NEW', now)} {moved}"


def _deleted(table: str) -> str:
    return _notes(table, "OLD", [f"OLD.{ONLY[table]}"] if table in ONLY else [])


def _notes(table: str, side: str, wanted: Sequence[str]) -> str:
    """The statements that note one side (NEW or OLD) of a changed row, where the conditions hold."""
    if not NOTED[table]:
        return "INSERT INTO fact_change (part) VALUES ('*');"
    written = []
    for part, column in NOTED[table].items():
        conditions = [f"{side}.{column} IS NOT NULL", *(one.format(column=column) for one in wanted)]
        where = " AND ".join(conditions)
        written.append(f"INSERT INTO fact_change (part, key) SELECT '{part}', {side}.{column} WHERE {where};")
    return " ".join(written)


def _served() -> None:
    for table in NOTED:
        op.execute(f"""
            CREATE FUNCTION note_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF TG_OP = 'TRUNCATE' THEN
                    INSERT INTO fact_change (part) VALUES ('*');
                    RETURN NULL;
                END IF;
                IF TG_OP = 'INSERT' THEN {_inserted(table)} END IF;
                IF TG_OP = 'UPDATE' THEN {_updated(table)} END IF;
                IF TG_OP = 'DELETE' THEN {_deleted(table)} END IF;
                RETURN NULL;
            END $$
        """)  # noqa: S608  constants of this module
        op.execute(
            f"CREATE TRIGGER note_rows AFTER INSERT OR UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION note_{table}()"
        )
        op.execute(
            f"CREATE TRIGGER note_all AFTER TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION note_{table}()"
        )
    op.execute(f"""
        CREATE FUNCTION note_fact_clock() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            UPDATE fact_change SET clock = NEW.value WHERE clock IS NULL;
            IF NOT FOUND THEN
                INSERT INTO fact_change (clock, part) VALUES (NEW.value, '*');
            END IF;
            DELETE FROM fact_change WHERE clock <= NEW.value - {KEPT};
            RETURN NULL;
        END $$
    """)  # noqa: S608  constants of this module
    op.execute("CREATE TRIGGER note_move AFTER UPDATE ON fact_clock FOR EACH ROW EXECUTE FUNCTION note_fact_clock()")


def _embedded() -> None:
    for table in NOTED:
        notes = {"insert": _inserted(table), "update": _updated(table), "delete": _deleted(table)}
        for act, written in notes.items():
            op.execute(f"CREATE TRIGGER note_{table}_{act} AFTER {act.upper()} ON {table} BEGIN {written} END")
    op.execute(f"""
        CREATE TRIGGER note_fact_clock AFTER UPDATE ON fact_clock BEGIN
            INSERT INTO fact_change (part) SELECT '*'
            WHERE NOT EXISTS (SELECT 1 FROM fact_change WHERE clock IS NULL);
            UPDATE fact_change SET clock = NEW.value WHERE clock IS NULL;
            DELETE FROM fact_change WHERE clock <= NEW.value - {KEPT};
        END
    """)  # noqa: S608  constants of this module
