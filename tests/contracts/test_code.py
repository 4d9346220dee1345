"""Rules of the house that no linter knows: sizes, and who may touch the environment, the clock and randomness."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain import cases, lots, orders, organisations, products, recalls, reports
from app.web.words import ACTS, NOUNS
from stamp_engine import lifecycle

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    path for folder in ("stamp_engine", "verifier", "app", "bench") for path in sorted((ROOT / folder).rglob("*.py"))
] + [ROOT / "config.py", ROOT / "wsgi.py"]
# The edges: composition roots, processes of their own, command lines, benchmarks and the demo.
EDGES = (
    "config.py",
    "wsgi.py",
    "bench/",
    "app/application.py",
    "app/cli/",
    "app/worker.py",
    "verifier/service.py",
    "stamp_engine/__main__.py",
    "stamp_engine/mint_command.py",
)
# Secrets of an account, of its programs and of its parcels are made where they are first needed.
RANDOM_TOO = (
    "app/services/access.py",
    "app/services/users.py",
    "app/services/webhooks.py",
    "app/services/devices.py",
    "app/services/parcels.py",
    "stamp_engine/keys.py",
    "app/demo/story.py",
    "verifier/opener.py",
)
CLOCKS = {("time", "time"), ("time", "time_ns"), ("datetime", "now"), ("datetime", "utcnow"), ("date", "today")}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def attributes(tree: ast.AST) -> set[tuple[str, str]]:
    return {
        (node.value.id, node.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_modules_and_functions_stay_small_and_pure(path: Path) -> None:
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    assert len(text.splitlines()) <= 400
    for function in functions(tree):
        assert (function.end_lineno or 0) - function.lineno < 60, function.name
    used = attributes(tree)
    if name(path) != "config.py" and not name(path).startswith("bench/"):
        assert ("os", "environ") not in used
        assert ("os", "getenv") not in used
    if not name(path).startswith(EDGES):
        assert not used & CLOCKS, used & CLOCKS
        if not name(path).startswith(RANDOM_TOO):
            assert not {pair for pair in used if pair[0] in {"random", "secrets", "uuid"}}
            assert ("os", "urandom") not in used


def test_functions_are_short_as_a_rule() -> None:
    sizes = sorted(
        (function.end_lineno or 0) - function.lineno + 1
        for path in SOURCES
        for function in functions(ast.parse(path.read_text("utf-8")))
    )
    assert sizes[len(sizes) // 2] < 12


def _acts(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """The acts and nouns that a service writes into the audit chain by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            words = [one.value if isinstance(one, ast.Constant) else None for one in node.args]
            match node.func.attr, words:
                case ("note", [str(act), str(noun), *_]) | ("add", [_, str(noun), str(act)]):
                    yield act, noun


def test_every_act_of_the_audit_chain_has_words() -> None:
    noted = [one for path in (ROOT / "app").rglob("*.py") for one in _acts(ast.parse(path.read_text("utf-8")))]
    events = {
        one.value
        for module in (cases, lifecycle, lots, orders, organisations, products, recalls, reports)
        for name, kind in vars(module).items()
        if name.endswith("Event")
        for one in kind
    }
    assert len(noted) > 30
    assert {act for act, _ in noted} | events <= ACTS.keys()
    assert {noun for _, noun in noted} <= NOUNS.keys()
