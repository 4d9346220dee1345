"""The capture simulator: dots, ink and geometry are what they say, and a scene is the same at every look."""

from dataclasses import replace

import numpy as np
import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bench.simulator import CONDITIONS, MARGIN_MM, Scene, captured, ink, laid, printed, view
from stamp_engine.format import Profile, choose_template
from stamp_engine.symbols import blank, matrix

TEMPLATE = choose_template(Profile.COMPACT, "T.SONLA.VN")
TEXT = blank(TEMPLATE)
MODULES = matrix(TEMPLATE, TEXT)


def ideal(seed: int = 1) -> Scene:
    return replace(Scene.of(CONDITIONS[0], seed), px_per_mm=14, noise=0, tilt=(0, 0), roll=0, slope=0, gain_mm=0)


def read(picture: object) -> list[str]:
    return [one.text for one in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCodeModel2)]


@given(st.floats(10, 40), st.sampled_from([203, 300, 600]))
def test_whole_dots_are_as_many_as_leave_the_quiet_zone(size_mm: float, dpi: int) -> None:
    dots = laid(MODULES, size_mm, dpi, whole=True)
    side = round(size_mm * dpi / 25.4)
    module = side // (len(MODULES) + 8)
    assert dots.shape == (side, side)
    assert dots.sum() == MODULES.sum() * module**2
    rows = np.flatnonzero(dots.any(axis=1))
    assert rows[-1] - rows[0] + 1 == len(MODULES) * module
    assert abs(rows[0] - (side - 1 - rows[-1])) <= 1
    assert (dots[rows[0] :: module, rows[0] :: module][: len(MODULES), : len(MODULES)] == MODULES).all()


@given(st.floats(10, 40), st.sampled_from([203, 300, 600]))
def test_a_scaled_symbol_fills_the_size_to_half_a_dot(size_mm: float, dpi: int) -> None:
    dots = laid(MODULES, size_mm, dpi, whole=False)
    side = round(size_mm * dpi / 25.4)
    exact = side / (len(MODULES) + 8)
    assert abs(len(dots) - side) <= 1
    columns = np.flatnonzero(dots.any(axis=0))
    assert columns[-1] - columns[0] + 1 == pytest.approx(len(MODULES) * exact, abs=1)


def test_a_label_too_small_for_one_dot_a_module_is_empty() -> None:
    assert laid(MODULES, 4, 203, whole=True).size == 0


@pytest.mark.parametrize("dpi", [203, 300, 600])
@pytest.mark.parametrize("gain_mm", [-0.01, 0, 0.02, 0.04])
def test_dot_gain_moves_edges_by_as_much(dpi: int, gain_mm: float) -> None:
    dots = np.zeros((200, 200), dtype=np.uint8)
    dots[60:140, 60:140] = 1
    wet = np.asarray(ink(dots, dpi, gain_mm)) / 255
    per_mm = len(wet) / 200 * dpi / 25.4
    width = wet[len(wet) // 2].sum() / per_mm
    assert width == pytest.approx(80 * 25.4 / dpi + 2 * gain_mm, abs=0.02)
    assert wet[0, 0] == 0
    assert wet[len(wet) // 2, len(wet) // 2] == 1


def test_the_view_is_a_pinhole_cameras() -> None:
    scene = replace(ideal(), tilt=(25, -10), roll=40, distance_mm=120, px_per_mm=8)
    per_mm, centre, side = 20.0, 250.0, 300
    a, b, c, d, e, f, g, h = view(scene, centre, per_mm, side)
    pitch, yaw, roll = np.radians([25, -10, 40])
    for x, y in ((0, 0), (5, 0), (-4, 7)):
        # The label turns in its plane, then about the vertical, then about the horizontal axis.
        x1, y1, z1 = x * np.cos(roll) - y * np.sin(roll), x * np.sin(roll) + y * np.cos(roll), 0
        x2, z2 = x1 * np.cos(yaw) + z1 * np.sin(yaw), -x1 * np.sin(yaw) + z1 * np.cos(yaw)
        y3, z3 = y1 * np.cos(pitch) - z2 * np.sin(pitch), y1 * np.sin(pitch) + z2 * np.cos(pitch)
        u, v = (8 * along / (1 + z3 / 120) + side / 2 for along in (x2, y3))
        back = 1 / (g * u + h * v + 1)
        assert (a * u + b * v + c) * back == pytest.approx(centre + x * per_mm)
        assert (d * u + e * v + f) * back == pytest.approx(centre + y * per_mm)


def test_a_scene_is_the_same_at_every_look_and_others_differ() -> None:
    dots = laid(MODULES, 15, 300, whole=True)
    one, again, other = (
        captured(*printed(dots, 300, scene), scene)
        for scene in (Scene.of(CONDITIONS[2], 7), Scene.of(CONDITIONS[2], 7), Scene.of(CONDITIONS[2], 8))
    )
    assert (one == again).all()
    assert one.shape != other.shape or (one != other).any()


def test_two_symbols_in_one_scene_get_the_same_noise() -> None:
    scene = replace(ideal(), noise=0.03)
    pictures = [
        captured(*printed(laid(one, 15, 300, whole=True), 300, scene), scene).astype(int)
        for one in (MODULES, MODULES.T)
    ]
    corner = (slice(0, 20), slice(0, 20))
    assert np.abs(pictures[0][corner] - pictures[1][corner]).max() <= 8
    assert pictures[0][corner].std() > 1


@pytest.mark.parametrize("share", [0.01, 0.04])
def test_dirt_covers_about_its_share(share: float) -> None:
    clean, dirty = (
        np.asarray(printed(np.zeros((200, 200), dtype=np.uint8), 300, replace(ideal(3), dirt=dirt))[0])
        for dirt in (0, share)
    )
    inside = round(MARGIN_MM * 2 * 300 / 25.4)
    changed = (clean != dirty)[inside:-inside, inside:-inside].mean()
    # Spots overlap one another and the edge, and their rims are whole pixels.
    assert 0.4 * share <= changed <= 1.25 * share


def test_a_good_scene_reads_and_a_hopeless_one_does_not() -> None:
    dots = laid(MODULES, 20, 300, whole=True)
    scene = ideal()
    assert read(captured(*printed(dots, 300, scene), scene)) == [TEXT]
    far = replace(scene, px_per_mm=1)
    assert read(captured(*printed(dots, 300, far), far)) == []


def test_the_unphotographed_print_reads() -> None:
    paper, _ = printed(laid(MODULES, 20, 600, whole=False), 600, ideal())
    assert read(np.asarray(paper.convert("L"))) == [TEXT]
    assert isinstance(paper, Image.Image)
