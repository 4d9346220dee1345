"""The capture benchmark: fair stamps on both sides, and intervals that cover what they should."""

from dataclasses import replace

import numpy as np
import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from bench.capture import DPIS, ROLLS, TEMPLATES, Pairs, module_mm, naive, ours, read, side_mm
from bench.simulator import CONDITIONS, QUIET, Scene
from stamp_engine.errors import MintRefused
from stamp_engine.format import parse
from stamp_engine.layouts import shipped

counts = st.integers(0, 300)


@pytest.mark.parametrize("name", TEMPLATES)
def test_ours_is_a_stamp_and_the_naive_one_says_as_much(name: str) -> None:
    ours_text, naive_text = ours(name).text(7), naive(name).text(7)
    assert parse(ours_text, {"T.SONLA.VN"})
    assert naive_text.startswith("https://t.sonla.vn/")
    assert ("/01/09521234000013/21" in naive_text) == ("GTIN" in name)
    assert len(naive_text.partition("?s=")[2]) == (86 if "sealed" in name else 0)
    assert naive(name).symbol(naive_text).shape == (segno.make(naive_text).symbol_size(border=0)[0],) * 2
    assert len(ours(name).symbol(ours_text)) == TEMPLATES[name].size


@pytest.mark.parametrize("name", TEMPLATES)
def test_ours_is_laid_as_the_rolls_print_it(name: str) -> None:
    for roll in ROLLS:
        for dpi in DPIS:
            module = module_mm(name, side_mm(roll, dpi), dpi)
            try:
                printed = shipped()[f"roll-{roll}-{dpi}"].printed(TEMPLATES[name])
            except MintRefused:
                continue
            assert module == pytest.approx(printed.module_mm)
            dots = ours(name).dots(ours(name).text(1), side_mm(roll, dpi), dpi)
            rows = np.flatnonzero(dots.any(axis=1))
            assert rows[-1] - rows[0] + 1 == TEMPLATES[name].size * (printed.dots or 0)
            assert rows[0] >= QUIET * (printed.dots or 0) - 1


def test_a_wrong_text_stops_the_benchmark() -> None:
    scene = replace(Scene.of(CONDITIONS[0], 1), noise=0, tilt=(0, 0), px_per_mm=13)
    stamp = ours("compact")
    assert read(stamp, 20, 300, scene)
    lying = replace(stamp, symbol=lambda _: stamp.symbol(stamp.text(2)))
    with pytest.raises(AssertionError, match="was read as"):
        read(lying, 20, 300, scene)


@given(counts, counts, counts, counts)
def test_intervals_hold_what_was_seen_and_change_sign_with_the_order(a: int, b: int, c: int, d: int) -> None:
    if a + b + c + d == 0:
        return
    pairs, swapped = Pairs(a, b, c, d), Pairs(a, c, b, d)
    low, high = pairs.interval
    assert low < high
    assert pairs.interval == pytest.approx(tuple(-limit for limit in reversed(swapped.interval)))
    assert pairs.gain == pytest.approx(pairs.rates[0] - pairs.rates[1])
    assert {pairs.word, swapped.word} in ({"level"}, {"better", "worse"})


@pytest.mark.parametrize("chances", [(0.5, 0.1, 0.1, 0.3), (0.7, 0.15, 0.03, 0.12), (0.9, 0.02, 0.06, 0.02)])
def test_intervals_cover_the_truth_nineteen_times_in_twenty(chances: tuple[float, ...]) -> None:
    rng = np.random.default_rng(1)
    truth = chances[1] - chances[2]
    tables = [Pairs(*(int(count) for count in one)) for one in rng.multinomial(160, chances, 4000)]
    covered = np.mean([low <= truth <= high for low, high in (one.interval for one in tables)])
    assert 0.94 <= covered <= 0.98


def test_pairs_are_counted_by_capture() -> None:
    first, second = np.array([1, 1, 0, 0, 1], dtype=bool), np.array([1, 0, 1, 0, 1], dtype=bool)
    assert Pairs.of(first, second) == Pairs(2, 1, 1, 1)
    assert Pairs.of(first, second) + Pairs(1, 0, 0, 0) == Pairs(3, 1, 1, 1)
