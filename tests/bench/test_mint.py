"""The minting benchmark: peers draw what ours draws, figures are what they say, and what is missing is said loudly."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pytest
import zint
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st

from bench import cases
from bench.mint import Bench, Best, Case, Target, answer
from bench.results import rounded
from stamp_engine.symbols import matrix

templates = pytest.mark.parametrize("name", cases.TEMPLATES)


def read(modules: Any) -> list[str]:
    picture = np.kron(np.pad(1 - np.asarray(modules, dtype=np.uint8), 4, constant_values=1), np.full((3, 3), 255))
    return [one.text for one in zxingcpp.read_barcodes(picture.astype(np.uint8))]


@templates
def test_zint_draws_the_same_symbol(name: str) -> None:
    template = cases.TEMPLATES[name]
    draw = cases.zint_symbols(template, mask=True)
    for text in cases.texts(template)[:5]:
        symbol: Any = draw(text)
        assert isinstance(symbol, zint.Symbol)
        rows = np.unpackbits(np.asarray(symbol.encoded_data), axis=1, bitorder="little")
        assert (rows[: template.size, : template.size] == matrix(template, text)).all()


@templates
@pytest.mark.parametrize("mask", [True, False])
def test_the_other_encoders_draw_the_same_text_in_the_same_size(name: str, *, mask: bool) -> None:
    template = cases.TEMPLATES[name]
    text = cases.texts(template)[3]
    by_segno: Any = cases.segno_symbols(template, mask=mask)(text)
    for modules in (np.array(by_segno.matrix) & 1, cases.qrcode_matrix(template, mask=mask)(text)):
        assert np.asarray(modules).shape == (template.size, template.size)
        assert read(modules) == [text]


@given(st.lists(st.booleans(), max_size=60))
def test_runs_are_the_dark_of_a_line(row: list[bool]) -> None:
    found = list(cases.runs(row))
    assert [at for start, length in found for at in range(start, start + length)] == [
        at for at, dark in enumerate(row) if dark
    ]
    assert all(later[0] > earlier[0] + earlier[1] for earlier, later in pairwise(found))


@pytest.mark.parametrize("draw", [lambda one: cases.qrcode_sheets(one, mask=True), cases.widget_sheets])
def test_the_peers_sheets_hold_symbols_that_read(draw: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "SECONDS", 0.01)
    kept: list[Path] = []
    original = cases.sheets

    def keeping(path: Path, *given: Any) -> float:
        kept.append(tmp_path / path.name)
        return original(kept[0], *given)

    monkeypatch.setattr(cases, "sheets", keeping)
    template = cases.TEMPLATES["compact_gtin"]
    assert draw(template) > 0
    with pypdfium2.PdfDocument(kept[0]) as document:
        page = np.asarray(document[0].render(scale=300 / 72, grayscale=True).to_pil().convert("L"))
    wanted = set(cases.texts(template)[:45])
    height, width = (round(side * 300 / 25.4) for side in (30, 40))
    top = round(297 * 300 / 25.4) - round((254 + 26) * 300 / 25.4)
    found = {
        one.text
        for row in range(9)
        for column in range(5)
        for one in zxingcpp.read_barcodes(
            np.ascontiguousarray(
                page[max(0, top + row * height) : top + (row + 1) * height, column * width : (column + 1) * width]
            )
        )
    }
    assert found == wanted


def test_signatures_and_texts_are_the_same_at_every_run() -> None:
    for template in cases.TEMPLATES.values():
        assert cases.texts(template) == cases.texts(template)
        assert len(set(cases.texts(template))) == 500


def test_a_peer_that_is_not_installed_is_said_loudly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "zint", None)
    with pytest.raises(SystemExit) as left:
        cases.main("zint", "compact")
    assert left.value.code == 3
    capsys.readouterr()
    process = subprocess.Popen(
        [sys.executable, "-c", "import sys; print('zint is not installed', file=sys.stderr); sys.exit(3)"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    missing: set[str] = set()
    assert answer(process, "zint", missing) is None
    assert missing == {"zint"}
    assert "!!! ZINT IS NOT INSTALLED: zint DID NOT RUN !!!" in capsys.readouterr().err
    assert "MISSING" in Target("compact", "vs_zint", least=10).line({"compact": {}})


def test_targets_say_whether_they_are_reached() -> None:
    found = {"compact": {"vs_zint": 9.9, "rss_mb": 80.0}}
    assert "!!! NOT REACHED" in Target("compact", "vs_zint", least=10).line(found)
    assert Target("compact", "rss_mb", most=300).line(found).endswith(" reached")


def test_the_best_is_the_shortest_time_and_the_highest_rate() -> None:
    best = Best()
    for value in (3.0, 2.0, 4.0):
        best.took("a", value)
        best.made("a", value)
    assert (best.seconds, best.rates) == ({"a": 2.0}, {"a": 4.0})
    assert rounded({"a": 123456.789, "b": {"c": 0.0012345678}, "d": 7}) == {"a": 123500.0, "b": {"c": 0.001235}, "d": 7}


def test_the_whole_command_is_timed_and_weighed(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    case = Case("compact", 100, ())
    for name, count in (("compact/one", 1), ("compact", case.count)):
        bench.mint(name, case, count)
    bench.floor("compact/floor", bench.best.bytes["compact"])
    assert bench.best.bytes["compact"] > bench.best.bytes["compact/one"] > 10_000
    row = bench.row(case) if bench.best.seconds["compact"] > bench.best.seconds["compact/one"] else None
    assert bench.best.memory["compact"] > 20
    assert row is None or row["stamps_per_s"] > 0
    assert not (tmp_path / "out").exists()
