"""Every setting, verdict, reason, state, command, endpoint and refusal is documented, and no document names a ghost."""

import re
from pathlib import Path

import click
import pytest

import config
from app import web
from app.application import create
from app.cli import main
from app.domain.cases import CASE
from app.domain.errors import REFUSALS
from app.domain.lots import LOT
from app.domain.notices import TELLINGS
from app.domain.orders import ORDER, PRINT_JOB
from app.domain.organisations import ORGANISATION
from app.domain.permissions import RoleName
from app.domain.products import PRODUCT
from app.domain.recalls import RECALL
from app.domain.reports import REPORT
from app.domain.stamps import BATCH
from app.extensions import db
from stamp_engine.lifecycle import STAMP
from verifier.api import ROUTES as API
from verifier.contract import ReasonCode, Verdict
from verifier.ops import ROUTES as OPS
from verifier.problems import PROBLEMS
from verifier.public import ROUTES as PUBLIC

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def text(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


@pytest.mark.parametrize("setting", config.SETTINGS, ids=lambda setting: setting.name)
def test_settings(setting: config.Setting) -> None:
    assert f"| `{setting.name}` |" in text("settings.md")


def test_verdicts_reasons_and_problems() -> None:
    page = text("verdicts.md")
    for word in (*Verdict, *ReasonCode):
        assert f"| `{word.value}` |" in page, word
    for code in (*PROBLEMS, *REFUSALS):
        assert f"`{code}`" in text("http.md"), code


@pytest.mark.parametrize(
    "machine", [ORDER, PRINT_JOB, LOT, ORGANISATION, PRODUCT, RECALL, REPORT, CASE, BATCH, STAMP], ids=str
)
def test_states_and_their_steps(machine: object) -> None:
    page = text("states.md")
    for before, row in machine.table.items():  # type: ignore[attr-defined]
        assert f"`{before.value}`" in page
        for event, after in row.items():
            assert f"| `{before.value}` | {event.value} | `{after.value}` |" in page, (before, event)


def test_notices() -> None:
    for event in TELLINGS:
        assert f"| `{event}` |" in text("notices.md"), event


def commands(group: click.Group, prefix: str = "estamp") -> list[str]:
    found = []
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found += commands(command, f"{prefix} {name}")
        else:
            found.append(f"{prefix} {name}")
    return found


def test_commands_and_roles() -> None:
    page = text("commands.md")
    for command in commands(main):
        assert f"`{command}" in page, command
    for target in re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE):
        assert f"`make {target}`" in page, target
    for role in RoleName:
        assert f"`{role.value}`" in text("glossary.md"), role


def test_endpoints(tmp_path: Path) -> None:
    page = text("http.md")
    for route in (*API, *PUBLIC, *OPS):
        assert f"{route.path}`" in page, route.path
    made = create(
        config.management(
            {
                "DATA_DIR": str(tmp_path),
                "DATABASE_URL": f"sqlite:///{tmp_path}/x.sqlite",
                "SESSION_SECRET": "s" * 32,
            }
        )
    )
    rules = {rule.rule for rule in made.url_map.iter_rules() if rule.rule.startswith("/api/")}
    assert rules
    for rule in rules:
        assert f"{re.sub('<(uuid:)?', '{', rule).replace('>', '}')}`" in page, rule
    with made.app_context():
        db.engine.dispose()
    assert web.ROOMS


def test_links_between_documents_lead_somewhere() -> None:
    for path in (*ROOT.glob("*.md"), *DOCS.rglob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text("utf-8")):
            assert (path.parent / target).exists(), f"{path.name} → {target}"
