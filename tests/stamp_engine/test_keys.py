"""Key custody: changes that are whole or not at all, races between processes, copies put back, and what is refused."""

import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from stamp_engine import mark, vault
from stamp_engine.errors import KeyStoreError, MintRefused
from stamp_engine.format import INDEX_LIMIT
from stamp_engine.keys import KeyDirectory, KeyKind, open_symmetric
from stamp_engine.lifecycle import KeyState
from stamp_engine.mark import HIGH_WATER
from stamp_engine.tokens import LIVE_EPOCHS
from stamp_engine.vault import LOCK, PUBLIC

SECRET = b"a passphrase for tests"
ROOT = Path(__file__).resolve().parents[2]
# A cheap derivation: these tests open directories by the thousand, and the cost of guessing is not what they are about.
CHEAP = {"n": 2, "r": 1, "p": 1}


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vault, "_SCRYPT", CHEAP)


@pytest.fixture
def keys(tmp_path: Path) -> KeyDirectory:
    return KeyDirectory.create(tmp_path / "keys", SECRET, KeyKind.STANDALONE)


def reopened(path: Path, secret: bytes = SECRET) -> KeyDirectory:
    return KeyDirectory.open(path, secret)


def state(keys: KeyDirectory) -> tuple[object, ...]:
    return keys.symmetric, keys.signing, keys.symmetric.epochs


def retire_first(keys: KeyDirectory) -> None:
    keys.set_state("1", KeyState.RETIRED)


def compromise_sealing_key(keys: KeyDirectory) -> None:
    keys.set_state(keys.signing[0].public.kid, KeyState.COMPROMISED)


CHANGES: list[Callable[[KeyDirectory], object]] = [
    KeyDirectory.rotate,
    retire_first,
    compromise_sealing_key,
    lambda keys: keys.reserve(10),
    lambda keys: keys.raise_floor(500),
]


class Killed(BaseException):
    """Stands for the process ending here: no clause in the code may catch it."""


def calls_until_killed(monkeypatch: pytest.MonkeyPatch, step: int, error: BaseException) -> list[str]:
    """Let the `step`-th call that touches the disk fail; gives the calls that were made."""
    made: list[str] = []

    def watched(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **kwargs: object) -> object:
            made.append(name)
            if len(made) == step:
                raise error
            return real(*args, **kwargs)

        return call

    for name in ("open", "write", "pwrite", "fsync", "fchmod"):
        monkeypatch.setattr(os, name, watched(name, getattr(os, name)))
    monkeypatch.setattr(Path, "replace", watched("replace", Path.replace))
    monkeypatch.setattr(Path, "unlink", watched("unlink", Path.unlink))
    return made


@pytest.mark.parametrize("act", CHANGES, ids=["rotate", "retire", "compromise", "reserve", "floor"])
@pytest.mark.parametrize("error", [Killed(), OSError(28, "No space left on device")], ids=["killed", "disk full"])
def test_a_change_that_is_cut_short_anywhere_leaves_the_whole_directory_before_or_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: Callable[[KeyDirectory], object], error: BaseException
) -> None:
    seen: set[str] = set()
    for step in range(1, 200):
        path = tmp_path / str(step)
        keys = KeyDirectory.create(path, SECRET, KeyKind.STANDALONE)
        keys.reserve(7)
        before = state(keys)
        with monkeypatch.context() as patch:
            made = calls_until_killed(patch, step, error)
            try:
                act(keys)
                whole = True
            except (Killed, KeyStoreError, OSError):
                whole = False
        found = reopened(path)
        if state(found) == before:
            seen.add("before")
            assert not whole or act in CHANGES[3:]
        else:
            seen.add("after")
            assert len(list(path.glob("*.sealed"))) >= 2
        # Whatever happened, no index that was given is given again, and the next change works.
        found.rotate()
        assert found.reserve(1).start in {7, 17, 500}
        assert sorted(one.name for one in path.glob("*.sealed")) == sorted(vault.header(path).sealed.values())
        if len(made) < step:
            assert whole
            break
    else:
        pytest.fail("the change never came through")
    assert seen == ({"before", "after"} if act not in CHANGES[3:] else {"before"})


def test_making_a_directory_that_is_cut_short_can_be_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in range(1, 100):
        path = tmp_path / str(step)
        with monkeypatch.context() as patch:
            made = calls_until_killed(patch, step, Killed())
            with contextlib.suppress(Killed):
                KeyDirectory.create(path, SECRET, KeyKind.STANDALONE)
        if (path / PUBLIC).exists():
            reopened(path)
        else:
            KeyDirectory.create(path, SECRET, KeyKind.STANDALONE)
        assert reopened(path).reserve(1) == range(1)
        if len(made) < step:
            return
    pytest.fail("the directory was never made")


def test_a_lost_public_file_is_no_reason_to_make_new_keys_over_the_old(keys: KeyDirectory) -> None:
    keys.reserve(5)
    sealed = sorted(keys.path.glob("*.sealed"))
    (keys.path / PUBLIC).unlink()
    for lost in (PUBLIC, HIGH_WATER):
        (keys.path / lost).unlink(missing_ok=True)
        with pytest.raises(KeyStoreError, match="what is left of keys"):
            KeyDirectory.create(keys.path, SECRET, KeyKind.STANDALONE)
    assert sorted(keys.path.glob("*.sealed")) == sealed


CHILD = """
import sys
from pathlib import Path
from stamp_engine import vault
from stamp_engine.errors import KeyStoreError
from stamp_engine.keys import KeyDirectory
from stamp_engine.lifecycle import KeyState
vault._SCRYPT = {"n": 2, "r": 1, "p": 1}
path, what, times = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
keys = KeyDirectory.open(path, b"a passphrase for tests")
for turn in range(times):
    if what == "reserve":
        block = keys.reserve(3)
        print(block.start, block.stop, keys.symmetric.current, flush=True)
    elif what == "rotate":
        try:
            keys.rotate()
        except KeyStoreError as error:
            assert "retire epoch" in str(error)
        live = [e.number for e in keys.symmetric.epochs if e.state is KeyState.LIVE]
        if len(live) > 1:
            keys.set_state(str(min(live)), KeyState.RETIRED)
        print(*(f"{e.number}:{e.key.hex()}" for e in keys.symmetric.epochs), flush=True)
    else:
        KeyDirectory.open(path, b"a passphrase for tests")
        print("opened", flush=True)
"""


def child(path: Path, what: str, times: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path), what, str(times)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_processes_that_mint_rotate_and_open_at_once_lose_nothing(keys: KeyDirectory) -> None:
    """Invariant 12, and no epoch made by one process is overwritten by another."""
    work = [("reserve", 60)] * 3 + [("rotate", 12)] * 3 + [("open", 60)]
    running = [child(keys.path, what, times) for what, times in work]
    said = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0] * len(work), said
    blocks = sorted(tuple(map(int, line.split()[:2])) for out, _ in said[:3] for line in out.splitlines())
    assert len(blocks) == 180
    assert all(one[1] == two[0] for one, two in itertools.pairwise(blocks)), "no gap and no double"
    final = {str(epoch.number): epoch.key.hex() for epoch in reopened(keys.path).symmetric.epochs}
    assert len(final) > 12
    for out, _ in said[3:6]:
        for line in out.splitlines():
            assert all(final[number] == key for number, key in (word.split(":") for word in line.split()))
    assert len(keys.signing) == 2
    keys.reserve(1)
    assert len(keys.signing) == 2 * len(final), "who reserves sees what others changed"


def test_a_process_that_is_killed_while_it_works_leaves_what_opens(keys: KeyDirectory) -> None:
    given: set[int] = set()
    for turn in range(8):
        what = ("reserve", "rotate")[turn % 2]
        process = child(keys.path, what, 10_000)
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(turn * 0.003)
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate(timeout=60)
        found = reopened(keys.path)
        if what == "reserve":
            lows = [int(line.split()[0]) for line in (first + rest).splitlines() if len(line.split()) == 3]
            assert not given & set(lows)
            given |= set(lows)
        next_one = found.reserve(1).start
        assert next_one > max(given, default=-1)
        given.add(next_one)


def copied(keys: KeyDirectory, to: Path) -> Path:
    """A copy that keeps rights and times."""
    return Path(shutil.copytree(keys.path, to))


def test_yesterdays_copy_hands_out_nothing_until_somebody_says_from_where(keys: KeyDirectory, tmp_path: Path) -> None:
    """Invariant 12."""
    keys.reserve(100)
    backup = copied(keys, tmp_path / "backup")
    today = keys.reserve(50)
    shutil.rmtree(keys.path)
    shutil.copytree(backup, keys.path)
    found = reopened(keys.path)
    assert found.high_water == 100
    with pytest.raises(KeyStoreError, match="keys floor"):
        found.reserve(1)
    assert found.raise_floor(today.stop) == 150
    assert found.reserve(1) == range(150, 151)
    assert reopened(keys.path).reserve(1) == range(151, 152)


def test_a_copy_used_beside_the_original_hands_out_nothing(keys: KeyDirectory, tmp_path: Path) -> None:
    keys.reserve(1)
    with pytest.raises(KeyStoreError, match="copied"):
        reopened(copied(keys, tmp_path / "copy")).reserve(1)
    assert keys.reserve(1) == range(1, 2), "the original goes on"


def test_who_knows_a_floor_goes_on_above_it_in_a_copy_too(keys: KeyDirectory, tmp_path: Path) -> None:
    """The platform's database knows what was minted."""
    keys.reserve(10)
    found = reopened(copied(keys, tmp_path / "copy"))
    assert found.reserve(5, floor=40) == range(40, 45)
    assert found.reserve(1) == range(45, 46)
    other = reopened(copied(keys, tmp_path / "other"))
    assert other.reserve(5, floor=0) == range(10, 15), "never below the mark"


def test_an_old_mark_put_back_alone_changes_nothing(keys: KeyDirectory) -> None:
    keys.reserve(10)
    old = (keys.path / HIGH_WATER).read_bytes()
    keys.reserve(10)
    (keys.path / HIGH_WATER).write_bytes(old)
    assert reopened(keys.path).reserve(1) == range(20, 21)


@pytest.mark.parametrize("put_back", [(LOCK,), (LOCK, HIGH_WATER)])
def test_an_old_lock_file_is_noticed(keys: KeyDirectory, put_back: tuple[str, ...]) -> None:
    keys.reserve(10)
    old = {name: (keys.path / name).read_bytes() for name in put_back}
    keys.reserve(10)
    for name, content in old.items():
        (keys.path / name).write_bytes(content)
    with pytest.raises(KeyStoreError, match="keys floor"):
        reopened(keys.path).reserve(1)


def test_a_lost_lock_file_is_noticed(keys: KeyDirectory) -> None:
    keys.reserve(10)
    (keys.path / LOCK).unlink()
    with pytest.raises(KeyStoreError, match="keys floor"):
        keys.reserve(1)


@pytest.mark.parametrize("content", [None, b"", b"x", b"-1 5", b"10 x", b"9" * 5000, b"2000000000000 1", b"\xff"])
def test_a_missing_or_damaged_mark_is_never_guessed(keys: KeyDirectory, content: bytes | None) -> None:
    keys.reserve(10)
    if content is None:
        (keys.path / HIGH_WATER).unlink()
    else:
        (keys.path / HIGH_WATER).write_bytes(content)
    with pytest.raises(KeyStoreError, match="missing or damaged"):
        keys.reserve(1)
    with pytest.raises(KeyStoreError, match="index"):
        keys.raise_floor(INDEX_LIMIT + 1)
    assert keys.raise_floor(1000) == 1000
    assert keys.reserve(1) == range(1000, 1001)


def test_the_last_index_is_given_and_no_more(keys: KeyDirectory) -> None:
    keys.raise_floor(INDEX_LIMIT - 2)
    with pytest.raises(MintRefused, match="only 2 indices"):
        keys.reserve(3)
    assert keys.reserve(2).stop == INDEX_LIMIT
    with pytest.raises(MintRefused, match="only 0 indices"):
        keys.reserve(1)
    with pytest.raises(MintRefused, match="at least one"):
        keys.reserve(0)


def test_a_directory_of_the_first_version_opens_and_goes_on(keys: KeyDirectory) -> None:
    for part, name in vault.header(keys.path).sealed.items():
        (keys.path / name).rename(keys.path / f"{part}.sealed")
    public = json.loads((keys.path / PUBLIC).read_text())
    del public["sealed"]
    (keys.path / PUBLIC).write_text(json.dumps(public))
    (keys.path / HIGH_WATER).write_bytes(b"12")
    (keys.path / LOCK).write_bytes(b"")
    found = reopened(keys.path)
    assert state(found) == state(keys)
    assert found.reserve(1) == range(12, 13)
    found.rotate()
    assert not (keys.path / "signing.sealed").exists()
    with pytest.raises(KeyStoreError, match="wrong passphrase"):
        reopened(keys.path, b"another")


def test_another_passphrase_opens_from_now_on(keys: KeyDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    other = reopened(keys.path)
    keys.lock_with(b"new")
    assert state(reopened(keys.path, b"new")) == state(keys)
    with pytest.raises(KeyStoreError, match="wrong passphrase"):
        reopened(keys.path)
    with pytest.raises(KeyStoreError, match="wrong passphrase"):
        other.reserve(1)
    keys.reserve(1)
    for step in range(1, 100):
        with monkeypatch.context() as patch:
            made = calls_until_killed(patch, step, Killed())
            with contextlib.suppress(Killed):
                keys.lock_with(b"newer")
        opened = []
        for secret in (b"new", b"newer"):
            try:
                opened.append(reopened(keys.path, secret))
            except KeyStoreError:
                continue
        assert len(opened) == 1, "one of the two opens both halves"
        keys = opened[0]
        keys.lock_with(b"new")
        if len(made) < step:
            return
    pytest.fail("the passphrase never changed")


def test_damage_is_told_from_a_wrong_passphrase(keys: KeyDirectory) -> None:
    with pytest.raises(KeyStoreError, match="wrong passphrase"):
        reopened(keys.path, b"another")
    for part, name in vault.header(keys.path).sealed.items():
        path = keys.path / name
        whole = path.read_bytes()
        for damaged in (b"", whole[:-1], whole.replace(b"scrypt", b"script")):
            path.write_bytes(damaged)
            with pytest.raises(KeyStoreError, match="damaged"):
                reopened(keys.path)
        path.unlink()
        with pytest.raises(KeyStoreError, match="missing"):
            reopened(keys.path)
        path.mkdir()
        with pytest.raises(KeyStoreError, match="cannot read"):
            reopened(keys.path)
        path.rmdir()
        path.write_bytes(whole)
        assert part in name
    assert state(reopened(keys.path)) == state(keys)


def test_a_file_of_one_part_or_deployment_opens_as_no_other(keys: KeyDirectory, tmp_path: Path) -> None:
    public = json.loads((keys.path / PUBLIC).read_text())
    names = public["sealed"]
    for wrong in (
        {**public, "sealed": {"symmetric": names["signing"], "signing": names["symmetric"]}},
        {**public, "deployment": "00000000"},
        {**public, "deployment": "00"},
        {**public, "sealed": {"symmetric": "../keys/" + names["symmetric"], "signing": names["signing"]}},
        {**public, "sealed": {"symmetric": names["symmetric"]}},
        {**public, "kind": "other"},
    ):
        (keys.path / PUBLIC).write_text(json.dumps(wrong))
        with pytest.raises(KeyStoreError):
            reopened(keys.path)


@pytest.mark.parametrize(
    "content",
    [
        {"epochs": [], "pin": 5},
        {"epochs": [{"number": 1, "state": "live", "key": "AAAA"}], "pin": ""},
        {"epochs": [{"number": 1 << 40, "state": "live", "key": "A" * 43 + "="}], "pin": ""},
        {"epochs": [{"number": "1", "state": "live", "key": "A" * 43 + "="}], "pin": ""},
        {"epochs": [{"number": 1, "state": "asleep", "key": "A" * 43 + "="}], "pin": ""},
        [],
    ],
)
def test_what_another_version_may_have_sealed_is_refused_in_words(keys: KeyDirectory, content: object) -> None:
    public = json.loads((keys.path / PUBLIC).read_text())
    del public["sealed"]
    vault.commit(keys.path, public, {"symmetric": content, "signing": []}, SECRET, os.urandom)
    with pytest.raises(KeyStoreError, match="does not understand"):
        open_symmetric(keys.path, SECRET)
    with pytest.raises(KeyStoreError, match="does not understand"):
        reopened(keys.path)


def test_more_live_epochs_than_a_reader_tries_are_refused(keys: KeyDirectory) -> None:
    for _ in range(LIVE_EPOCHS - 1):
        keys.rotate()
    with pytest.raises(KeyStoreError, match="retire epoch 1 first"):
        keys.rotate()
    keys.set_state("1", KeyState.RETIRED)
    keys.rotate()
    assert keys.symmetric.current == LIVE_EPOCHS + 1


def test_what_is_given_up_stays_so(keys: KeyDirectory) -> None:
    kid = keys.signing[0].public.kid
    for name in ("1", kid):
        keys.set_state(name, KeyState.RETIRED)
        keys.set_state(name, KeyState.RETIRED)
        with pytest.raises(KeyStoreError, match="cannot become live"):
            keys.set_state(name, KeyState.LIVE)
        keys.set_state(name, KeyState.COMPROMISED)
        with pytest.raises(KeyStoreError, match="cannot become retired"):
            keys.set_state(name, KeyState.RETIRED)
    for unknown in ("2", "9" * 5000, "none", "١"):
        with pytest.raises(KeyStoreError, match="there is no"):
            keys.set_state(unknown, KeyState.RETIRED)
    with pytest.raises(KeyStoreError, match="no live epoch"):
        keys.reserve(1)
    with pytest.raises(KeyStoreError, match="is live"):
        keys.stamp_key()
    assert keys.high_water == 0, "no index is lost to a directory that cannot mint"
    keys.rotate()
    assert keys.reserve(1) == range(1)
    assert keys.stamp_key(kid).public.state is KeyState.COMPROMISED


def test_rights_that_are_too_wide_are_named_and_the_widest_refused(keys: KeyDirectory) -> None:
    assert keys.warnings == ()
    for path in (keys.path, *keys.path.iterdir()):
        assert path.stat().st_mode & 0o022 == 0, path
    keys.path.chmod(0o755)
    next(keys.path.glob("signing-*")).chmod(0o644)
    found = reopened(keys.path).warnings
    assert len(found) == 2
    assert all("chmod o-rwx" in warning for warning in found)
    keys.path.chmod(0o700)
    for path in (keys.path, keys.path / HIGH_WATER):
        mode = path.stat().st_mode
        path.chmod(0o777)
        with pytest.raises(KeyStoreError, match="anybody may write"):
            reopened(keys.path)
        path.chmod(mode)


def test_a_file_opened_to_another_group_stays_open_to_it(keys: KeyDirectory) -> None:
    """So that the opener, who is another user, can read the symmetric half after a rotation."""
    before = next(keys.path.glob("symmetric-*"))
    before.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(before, -1, 12345)
    wanted = before.stat()
    keys.rotate()
    after = next(keys.path.glob("symmetric-*"))
    assert after != before
    assert (after.stat().st_mode, after.stat().st_gid) == (wanted.st_mode, wanted.st_gid)
    assert next(keys.path.glob("signing-*")).stat().st_mode & 0o077 == 0


def test_a_place_that_cannot_hold_keys_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "keys", tmp_path / "file"):
        with pytest.raises(KeyStoreError, match="cannot"):
            KeyDirectory.create(path, SECRET, KeyKind.STANDALONE)
    with pytest.raises(KeyStoreError, match="keys new"):
        reopened(tmp_path / "nothing")
    (tmp_path / "odd" / PUBLIC).mkdir(parents=True)
    with pytest.raises(KeyStoreError, match="cannot read"):
        reopened(tmp_path / "odd")


def test_a_directory_that_changes_under_a_reader_is_read_again(
    keys: KeyDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = vault.unsealed
    turns = iter(range(100))

    def slow(*args: object) -> object:
        if next(turns) < 3:
            keys.rotate()
            keys.set_state(str(keys.symmetric.current - 1), KeyState.RETIRED)
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(vault, "unsealed", slow)
    assert open_symmetric(keys.path, SECRET).current == 4
    turns = iter([0] * 1000)
    with pytest.raises(KeyStoreError, match="keeps changing"):
        open_symmetric(keys.path, SECRET)


def test_secrets_do_not_show(keys: KeyDirectory) -> None:
    shown = f"{keys.symmetric!r} {keys.signing!r} {keys.symmetric.epochs!r}"
    assert keys.symmetric.epochs[0].key.hex() not in shown
    assert keys.signing[0].seed.hex() not in shown
    assert mark.remedy(keys.path).startswith("say above")
