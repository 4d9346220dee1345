"""Minting: the fast drawing against segno, determinism, read-back, the command line, and the keys' one-way mark."""

import csv
import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from stamp_engine import readback
from stamp_engine.__main__ import main
from stamp_engine.codes import CodeList
from stamp_engine.errors import KeyStoreError, ManifestInvalid, MintRefused, ReadBackFailed
from stamp_engine.format import Profile, Template, choose_template, compact_text, parse
from stamp_engine.images import png, svg
from stamp_engine.keys import KeyDirectory, KeyKind
from stamp_engine.layouts import DEFAULT, choose, shipped
from stamp_engine.lifecycle import KeyState
from stamp_engine.manifest import verify
from stamp_engine.minting import CODES, SHEETS, Job, Wants, chunks, mint
from stamp_engine.readback import ReadBack
from stamp_engine.sheets import Face
from stamp_engine.symbols import for_template, matrix
from stamp_engine.texts import characters, lines
from stamp_engine.verifying import Outcome, check

HOST = "T.SONLA.VN"
GTIN = "09521234000013"
TEMPLATES = [choose_template(profile, HOST, gtin) for profile in Profile for gtin in (None, GTIN)]


@pytest.fixture
def keys(tmp_path: Path) -> KeyDirectory:
    return KeyDirectory.create(tmp_path / "keys", b"secret", KeyKind.STANDALONE)


def job(keys: KeyDirectory, count: int, template: object = TEMPLATES[0], *, pins: bool = False) -> Job:
    return Job(
        batch="B1",
        block=keys.reserve(count),
        template=template,  # type: ignore[arg-type]
        epoch=1,
        kid=keys.stamp_key().public.kid,
        pins=pins,
        order="D1",
        product="P1",
        organisation="O1",
        created_at=1,
        face=Face("Chè Shan tuyết", "Hợp tác xã Ví dụ"),
    )


@pytest.mark.parametrize("template", TEMPLATES)
def test_drawn_symbols_are_bit_identical_to_segno(keys: KeyDirectory, template: object) -> None:
    made = job(keys, 40, template)
    for chunk in chunks(made, keys, size=17):
        drawn = for_template(made.template).unpacked(chunk.symbols)
        for place, text in enumerate(lines(chunk.texts)):
            assert (drawn[place] == matrix(made.template, text)).all()


@given(st.integers(0, 2**80 - 1))
def test_any_token_is_drawn_as_segno_draws_it(token: int) -> None:
    template = TEMPLATES[1]
    halves = np.array([token >> 40], dtype=np.uint64), np.array([token & (1 << 40) - 1], dtype=np.uint64)
    table = for_template(template)
    drawn = table.unpacked(table.draw(characters(*halves)))[0]
    assert (drawn == matrix(template, compact_text(template, token))).all()


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("name", [name for name in shipped() if not name.endswith("600")])
def test_sheets_read_back_and_mint_again_the_same(
    keys: KeyDirectory, tmp_path: Path, template: Template, name: str
) -> None:
    layout = shipped()[name]
    count = 2 * layout.per_page + 3
    made = job(keys, count, template, pins=layout.pin is not None)
    try:
        layout.printed(template)
    except MintRefused:
        with pytest.raises(MintRefused, match="modules of"):
            mint(made, keys, tmp_path / "none", Wants(layout=layout))
        assert not (tmp_path / "none").exists()
        return
    one = mint(made, keys, tmp_path / "one", Wants(layout=layout))
    texts = CodeList(tmp_path / "one" / CODES)[:]
    assert readback.check(tmp_path / "one" / SHEETS, texts, layout) == ReadBack(count, count)
    assert mint(made, keys, tmp_path / "two", Wants(layout=layout)) == one
    manifest = verify(one.manifest, {key.kid: key for key in keys.public_keys()})
    assert (manifest.lo, manifest.hi, dict(manifest.files)) == (0, count, dict(one.files))
    assert all(check(text, keys).outcome is Outcome.AUTHENTIC for text in texts)


def test_a_sheet_with_a_wrong_symbol_is_not_released(keys: KeyDirectory, tmp_path: Path) -> None:
    mint(job(keys, 50), keys, tmp_path, Wants(layout=shipped()[DEFAULT]))
    texts = CodeList(tmp_path / CODES)[:]
    texts[46] = texts[45]
    texts[45] = "https://T.SONLA.VN/0000000000000000"
    with pytest.raises(ReadBackFailed, match="position 46"):
        readback.check(tmp_path / SHEETS, texts, shipped()[DEFAULT])


def test_pins_are_in_the_print_files_only_and_right(keys: KeyDirectory, tmp_path: Path) -> None:
    mint(job(keys, 5, pins=True), keys, tmp_path, Wants())
    with (tmp_path / CODES).open() as file:
        rows = list(csv.DictReader(file))
    assert [row["position"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert all(keys.symmetric.pin_keys().check(place, row["pin"]) for place, row in enumerate(rows))
    assert {parse(row["serial"], {HOST}) == parse(row["code"], {HOST}) for row in rows} == {True}


def test_a_changed_manifest_does_not_verify(keys: KeyDirectory, tmp_path: Path) -> None:
    text = mint(job(keys, 5), keys, tmp_path, Wants()).manifest
    known = {key.kid: key for key in keys.public_keys()}
    for before, after in (('"hi":5', '"hi":6'), ('"lo":0', '"lo":1'), ('"batch":"B1"', '"batch":"B2"')):
        assert before in text
        with pytest.raises(ManifestInvalid):
            verify(text.replace(before, after), known)
    with pytest.raises(ManifestInvalid):
        verify(text, {})


def test_a_label_too_small_to_read_is_refused() -> None:
    long = choose_template(Profile.SEALED, "A-VERY-LONG-HOST-NAME-FOR-STAMPS.EXAMPLE", GTIN)
    assert shipped()["a4-70x50"].printed(long).module_mm > 0.5
    with pytest.raises(MintRefused, match="whole dots at 300 dpi"):
        shipped()["roll-15-300"].printed(long)
    with pytest.raises(MintRefused, match="no layout"):
        choose("a5", shipped())


def test_indices_are_given_once_even_after_the_directory_is_reopened(keys: KeyDirectory) -> None:
    """Invariant 12."""
    one = keys.reserve(10)
    again = KeyDirectory.open(keys.path, b"secret", KeyKind.STANDALONE)
    assert again.reserve(5) == range(one.stop, one.stop + 5)
    assert again.reserve(1, floor=1000) == range(1000, 1001)
    assert keys.reserve(1) == range(1001, 1002)
    with pytest.raises(KeyStoreError):
        KeyDirectory.open(keys.path, b"wrong")
    with pytest.raises(KeyStoreError):
        KeyDirectory.open(keys.path, b"secret", KeyKind.PLATFORM)


def test_key_life_decides_what_is_believed(keys: KeyDirectory, tmp_path: Path) -> None:
    mint(job(keys, 1), keys, tmp_path, Wants())
    text = CodeList(tmp_path / CODES)[:1][0]
    keys.rotate()
    keys.set_state("1", KeyState.RETIRED)
    assert check(text, keys).outcome is Outcome.AUTHENTIC
    keys.set_state("1", KeyState.COMPROMISED)
    assert check(text, keys).outcome is Outcome.FORGED
    assert "key=" not in repr(keys.symmetric)


def test_single_stamps_as_svg_and_png() -> None:
    text = "https://T.SONLA.VN/0000000000000000"
    modules = matrix(TEMPLATES[0], text)
    assert b'width="18.5mm"' in svg(modules, module_mm=0.5)
    picture = np.asarray(Image.open(BytesIO(png(modules, dots=6))).convert("L"))
    assert [one.text for one in zxingcpp.read_barcodes(picture)] == [text]


def run(*args: str, given: str | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(main, args, input=given)
    return result.exit_code, result.output


def test_the_command_line_alone(tmp_path: Path) -> None:
    keys_dir, out = str(tmp_path / "k"), tmp_path / "out"
    code, output = run("mint", "--count", "3", "--keys", keys_dir, "--out", str(out))
    assert code == 2
    assert "keys new" in output
    assert run("keys", "new", "--keys", keys_dir)[0] == 0
    assert run("keys", "new", "--keys", keys_dir)[0] == 1
    code, output = run("mint", "--count", "3", "--keys", keys_dir, "--out", str(out), "--csv", "--pdf", "--json")
    assert code == 0, output
    assert json.loads(output)["hi"] == 3
    texts = CodeList(out / CODES)[:]
    assert run("verify", *texts, "--keys", keys_dir) == (0, "authentic 0\nauthentic 1\nauthentic 2\n")
    code, output = run("verify", "-", "--keys", keys_dir, given=f"{texts[1]}\n{texts[0][:-1]}Z\nnothing\n")
    assert (code, output.split("\n")[0]) == (1, "authentic 1")
    assert "malformed" in output
    assert run("mint", "--count", "0", "--keys", keys_dir, "--out", str(out))[0] == 2
    bad = run("mint", "--count", "1", "--keys", keys_dir, "--out", str(out), "--gtin", "123")
    assert bad[0] == 1
    assert "GTIN" in bad[1]
    assert run("keys", "rotate", "--keys", keys_dir)[0] == 0
    assert run("keys", "compromise", "1", "--keys", keys_dir)[0] == 0
    assert run("verify", texts[0], "--keys", keys_dir) == (1, "forged\n")
