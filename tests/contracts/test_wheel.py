"""A plain install: every data file is in the wheel, and the engine alone mints and verifies."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("app", "stamp_engine", "verifier")
# Stands for what `requirements/engine.txt` does not install.
BLOCKED = ("flask", "sqlalchemy", "redis", "psycopg", "starlette", "jinja2", "PIL", "qrcode", "pypdfium2", "zxingcpp")
BUILD = "from setuptools import build_meta; build_meta.build_wheel('wheel')"
START = f"""
import sys
sys.modules.update(dict.fromkeys({BLOCKED!r}))
from app.entry import main
main()
"""


def python(folder: Path, *words: str, **env: str) -> str:
    given = {**os.environ, "ESTAMP_PASSPHRASE": "x", **env}
    made = subprocess.run(
        [sys.executable, "-P", "-c", *words], cwd=folder, env=given, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    return made.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what the wheel brings."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "config.py", "wsgi.py"):
        shutil.copy(ROOT / name, folder / name)
    python(folder, BUILD)
    (wheel,) = (folder / "wheel").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder


def test_every_file_of_the_packages_is_in_the_wheel(installed: Path) -> None:
    def files(root: Path) -> set[str]:
        return {str(path.relative_to(root)) for name in PACKAGES for path in (root / name).rglob("*") if path.is_file()}

    assert files(installed / "site") == files(installed)


def test_the_engine_alone_is_a_whole_command_line(installed: Path, tmp_path: Path) -> None:
    def estamp(*words: str) -> str:
        return python(tmp_path, START, *words, PYTHONPATH=str(installed / "site"))

    estamp("keys", "new", "--keys", "keys")
    estamp("mint", "--count", "3", "--keys", "keys", "--out", "out", "--pdf", "--csv", "--pins", "--images", "svg")
    assert (tmp_path / "out" / "sheets.pdf").stat().st_size > 1000
    codes = [line.split(",")[2] for line in (tmp_path / "out" / "codes.csv").read_text().splitlines()[1:]]
    assert estamp("verify", "--keys", "keys", *codes) == "authentic 0\nauthentic 1\nauthentic 2\n"
    assert "a4-40x30" in estamp("layouts")
