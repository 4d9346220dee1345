"""A label printed, soiled and photographed: from the modules of a symbol to the grey picture a decoder gets.

    laid      modules → printer dots, whole dots a module or scaled to the size
    printed   dots → ink on paper: dot gain, fading, worn print head, dirt; the pack around the label
    captured  paper → sensor: tilt and perspective, blur, uneven light, glare, noise, JPEG

Everything random about one photograph is in its `Scene`, so that two symbols of the same printed size can be given the
same scene, noise included: their results are pairs. Lengths are in millimetres, tones from 0 (black) to 1 (white). The
ranges are chosen, not fitted to devices: rankings can be trusted, absolute rates cannot.
"""

from dataclasses import dataclass
from io import BytesIO
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
QUIET = 4
MARGIN_MM = 2.0
_PAPER = 0.95
# Pixels that a printer dot gets while it is still ink: about 24 a millimetre, twice what the nearest photograph has.
_FINE = {203: 3, 300: 2, 600: 1}

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Condition:
    """What the scenes of one kind have in common; ranges are drawn from evenly."""

    name: str
    px_per_mm: Range = (9, 13)
    contrast: Range = (0.65, 0.9)
    blur_px: Range = (0.45, 0.9)
    noise: Range = (0.008, 0.03)
    tilt_degrees: float = 18
    dirt: Range = (0, 0)
    mottling: float = 0.0


CONDITIONS = (
    Condition("close"),
    Condition("arm's length", px_per_mm=(5, 9), blur_px=(0.5, 1.0), noise=(0.01, 0.04)),
    Condition("faded", px_per_mm=(7, 12), contrast=(0.2, 0.5), noise=(0.01, 0.04), mottling=0.35),
    Condition("dirty", dirt=(0.005, 0.04)),
)


@dataclass(frozen=True, slots=True)
class Scene:
    """One photograph of one label; `seed` makes its fields of noise."""

    condition: Condition
    seed: int
    px_per_mm: float
    contrast: float
    gain_mm: float
    blur_px: float
    noise: float
    roll: float
    tilt: tuple[float, float]
    distance_mm: float
    exposure: float
    slope: float
    quality: int
    dirt: float

    @classmethod
    def of(cls, condition: Condition, seed: int) -> "Scene":
        """The scene of that number; the same number is the same scene."""
        rng = np.random.default_rng(seed)
        tilt = condition.tilt_degrees
        return cls(
            condition=condition,
            seed=seed,
            px_per_mm=rng.uniform(*condition.px_per_mm),
            contrast=rng.uniform(*condition.contrast),
            gain_mm=rng.uniform(-0.01, 0.04),
            blur_px=rng.uniform(*condition.blur_px),
            noise=rng.uniform(*condition.noise),
            roll=rng.uniform(0, 360),
            tilt=(rng.uniform(-tilt, tilt), rng.uniform(-tilt, tilt)),
            distance_mm=rng.uniform(90, 250),
            exposure=rng.uniform(0.65, 1.05),
            slope=rng.uniform(0, 0.35),
            quality=int(rng.integers(55, 92)),
            dirt=rng.uniform(*condition.dirt),
        )

    def rng(self, what: int) -> np.random.Generator:
        """The randomness of one of the scene's fields."""
        return np.random.default_rng((self.seed, what))


def laid(modules: U8, size_mm: float, dpi: int, *, whole: bool, quiet: float = QUIET) -> U8:
    """The dots of a label of this size, 1 where there is ink; an empty array where not one dot a module fits.

    `whole`: as many whole dots a module as leave `quiet` modules around the symbol. Else the symbol with a quiet zone
    of four modules is stretched to the size, and each edge goes to the nearest dot, as a printer's driver does it.
    """
    side, count = round(size_mm * dpi / 25.4), len(modules)
    if whole:
        dots = int(side / (count + 2 * quiet))
        if dots == 0:
            return np.zeros((0, 0), dtype=np.uint8)
        sizes = np.full(count, dots)
    else:
        edges = np.rint((np.arange(count + 1) + QUIET) * side / (count + 2 * QUIET)).astype(int)
        sizes = np.diff(edges)
    symbol = modules.repeat(sizes, axis=0).repeat(sizes, axis=1)
    before = (side - len(symbol)) // 2
    after = side - len(symbol) - before
    return np.pad(symbol, (before, after))


def smooth(rng: np.random.Generator, side: int, knots: int) -> F32:
    """A slow random field between -1 and 1."""
    few = rng.uniform(-1, 1, (knots, knots)).astype(np.float32)
    return np.asarray(Image.fromarray(few).resize((side, side), Image.Resampling.BICUBIC))


def ink(dots: U8, dpi: int, gain_mm: float) -> Image.Image:
    """How much ink lies on each point of the label, 0 to 255: dots spread and join, edges move out by the gain."""
    fine = _FINE[dpi]
    per_mm = fine * dpi / 25.4
    spread = max(0.35 * fine, 0.025 * per_mm)
    side = len(dots) * fine
    field = Image.fromarray(dots * np.uint8(255)).resize((side, side), Image.Resampling.NEAREST)
    # An edge blurred by `spread` is at one half where it was; a lower level lies further out. The ramp about the level
    # is as steep as leaves bare paper bare and full ink full.
    level = NormalDist().cdf(-gain_mm * per_mm / spread) * 255
    steep = 127.5 / min(level, 255 - level)
    ramp = [min(255, max(0, round((tone - level) * steep + 127.5))) for tone in range(256)]
    return field.filter(ImageFilter.GaussianBlur(spread)).point(ramp)


def printed(dots: U8, dpi: int, scene: Scene) -> tuple[Image.Image, float]:
    """The label on its pack as tones of 0 to 255, and its pixels a millimetre."""
    fine = _FINE[dpi]
    per_mm = fine * dpi / 25.4
    wet = ink(dots, dpi, scene.gain_mm)
    if scene.condition.mottling:
        strength = np.asarray(wet) * (1 + scene.condition.mottling * smooth(scene.rng(1), wet.width, 9))
        if scene.rng(2).random() < 0.3:
            # A worn element of the thermal head leaves a white line in the direction of feed.
            at = int(scene.rng(3).uniform(0.05, 0.95) * len(dots)) * fine
            strength[:, at : at + fine] = 0
        wet = Image.fromarray(np.clip(strength, 0, 255).astype(np.uint8))
    label = wet.point([round(_PAPER * (255 - scene.contrast * amount)) for amount in range(256)])
    _soil(label, scene)
    margin = round(MARGIN_MM * per_mm)
    rng = scene.rng(4)
    pack = Image.new("L", (label.width + 2 * margin,) * 2, int(rng.uniform(40, 230)))
    draw = ImageDraw.Draw(pack)
    for _ in range(8):
        x, y = rng.uniform(0, pack.width, 2)
        width, height = rng.uniform(0.5, 4, 2) * per_mm
        draw.rectangle((x, y, x + width, y + height), fill=int(rng.uniform(20, 240)))
    pack.paste(label, (margin, margin))
    return pack, per_mm


def _soil(label: Image.Image, scene: Scene) -> None:
    rng, draw, left = scene.rng(5), ImageDraw.Draw(label), scene.dirt
    while left > 0:
        # A spot of 0.1 to 1 % of the label, or what is left of the dirt.
        area = min(left, rng.uniform(0.001, 0.01))
        across = float(np.sqrt(area * 4 / np.pi) * label.width)
        x, y = rng.uniform(0, label.width, 2)
        stretch = rng.uniform(0.6, 1.6)
        half = (across * stretch / 2, across / stretch / 2)
        tone = int(rng.choice([30, 90, 220]))
        draw.ellipse((x - half[0], y - half[1], x + half[0], y + half[1]), fill=tone)
        left -= area


def view(scene: Scene, centre: float, per_mm: float, side: int) -> list[float]:
    """What Pillow needs to look up, for each pixel of the picture, the point of the label it shows."""
    pitch, yaw = np.radians(scene.tilt)
    roll = np.radians(scene.roll)
    about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    turn = about_x @ about_y @ about_z
    # From millimetres on the label to pixels of the sensor through a pinhole at this distance.
    camera = np.array([turn[0, :2], turn[1, :2], turn[2, :2] / scene.distance_mm])
    plane = np.column_stack([camera, [0, 0, 1]])
    sensor = np.array([[scene.px_per_mm, 0, side / 2], [0, scene.px_per_mm, side / 2], [0, 0, 1]])
    paper = np.array([[1 / per_mm, 0, -centre / per_mm], [0, 1 / per_mm, -centre / per_mm], [0, 0, 1]])
    back = np.linalg.inv(sensor @ plane @ paper)
    return [float(number) for number in (back / back[2, 2]).ravel()[:8]]


def captured(paper: Image.Image, per_mm: float, scene: Scene) -> U8:
    """The photograph, in tones of 0 to 255."""
    side = round(paper.width / per_mm * 1.3 * scene.px_per_mm)
    looked = paper.filter(ImageFilter.GaussianBlur(scene.blur_px * per_mm / scene.px_per_mm)).transform(
        (side, side),
        Image.Transform.PERSPECTIVE,
        view(scene, paper.width / 2, per_mm, side),
        Image.Resampling.BILINEAR,
        fillcolor=int(scene.rng(6).uniform(40, 200)),
    )
    picture = np.asarray(looked, dtype=np.float32) / 255 * scene.exposure
    rng = scene.rng(7)
    angle = rng.uniform(0, 2 * np.pi)
    x = np.linspace(-1, 1, side, dtype=np.float32)
    y = x[:, None]
    picture *= 1 + scene.slope * (np.float32(np.cos(angle)) * x + np.float32(np.sin(angle)) * y)
    if rng.random() < 0.1:
        # A reflection of a lamp in the varnish.
        left, top, width = rng.uniform(-0.5, 0.5), rng.uniform(-0.5, 0.5), rng.uniform(0.1, 0.3)
        picture += 0.5 * np.exp(-((x - left) ** 2 + (y - top) ** 2) / width**2)
    picture += scene.noise * rng.standard_normal((side, side), dtype=np.float32)
    out = BytesIO()
    Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8)).save(out, "JPEG", quality=scene.quality)
    return np.asarray(Image.open(out))
