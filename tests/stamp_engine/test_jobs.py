"""Stand-alone jobs: killed at any point they go on, with no index left out and none used twice."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from stamp_engine import jobs, mark
from stamp_engine.__main__ import main
from stamp_engine.codes import CodeList
from stamp_engine.errors import MintRefused
from stamp_engine.format import Profile
from stamp_engine.jobs import JOB, Asked
from stamp_engine.keys import KeyDirectory, KeyKind
from stamp_engine.minting import CODES, IMAGES, MANIFEST, SHEETS, TEST_STRIP
from stamp_engine.sheets import Face

ASKED = Asked(Profile.COMPACT, "T.SONLA.VN", None, 10, pins=False, layout=None, product="", organisation="", stars=0)


@pytest.fixture
def keys(tmp_path: Path) -> KeyDirectory:
    return KeyDirectory.create(tmp_path / "keys", b"a passphrase", KeyKind.STANDALONE)


def begin(out: Path, keys: KeyDirectory, name: str, asked: Asked = ASKED) -> jobs.Begun:
    return jobs.begin(out, asked, Face(), keys, lambda: 7, name)


def test_a_job_is_given_its_block_once(keys: KeyDirectory, tmp_path: Path) -> None:
    one = begin(tmp_path / "a", keys, "a")
    other = begin(tmp_path / "b", keys, "b")
    again = begin(tmp_path / "a", keys, "another name")
    assert (one.again, other.again, again.again) == (False, False, True)
    assert again.job == one.job
    assert other.job.block == range(10, 20)
    with pytest.raises(MintRefused, match="begun otherwise"):
        begin(tmp_path / "a", keys, "a", Asked(Profile.SEALED, "T.SONLA.VN", None, 10, False, None, "", "", 0))  # noqa: FBT003
    (tmp_path / "a" / MANIFEST).write_text("{}")
    with pytest.raises(MintRefused, match="already holds a batch"):
        begin(tmp_path / "a", keys, "a")
    (tmp_path / "b" / JOB).write_text("{")
    with pytest.raises(MintRefused, match="damaged"):
        begin(tmp_path / "b", keys, "b")


def test_a_job_killed_between_the_note_and_the_mark_takes_the_next_block(
    keys: KeyDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(mark, "move", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            begin(tmp_path / "a", keys, "a")
    assert keys.high_water == 0
    other = begin(tmp_path / "b", keys, "b")
    again = begin(tmp_path / "a", keys, "a")
    assert (other.job.block, again.job.block) == (range(10), range(10, 20))


def test_a_line_cut_short_spoils_no_other(keys: KeyDirectory) -> None:
    keys.reserve(5, name="a")
    path = keys.path / mark.BLOCKS
    path.write_bytes(path.read_bytes() + b"b 5 1")
    assert keys.reserve(5, name="c") == range(5, 10)
    assert keys.reserve(5, name="a") == range(5)
    assert keys.reserve(5, name="b") == range(10, 15)


def test_a_floor_above_a_block_says_that_it_may_be_used(keys: KeyDirectory) -> None:
    assert keys.reserve(5, name="a") == range(5)
    assert keys.reserve(5, floor=5, name="a") == range(5, 10)
    with pytest.raises(MintRefused, match="a block of 5"):
        keys.reserve(6, name="a")


def test_killed_again_and_again_no_index_is_left_out_or_doubled(tmp_path: Path) -> None:
    """Invariant 12, with real processes and SIGKILL."""
    keys, secret = tmp_path / "keys", {"ESTAMP_PASSPHRASE": "a passphrase"}
    KeyDirectory.create(keys, b"a passphrase", KeyKind.STANDALONE)
    command = [sys.executable, "-m", "stamp_engine", "mint", "--keys", str(keys), "--csv", "--pdf"]
    chance = random.Random(5)
    blocks = []
    for number in range(4):
        out = tmp_path / f"out{number}"
        for delay in [*sorted(chance.uniform(0.3, 2.2) for _ in range(3)), None]:
            process = subprocess.Popen(
                [*command, "--count", "30000", "--out", str(out), "--profile", ("compact", "sealed")[number % 2]],
                env={**os.environ, **secret},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            if delay is not None:
                time.sleep(delay)
                process.send_signal(signal.SIGKILL)
            process.wait(120)
            if (out / MANIFEST).exists():
                break
        assert {path.name for path in out.iterdir()} == {CODES, SHEETS, TEST_STRIP, MANIFEST}
        said = json.loads((out / MANIFEST).read_text())["manifest"]
        blocks.append((said["lo"], said["hi"]))
        assert len(CodeList(out / CODES)) == 30_000
    assert blocks == [(at, at + 30_000) for at in range(0, 120_000, 30_000)]


def test_the_helpers_of_a_killed_mint_end_with_it(tmp_path: Path) -> None:
    """They hold the seed, so none may stay behind."""
    keys, sign = tmp_path / "keys", f"SEALING_TEST={tmp_path}".encode()
    KeyDirectory.create(keys, b"a passphrase", KeyKind.STANDALONE)
    command = [sys.executable, "-m", "stamp_engine", "mint", "--keys", str(keys), "--profile", "sealed"]
    process = subprocess.Popen(
        [*command, "--count", "400000", "--out", str(tmp_path / "out")],
        env={**os.environ, "ESTAMP_PASSPHRASE": "a passphrase", "SEALING_TEST": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    helped = len(os.sched_getaffinity(0)) > 1
    until(lambda: len(marked(sign)) > helped)
    process.kill()
    process.wait(30)
    until(lambda: not marked(sign))


def until(came: Callable[[], bool]) -> None:
    for _ in range(300):
        if came():
            return
        time.sleep(0.1)
    raise AssertionError("that never came")


def marked(sign: bytes) -> list[int]:
    """The processes that were started with this in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if sign in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


def run(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, args, env={"ESTAMP_PASSPHRASE": "a passphrase"})
    return result.exit_code, result.output


def test_the_command_line_prints_what_was_asked_for(keys: KeyDirectory, tmp_path: Path) -> None:
    out = tmp_path / "out"
    args = ("mint", "--keys", str(keys.path), "--count", "30", "--out", str(out))
    code, said = run(*args, "--pdf", "--layout", "roll-3x15-300", "--images", "svg", "--codes-json", "--read-back")
    assert code == 0, said
    assert "15.7 mm wide" in said
    assert "5 dots at 300 dpi" in said
    assert "30 labels read back" in said
    assert {path.name for path in out.iterdir()} == {CODES, "codes.json", SHEETS, TEST_STRIP, IMAGES, MANIFEST}
    code, said = run(*args)
    assert (code, "already holds a batch" in said) == (1, True)
    assert keys.high_water == 30
    code, said = run(
        "mint", "--keys", str(keys.path), "--count", "3", "--out", str(tmp_path / "n"), "--pdf", "--layout", "a5"
    )
    assert (code, "there is no layout 'a5'" in said) == (1, True)
    wrong = tmp_path / "layouts"
    wrong.mkdir()
    (wrong / "x.toml").write_text("label = 1")
    code, said = run("layouts", "--layouts", str(wrong))
    assert (code, "x:" in said) == (2, True)
    code, said = run("layouts", "--profile", "sealed")
    assert (code, "roll-15-300: too small" in said, "roll-20-300: symbol 6-M, 20.7 mm" in said) == (0, True, True)
    code, said = run("preview", "--layout", "a4-40x30", "--product", "Chè", "--out", str(tmp_path / "p.png"))
    assert code == 0, said
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    code, said = run("styled", "https://T.SONLA.VN/3QRD73N7E2EBW9KM", "--ink", "pink", "--out", str(tmp_path / "s.png"))
    assert (code, "--ink" in said) == (2, True)
    assert run("styled", "https://T.SONLA.VN/3QRD73N7E2EBW9KM", "--out", str(tmp_path / "s.png"))[0] == 0
    assert keys.high_water == 30


def test_a_job_that_cannot_be_printed_takes_no_index(keys: KeyDirectory, tmp_path: Path) -> None:
    args = ("mint", "--keys", str(keys.path), "--count", "5", "--out", str(tmp_path / "out"), "--pdf")
    for wrong, named in (
        (("--layout", "roll-12-203"), "whole dots at 203 dpi"),
        (("--pins", "--layout", "a4-dense"), "no room for scratch codes"),
        (("--gtin", "9521234000014"), "GTIN"),
        (("--host", "not a host"), "host"),
    ):
        code, said = run(*args, *wrong)
        assert (code, named in said) == (1, True), said
    assert keys.high_water == 0
    assert not (tmp_path / "out").exists()
