"""The verifier's image: exactly what the Dockerfile copies starts, without the office and without Pillow."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Stands for what `requirements/verifier.txt` does not install.
BLOCKED = ("app", "PIL", "flask", "alembic", "qrcode", "zxingcpp", "pypdfium2", "wsgi")
START = f"""
import sys
for name in {BLOCKED!r}:
    sys.modules[name] = None
import config, verifier.asgi, verifier.opener
verifier.asgi.create(config.verifier({{"DEVICE_SECRET": "d" * 32, "DATA_DIR": "."}}))
"""


def copied(target: str) -> list[str]:
    stage = re.split(r"^FROM .* AS ", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.MULTILINE)
    body = next(part for part in stage if part.startswith(f"{target}\n"))
    return [name for line in re.findall(r"^COPY (.*) \S+$", body, flags=re.MULTILINE) for name in line.split()]


def test_the_verifier_starts_from_what_is_copied(tmp_path: Path) -> None:
    for name in copied("verifier"):
        source = ROOT / name
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, tmp_path / name)
        else:
            shutil.copy(source, tmp_path / name)
    assert not (tmp_path / "app").exists()
    made = subprocess.run(
        [sys.executable, "-P", "-c", START],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr


def test_the_verifiers_requirements_leave_the_office_out() -> None:
    named = set(
        re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements" / "verifier.txt").read_text("utf-8"), flags=re.MULTILINE)
    )
    assert {"gunicorn", "starlette", "sqlalchemy"} <= named
    assert not named & {"pillow", "flask", "alembic", "qrcode", "zxing-cpp", "pypdfium2"}


def test_everything_that_is_copied_exists_and_every_package_is_in_the_whole_image() -> None:
    names = copied("all")
    assert {"app", "verifier", "stamp_engine", "migrations", "wsgi.py", "config.py"} <= set(names)
    assert all((ROOT / name).exists() for name in names)
