"""Files that are whole or absent, the kept symbol tables, lists of codes by position, pictures and styled stamps."""

import json
import os
import zipfile
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from stamp_engine import files, styled, symbol_cache
from stamp_engine.codes import CodeList
from stamp_engine.errors import MintRefused, ReadBackFailed
from stamp_engine.files import WholeFile
from stamp_engine.format import Profile, choose_template
from stamp_engine.images import png_of, svg_of
from stamp_engine.keys import KeyDirectory
from stamp_engine.minting import CODES, CODES_JSON, IMAGES, Wants, mint
from stamp_engine.readback import decoded
from stamp_engine.styled import Style
from stamp_engine.symbols import for_template, matrix, probe
from tests.stamp_engine.test_minting import job, keys

__all__ = ["keys"]
COMPACT, SEALED = (choose_template(profile, "T.SONLA.VN") for profile in Profile)


@pytest.mark.parametrize("sizes", [[0], [1, 5], [3 << 20, 10, 2 << 20], [1 << 20] * 3])
def test_a_file_holds_what_was_written_under_its_digest(tmp_path: Path, sizes: list[int]) -> None:
    pieces = [os.urandom(size) for size in sizes]
    with WholeFile(tmp_path, "a") as file:
        for piece in pieces:
            file.write(piece)
        assert not (tmp_path / "a").exists()
    assert file.settled() == sha256(b"".join(pieces)).hexdigest()
    assert (tmp_path / "a").read_bytes() == b"".join(pieces)
    assert os.listdir(tmp_path) == ["a"]  # noqa: PTH208


def test_a_failure_leaves_no_file(tmp_path: Path) -> None:
    def fail() -> None:
        with WholeFile(tmp_path, "a") as file:
            file.write(b"half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_no_file(tmp_path: Path, keys: KeyDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    made = job(keys, 20_000)
    # No file of this process may grow beyond this: the same error path as a disk that is full.
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    import signal

    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, hard))
        with pytest.raises(OSError, match="File too large"):
            mint(made, keys, tmp_path / "out", Wants())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert not list((tmp_path / "out").iterdir())
    assert mint(made, keys, tmp_path / "out", Wants()).files


def test_a_disk_that_reserves_nothing_is_written_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(files.os, "posix_fallocate")
    with WholeFile(tmp_path, "a") as file:
        file.write(b"x" * (2 << 20))
    file.settled()
    assert (tmp_path / "a").stat().st_size == 2 << 20


@pytest.mark.parametrize("template", [COMPACT, SEALED])
def test_kept_tables_draw_the_same_and_a_tampered_file_is_made_again(tmp_path: Path, template: object) -> None:
    affine = probe(template)  # type: ignore[arg-type]
    symbol_cache.save(tmp_path, template, affine)  # type: ignore[arg-type]
    path = symbol_cache.path_of(tmp_path, template)  # type: ignore[arg-type]
    whole = path.read_bytes()
    for_template.cache_clear()
    for_template(template, tmp_path)  # type: ignore[arg-type]
    assert path.read_bytes() == whole
    # Damaged, cut short, of another template: none of them is read.
    for wrong in (b"", whole[:-1], whole[:300] + bytes([whole[300] ^ 1]) + whole[301:], whole.replace(b'"', b"'", 1)):
        path.write_bytes(wrong)
        assert symbol_cache.load(tmp_path, template) is None  # type: ignore[arg-type]
    # Tampered with, the digest made to fit: found by drawing, and made again.
    bits = affine.bits.copy()
    bits[5, 40] ^= 4
    symbol_cache.save(tmp_path, template, symbol_cache.Affine(affine.base, bits))  # type: ignore[arg-type]
    for_template.cache_clear()
    table = for_template(template, tmp_path)  # type: ignore[arg-type]
    assert path.read_bytes() == whole
    assert table.draw(np.zeros((167 if template is SEALED else 16, 1), dtype=np.uint8)).shape[0] == 1
    for_template.cache_clear()


def test_a_folder_that_cannot_be_written_is_no_reason_not_to_mint(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for_template.cache_clear()
    assert for_template(COMPACT, tmp_path / "file" / "symbols").template is COMPACT
    for_template.cache_clear()


@given(st.integers(1, 1200), st.integers(0, 1200), st.integers(0, 40))
def test_codes_are_found_by_position(count: int, start: int, length: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / CODES
        rows = "".join(f"{place},S{place:020d},C{place:030d}\r\n" for place in range(1, count + 1))
        path.write_bytes(("position,serial,code\r\n" + rows).encode())
        codes = CodeList(path)
        assert len(codes) == count
        assert codes[start : start + length] == [f"C{place + 1:030d}" for place in range(count)][start : start + length]


def test_a_label_printer_gets_the_codes_as_json_and_pictures(tmp_path: Path, keys: KeyDirectory) -> None:
    made = job(keys, 12, COMPACT, pins=True)
    for kind in (png_of(4), svg_of(0.5)):
        mint(made, keys, tmp_path, Wants(codes_json=True, images=kind))
        rows = json.loads((tmp_path / CODES_JSON).read_text())
        assert [row["position"] for row in rows] == list(range(1, 13))
        assert [row["code"] for row in rows] == CodeList(tmp_path / CODES)[:]
        assert all(len(row["pin"]) == 8 for row in rows)
        with zipfile.ZipFile(tmp_path / IMAGES) as archive:
            assert archive.testzip() is None
            names = archive.namelist()
            assert names == [f"{row['position']:09d}-{row['serial']}.{kind.suffix}" for row in rows]
            first = archive.read(names[3])
        if kind.suffix == "png":
            assert decoded(np.asarray(Image.open(BytesIO(first)).convert("L"))) == rows[3]["code"]
        else:
            assert first == svg_of(0.5).draw(matrix(COMPACT, rows[3]["code"]))


def test_styled_stamps_read_back_or_are_refused(tmp_path: Path) -> None:
    text = "https://T.SONLA.VN/3QRD73N7E2EBW9KM"
    logo = tmp_path / "logo.png"
    Image.new("RGBA", (300, 200), (200, 69, 110, 255)).save(logo)
    drawn = styled.draw(text, Style(logo=logo))
    with Image.open(BytesIO(drawn)) as image:
        assert image.getpixel((image.width // 2, image.height // 2)) == (200, 69, 110)
        assert decoded(np.asarray(image.convert("L"))) == text
    with pytest.raises(MintRefused, match="too light"):
        styled.draw(text, Style(ink=(200, 220, 200)))
    with pytest.raises(MintRefused, match="too light"):
        styled.draw(text, Style(ink=(255, 255, 255), paper=(0, 0, 0)))
    logo.write_bytes(b"not a picture")
    with pytest.raises(MintRefused, match="cannot be read"):
        styled.draw(text, Style(logo=logo))


def test_a_styled_stamp_that_does_not_read_never_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(styled, "_LOGO_SHARE", 0.8)
    logo = tmp_path / "logo.png"
    Image.new("RGB", (300, 300), (0, 0, 0)).save(logo)
    with pytest.raises(ReadBackFailed):
        styled.draw("https://T.SONLA.VN/3QRD73N7E2EBW9KM", Style(logo=logo))
