"""`mint`, `layouts`, `preview` and `styled` on the command line."""

import json
import os
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from stamp_engine import jobs, readback, styled
from stamp_engine.cli import keys_option, open_keys, passphrase_option
from stamp_engine.codes import CodeList
from stamp_engine.errors import LayoutInvalid, StampError
from stamp_engine.format import Profile, Template, choose_template
from stamp_engine.images import Picturing, png_of, preview, svg_of
from stamp_engine.jobs import Asked
from stamp_engine.keys import KeyKind
from stamp_engine.layouts import DEFAULT, Layout, choose, known
from stamp_engine.minting import CODES, SHEETS, Job, Wants
from stamp_engine.minting import mint as mint_batch
from stamp_engine.pdf import Picture
from stamp_engine.sheets import Face, Sheet

_DOTS, _MODULE_MM = 10, 0.4
_OUT = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)
_profile = click.option("--profile", type=click.Choice([one.value for one in Profile]), default="compact")
_gtin = click.option("--gtin", default=None, help="GTIN-8, -12, -13 or -14 in the link")
_host = click.option("--host", default="T.SONLA.VN", show_default=True, help="host in the link")
_pins = click.option("--pins/--no-pins", default=False, help="a scratch code on each stamp")
_layout = click.option("--layout", default=DEFAULT, show_default=True, help="see: layouts")
_layouts = click.option("--layouts", "folder", type=_OUT, default=None, help="folder with layouts of your own")
_product = click.option("--product", default="", help="name on the label")
_organisation = click.option("--organisation", default="", help="producer on the label")
_stars = click.option("--stars", type=click.IntRange(0, 5), default=0, help="OCOP stars on the label, if certified")
_logo = click.option("--logo", type=_FILE, default=None, help="picture for layouts that have room for one")


def _refused(error: Exception) -> None:
    click.echo(f"refused: {error}", err=True)
    sys.exit(2 if isinstance(error, LayoutInvalid) else 1)


@click.command()
@_profile
@_gtin
@click.option("--count", required=True, type=click.IntRange(1, 10**9))
@keys_option
@passphrase_option
@click.option("--out", required=True, type=_OUT, help="folder of the files; a job that was cut short goes on there")
@_host
@click.option("--pdf/--no-pdf", default=False, help="sheets and a test strip")
@click.option("--csv/--no-csv", "codes", default=False, help="codes.csv; also when nothing else is asked for")
@click.option("--codes-json/--no-codes-json", default=False, help="the same as codes.json")
@click.option("--images", type=click.Choice(["png", "svg"]), default=None, help="a picture of each symbol, in a ZIP")
@_pins
@_layout
@_layouts
@_product
@_organisation
@_stars
@_logo
@click.option("--read-back/--no-read-back", default=False, help="decode the sheets before they get their names")
@click.option("--json", "as_json", is_flag=True)
def mint(*, count: int, out: Path, read_back: bool, as_json: bool, **given: Any) -> None:
    """Mint stamps without a database: codes, sheets and a signed manifest in OUT."""
    if read_back:
        _can_read_back(sheets=given["pdf"])
    keys = open_keys(given["keys_dir"], given["passphrase"], KeyKind.STANDALONE)
    try:
        layout = choose(given["layout"], known(given["folder"])) if given["pdf"] else None
        asked = Asked(
            profile=Profile(given["profile"]),
            host=given["host"].upper(),
            gtin=given["gtin"],
            count=count,
            pins=given["pins"],
            layout=layout.name if layout else None,
            product=given["product"],
            organisation=given["organisation"],
            stars=given["stars"],
        )
        wants = Wants(
            codes=given["codes"] or not (given["pdf"] or given["codes_json"] or given["images"]) or read_back,
            codes_json=given["codes_json"],
            layout=layout,
            images=_picturing(given["images"]),
        )
        template = choose_template(asked.profile, asked.host, asked.gtin)
        face = Face(asked.product, asked.organisation, asked.stars, _picture(given["logo"]))
        if layout is not None:
            Sheet(layout, template, face, pins=asked.pins)  # raises before an index is taken
            if not as_json:
                click.echo(_size(layout, template), err=True)
        begun = jobs.begin(out, asked, face, keys, lambda: time.time_ns() // 1000, os.urandom(16).hex())
        if begun.again:
            click.echo(f"going on with the job that was begun in {out}", err=True)
        job = begun.job
        with click.progressbar(length=count, label="Minting", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
            made = mint_batch(job, keys, out, wants, lambda done: bar.update(done - bar.pos))
        read = _read_back(out, layout) if read_back and layout else None
        jobs.finish(out)
    except (StampError, OSError) as error:
        _refused(error)
        return
    _say(job, out, dict(made.files), read, as_json=as_json)


def _say(job: Job, out: Path, files: dict[str, str], read: int | None, *, as_json: bool) -> None:
    if as_json:
        said = {"lo": job.block.start, "hi": job.block.stop, "out": str(out), "files": files}
        click.echo(json.dumps(said if read is None else {**said, "read_back": read}))
        return
    names = ", ".join([*files, "manifest.json"])
    click.echo(f"{len(job.block)} stamps, indices {job.block.start}–{job.block.stop - 1}: {names} in {out}")
    if read is not None:
        click.echo(f"{read} labels read back, each as its code")


def _size(layout: Layout, template: Template) -> str:
    printed = layout.printed(template)
    dots = "" if printed.dots is None else f" = {printed.dots} dots at {layout.dpi} dpi"
    return (
        f"{layout.name}: symbol {template.version}-{template.ecc.value}, {printed.side_mm:.1f} mm wide with its quiet "
        f"zone, modules of {printed.module_mm:.3f} mm{dots}"
    )


def _picturing(kind: str | None) -> Picturing | None:
    return None if kind is None else png_of(_DOTS) if kind == "png" else svg_of(_MODULE_MM)


def _picture(path: Path | None) -> Picture | None:
    if path is None:
        return None
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415  only where a logo is printed

    try:
        with Image.open(path) as file:
            image = Image.new("RGB", file.size, (255, 255, 255))
            wide = file.convert("RGBA")
            image.paste(wide, mask=wide)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise click.BadParameter(f"cannot be read as a picture: {error}", param_hint="--logo") from None
    image.thumbnail((1200, 1200))
    return Picture(image.width, image.height, image.tobytes())


def _can_read_back(*, sheets: bool) -> None:
    """Raises UsageError or ModuleNotFoundError, before anything is minted that could not be read then."""
    if not sheets:
        raise click.UsageError("--read-back reads sheets; ask for --pdf too")
    for name in ("pypdfium2", "zxingcpp"):
        import_module(name)


def _read_back(out: Path, layout: Layout) -> int:
    """Decode what was drawn; the sheets lose their name again where that fails. Raises ReadBackFailed."""
    try:
        return readback.check(out / SHEETS, CodeList(out / CODES), layout).read
    except StampError:
        (out / SHEETS).replace(out / f"{SHEETS}.refused")
        raise


@click.command()
@_profile
@_gtin
@_host
@_layouts
@click.option("--json", "as_json", is_flag=True)
def layouts(*, profile: str, gtin: str | None, host: str, folder: Path | None, as_json: bool) -> None:
    """List the layouts, and how large a symbol of this kind comes out on each."""
    try:
        template = choose_template(Profile(profile), host, gtin)
        found = known(folder)
    except StampError as error:
        _refused(error)
        return
    for layout in found.values():
        try:
            printed = layout.printed(template)
        except StampError:
            printed = None
        if as_json:
            size = None if printed is None else {"side_mm": printed.side_mm, "module_mm": printed.module_mm}
            click.echo(json.dumps({"name": layout.name, "vi": layout.vi, "en": layout.en, "printed": size}))
        else:
            click.echo(_size(layout, template) if printed else f"{layout.name}: too small for this symbol")


@click.command("preview")
@_profile
@_gtin
@_host
@_pins
@_layout
@_layouts
@_product
@_organisation
@_stars
@_logo
@click.option("--out", required=True, type=_FILE, help="PNG to write")
def preview_command(*, out: Path, **given: Any) -> None:
    """Draw a label as it will be printed, with a test symbol."""
    try:
        template = choose_template(Profile(given["profile"]), given["host"], given["gtin"])
        layout = choose(given["layout"], known(given["folder"]))
        face = Face(given["product"], given["organisation"], given["stars"], _picture(given["logo"]))
        out.write_bytes(preview(layout, template, face, pins=given["pins"]))
    except (StampError, OSError) as error:
        _refused(error)
        return
    click.echo(_size(layout, template))


@click.command("styled")
@click.argument("text")
@click.option("--ink", default="#1F6B4A", show_default=True)
@click.option("--paper", default="#FFFFFF", show_default=True)
@click.option("--logo", type=_FILE, default=None)
@click.option("--out", required=True, type=_FILE, help="PNG to write")
def styled_command(*, text: str, ink: str, paper: str, logo: Path | None, out: Path) -> None:
    """Draw a code for a poster: rounded, in colour, with a logo, and checked to read."""
    style = styled.Style(_colour("--ink", ink), _colour("--paper", paper), logo)
    try:
        out.write_bytes(styled.draw(text, style))
    except (StampError, OSError) as error:
        _refused(error)


def _colour(name: str, text: str) -> tuple[int, int, int]:
    try:
        red, green, blue = bytes.fromhex(text.removeprefix("#"))
    except ValueError:
        raise click.BadParameter("write a colour as #RRGGBB", param_hint=name) from None
    return red, green, blue
