"""`verify` and `keys` as they are typed: streams, reasons, key files, the life of keys, races and restored copies."""

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stamp_engine import vault
from stamp_engine.__main__ import main
from stamp_engine.codes import CodeList
from stamp_engine.keys import KeyDirectory, KeyKind
from stamp_engine.minting import CODES, MANIFEST
from stamp_engine.verify_command import lines
from tests.vectors import given

ENV = {"ESTAMP_PASSPHRASE": "một câu dài để mở khoá", "ESTAMP_KEY_FILE": ""}
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vault, "_SCRYPT", {"n": 2, "r": 1, "p": 1})


def run(*args: object, text: str | bytes = "", **env: str) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args], input=text, env={**ENV, **env})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A stand-alone key directory."""
    made = run("keys", "new", "--keys", tmp_path / "keys")
    assert made.exit_code == 0, made.output
    assert made.stderr == ""
    return tmp_path / "keys"


def minted(folder: Path, name: str, *args: object, count: int = 5) -> tuple[Path, list[str]]:
    out = folder.parent / name
    made = run("mint", "--count", count, "--keys", folder, "--out", out, *args)
    assert made.exit_code == 0, made.output
    return out, CodeList(out / CODES)[:]


def content(result: Result) -> dict[str, list[dict[str, object]]]:
    assert result.exit_code == 0, result.output
    found: dict[str, list[dict[str, object]]] = json.loads(result.stdout)
    return found


def answers(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_one_line_a_code_and_the_exit_code_says_whether_all_are_right(folder: Path) -> None:
    _, codes = minted(folder, "out")
    right = run("verify", "--keys", folder, *codes)
    assert (right.exit_code, right.output) == (0, "".join(f"authentic {index}\n" for index in range(5)))
    wrong = run("verify", "--keys", folder, "-", text=f"{codes[3]}\r\n\n  {given.spelled(0)}\nhttps://\n")
    assert (wrong.exit_code, wrong.output) == (1, "authentic 3\nforged\nmalformed\n")
    assert run("verify", "--keys", folder, text=codes[0]).output == "authentic 0\n"
    assert (run("verify", "--keys", folder).exit_code, run("verify", "--keys", folder).output) == (1, "")


def test_every_reason_is_said(folder: Path) -> None:
    out, codes = minted(folder, "out", "--gtin", given.GTIN)
    seals, sealed = minted(folder, "seals", "--profile", "sealed")
    serial = (out / CODES).read_text().splitlines()[1].split(",")[1]
    kid = next(key["kid"] for key in content(run("keys", "list", "--keys", folder))["keys"])
    other = codes[1].replace(given.GTIN, given.OTHER)
    look_alike = codes[0].replace("SONLA", "S0NLA")
    texts = [codes[0], other, sealed[0], serial, serial[:-1] + "U", look_alike, "?", given.spelled(7)]
    options = ("--json", "--hosts", "t.sonla.vn,x.vn", "--manifest", out / MANIFEST, "--manifest", seals / MANIFEST)
    found = answers(run("verify", "--keys", folder, *options, *texts))
    assert [one["code"] for one in found] == texts
    assert [(one["outcome"], one["reason"], one["index"], one["key"], one["batch"]) for one in found] == [
        ("authentic", None, 0, "epoch-1", "local-0"),
        ("forged", "forged", 1, "epoch-1", "local-0"),
        ("authentic", None, 5, kid, "local-5"),
        ("authentic", None, 0, "epoch-1", "local-0"),
        ("malformed", "typing_error", None, None, None),
        ("malformed", "foreign", None, None, None),
        ("malformed", "malformed", None, None, None),
        ("forged", "forged", None, None, None),
    ]
    assert run("verify", "--keys", folder, other).exit_code == 0, "without manifests the keys alone judge"
    for name in ("1", kid):
        assert run("keys", "compromise", name, "--keys", folder).exit_code == 0
    found = answers(run("verify", "--keys", folder, "--json", codes[0], sealed[0]))
    assert [(one["outcome"], one["reason"], one["index"]) for one in found] == [
        ("forged", "compromised", 0),
        ("forged", "compromised", 5),
    ]
    assert run("verify", "--keys", folder, codes[0]).output == "forged\n"


@pytest.mark.parametrize(
    "name", ["-mwLqZMn0K7slahQlC4STri_d2h5DWmqehBIPwjnGUc", "--wLqZMn0K7slahQlC4STri_d2h5DWmqehBIPwjnGUc"]
)
@pytest.mark.parametrize("command", ["retire", "compromise"])
def test_a_kid_may_begin_with_a_hyphen(folder: Path, command: str, name: str) -> None:
    answer = run("keys", command, name, "--keys", folder)
    assert answer.exit_code == 1
    assert name in answer.output
    assert "no key" in answer.output


@pytest.fixture
def dear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory as it is in the field, which other processes open."""
    monkeypatch.undo()
    assert run("keys", "new", "--keys", tmp_path / "dear").exit_code == 0
    return tmp_path / "dear"


def started(*args: object, **pipes: int) -> "subprocess.Popen[str]":
    words = [sys.executable, "-m", "stamp_engine", *map(str, args)]
    return subprocess.Popen(words, cwd=ROOT, env={**os.environ, **ENV}, text=True, **pipes)


def test_a_code_is_answered_when_it_arrives(dear: Path) -> None:
    """So that a scanner may be piped in."""
    _, codes = minted(dear, "out")
    process = started("verify", "--keys", dear, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    for index, code in enumerate(codes):
        process.stdin.write(f"{code}\n")
        process.stdin.flush()
        assert process.stdout.readline() == f"authentic {index}\n"
    process.stdin.write("half a li")
    process.stdin.close()
    assert process.stdout.read() == "malformed\n"
    process.stdout.close()
    assert process.wait(60) == 1


class Dripping(io.RawIOBase):
    """A stream that gives a few bytes at a time, and knows the most that was ever kept of it."""

    def __init__(self, raw: bytes, step: int) -> None:
        self._raw, self._step, self._at = raw, step, 0

    def read1(self, _: int) -> bytes:
        part = self._raw[self._at : self._at + self._step]
        self._at += self._step
        return part


@pytest.mark.parametrize("step", [1, 2, 7, 100, 1 << 20])
def test_lines_are_the_same_however_they_arrive(step: int) -> None:
    raw = "một\r\n\n  hai  \n\t\nba\x00\nbốn".encode() + b"\n\xff\xfe\nsix"
    found = [line for some in lines(Dripping(raw, step)) for line in some]  # type: ignore[arg-type]
    assert found == ["một", "hai", "ba\0", "bốn", "\ufffd\ufffd", "six"]


def test_a_line_without_an_end_takes_no_memory_and_is_no_code() -> None:
    found = [line for some in lines(Dripping(b"A" * 3_000_000 + b"\nB", 1 << 18)) for line in some]  # type: ignore[arg-type]
    assert [len(line) for line in found] == [2049, 1]
    assert found[0].endswith("\0")


def test_wrong_manifests_are_named(folder: Path, tmp_path: Path) -> None:
    out, codes = minted(folder, "out")
    changed = tmp_path / "changed.json"
    changed.write_text((out / MANIFEST).read_text().replace('"hi":5', '"hi":6'))
    elsewhere = tmp_path / "elsewhere"
    run("keys", "new", "--keys", elsewhere)
    other, _ = minted(elsewhere, "other")
    for path in (changed, other / MANIFEST, tmp_path / "none", tmp_path):
        for command in (("verify", codes[0], "--manifest", path), ("keys", "floor", path)):
            wrong = run(*command, "--keys", folder)
            assert wrong.exit_code == 2, wrong.output
            assert path.name in wrong.stderr
            assert wrong.stdout == ""


def test_wrong_passphrases_open_nothing_and_change_nothing(folder: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for args in (
        ("mint", "--count", 5, "--out", tmp_path / "out"),
        ("verify", "x"),
        *(("keys", *words) for words in (["list"], ["rotate"], ["retire", "1"], ["floor", "--at", "5"])),
    ):
        wrong = run(*args, "--keys", folder, ESTAMP_PASSPHRASE="another")
        assert wrong.exit_code == 2, wrong.output
        assert "wrong passphrase" in wrong.stderr
        missing = run(*args, "--keys", tmp_path / "none")
        assert missing.exit_code == 2
        assert "keys new --keys" in missing.stderr
    assert not (tmp_path / "out").exists()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert run("keys", "list").exit_code == 2


def secret(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(0o600)
    return path


def test_key_files_of_two_people_open_in_any_order(tmp_path: Path) -> None:
    one, two = secret(tmp_path / "one", "a1b2\n"), secret(tmp_path / "two", "c3d4")
    keys = tmp_path / "keys"
    made = run("keys", "new", "--keys", keys, "--key-file", one, "--key-file", two)
    assert (made.exit_code, made.stderr) == (0, "")
    for order in ((one, two), (two, one)):
        files = [word for path in order for word in ("--key-file", path)]
        assert run("keys", "list", "--keys", keys, *files).exit_code == 0
    assert run("keys", "list", "--keys", keys, ESTAMP_KEY_FILE=f"{one}:{two}", ESTAMP_PASSPHRASE="").exit_code == 0
    for alone in (one, two):
        assert run("keys", "list", "--keys", keys, "--key-file", alone).exit_code == 2
    assert run("keys", "list", "--keys", keys).exit_code == 2


@pytest.mark.parametrize("found", [None, b" \n", b"\xff\xfe"])
def test_a_key_file_that_is_none_is_named(folder: Path, tmp_path: Path, found: bytes | None) -> None:
    file = tmp_path / "file"
    if found is not None:
        secret(file, found)
    wrong = run("keys", "list", "--keys", folder, "--key-file", file)
    assert wrong.exit_code == 2
    assert f"--key-file {file}" in wrong.stderr
    assert "openssl rand -hex 32" in wrong.stderr


def test_what_is_typed_counts_before_the_environment_and_one_secret_is_enough(folder: Path, tmp_path: Path) -> None:
    file = secret(tmp_path / "file", ENV["ESTAMP_PASSPHRASE"])
    assert run("keys", "list", "--keys", folder, "--key-file", file, ESTAMP_PASSPHRASE="wrong").exit_code == 0
    typed = ("--passphrase", ENV["ESTAMP_PASSPHRASE"])
    assert run("keys", "list", "--keys", folder, *typed, ESTAMP_KEY_FILE=str(tmp_path / "none")).exit_code == 0
    both = run("keys", "list", "--keys", folder, *typed, "--key-file", file)
    assert (both.exit_code, "not both" in both.stderr) == (2, True)
    asked = run("keys", "list", "--passphrase", "--keys", folder, text=ENV["ESTAMP_PASSPHRASE"] + "\n")
    assert asked.exit_code == 0, asked.output
    assert ENV["ESTAMP_PASSPHRASE"] not in asked.output
    file.chmod(0o644)
    assert "chmod 600" in run("keys", "list", "--keys", folder, "--key-file", file).stderr


def test_no_passphrase_is_warned_of_and_can_be_set_later(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    bare = {"ESTAMP_PASSPHRASE": ""}
    assert "no passphrase" in run("keys", "new", "--keys", keys, **bare).stderr
    again = run("keys", "new", "--keys", keys)
    assert (again.exit_code, "already holds keys" in again.stderr) == (1, True)
    for words in ((), ("--new-passphrase", "x", "--new-key-file", secret(tmp_path / "file", "y"))):
        assert run("keys", "passphrase", "--keys", keys, *words, **bare).exit_code == 2
    assert run("keys", "passphrase", "--keys", keys, "--new-key-file", tmp_path / "file", **bare).exit_code == 0
    assert run("keys", "list", "--keys", keys, **bare).exit_code == 2
    assert run("keys", "list", "--keys", keys, ESTAMP_PASSPHRASE="y").exit_code == 0


def test_four_epochs_live_and_no_fifth(folder: Path) -> None:
    _, codes = minted(folder, "out", count=1)
    for _ in range(3):
        assert run("keys", "rotate", "--keys", folder).exit_code == 0
    full = run("keys", "rotate", "--keys", folder)
    assert (full.exit_code, "retire epoch 1 first" in full.stderr) == (1, True)
    assert run("keys", "retire", "1", "--keys", folder).exit_code == 0
    found = content(run("keys", "rotate", "--keys", folder))
    assert [(one["epoch"], one["state"]) for one in found["epochs"]] == [
        (1, "retired"),
        *((number, "live") for number in range(2, 6)),
    ]
    assert {key["purpose"] for key in found["keys"]} == {"stamp", "manifest"}
    assert all(key["kty"] == "OKP" and "d" not in key for key in found["keys"])
    assert run("verify", "--keys", folder, *codes).output == "authentic 0\n"
    _, later = minted(folder, "later", count=1)
    assert answers(run("verify", "--keys", folder, "--json", *later))[0]["key"] == "epoch-5"
    for name in ("9", "nobody"):
        assert run("keys", "retire", name, "--keys", folder).exit_code == 1
    assert run("keys", "compromise", "1", "--keys", folder).exit_code == 0
    back = run("keys", "retire", "1", "--keys", folder)
    assert (back.exit_code, "cannot become retired" in back.stderr) == (1, True)


def test_two_mints_on_one_directory_at_once_share_no_index(dear: Path, tmp_path: Path) -> None:
    mint = ("mint", "--count", 30_000, "--keys", dear, "--out")
    running = [started(*mint, tmp_path / name, stdout=subprocess.DEVNULL) for name in ("a", "b", "c")]
    assert [process.wait(120) for process in running] == [0, 0, 0]
    blocks = sorted(
        (made["lo"], made["hi"])
        for made in (json.loads((tmp_path / name / MANIFEST).read_text())["manifest"] for name in ("a", "b", "c"))
    )
    assert blocks == [(0, 30_000), (30_000, 60_000), (60_000, 90_000)]
    assert len({code for name in ("a", "b", "c") for code in CodeList(tmp_path / name / CODES)[:]}) == 90_000


def test_a_directory_put_back_from_yesterday_mints_above_what_the_manifests_say(folder: Path, tmp_path: Path) -> None:
    """Invariant 12."""
    yesterday, _ = minted(folder, "yesterday", count=10)
    shutil.copytree(folder, tmp_path / "backup")
    today, codes = minted(folder, "today", count=7)
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "backup", folder)
    job = ("mint", "--count", 3, "--keys", folder, "--out", tmp_path / "next")
    refused = run(*job)
    assert (refused.exit_code, "keys floor" in refused.stderr) == (1, True)
    assert not (tmp_path / "next" / CODES).exists()
    unsaid = run("keys", "floor", "--keys", folder)
    assert (unsaid.exit_code, "--at INDEX" in unsaid.stderr) == (2, True)
    raised = run("keys", "floor", "--keys", folder, yesterday / MANIFEST, today / MANIFEST)
    assert json.loads(raised.stdout)["high_water"] == 17
    assert run(*job).exit_code == 0
    new = CodeList(tmp_path / "next" / CODES)[:]
    assert not set(new) & set(codes)
    assert run("verify", "--keys", folder, *new).output == "authentic 17\nauthentic 18\nauthentic 19\n"
    assert json.loads(run("keys", "floor", "--keys", folder, "--at", 5).stdout)["high_water"] == 20, "never down"
    assert run("keys", "floor", "--keys", folder, "--at", 10**12 + 1).exit_code == 1


def test_the_platforms_keys_are_not_for_minting_alone(tmp_path: Path) -> None:
    KeyDirectory.create(tmp_path / "keys", ENV["ESTAMP_PASSPHRASE"].encode(), KeyKind.PLATFORM)
    wrong = run("mint", "--count", 1, "--keys", tmp_path / "keys", "--out", tmp_path / "out")
    assert (wrong.exit_code, "platform" in wrong.stderr) == (2, True)


def test_what_is_missing_is_named_before_anything_is_minted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = run("mint", "--count", 1, "--keys", folder, "--out", folder.parent / "out", "--read-back")
    assert (alone.exit_code, "--pdf" in alone.stderr) == (2, True)
    monkeypatch.setitem(sys.modules, "zxingcpp", None)
    missing = run("mint", "--count", 1, "--keys", folder, "--out", folder.parent / "out", "--read-back", "--pdf")
    assert (missing.exit_code, "sonla-estamp[proof]" in missing.stderr) == (2, True)
    assert not (folder.parent / "out").exists()
