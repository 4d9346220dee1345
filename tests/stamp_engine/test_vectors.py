"""The published vectors: today's code gives them, and an independent reader in JavaScript accepts them."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from stamp_engine.errors import Malformed
from stamp_engine.format import parse
from tests.vectors.make import vectors

FOLDER = Path(__file__).resolve().parents[1] / "vectors"


def test_the_code_still_gives_the_published_vectors() -> None:
    published = json.loads((FOLDER / "vectors.json").read_text("utf-8"))
    assert json.loads(json.dumps(vectors())) == published
    for text in published["malformed"]:
        with pytest.raises(Malformed):
            parse(text, {"T.SONLA.VN"})


@pytest.mark.skipif(shutil.which("node") is None, reason="no node here")
def test_an_independent_reader_accepts_them() -> None:
    made = subprocess.run(  # noqa: S603  our own file
        [shutil.which("node") or "node", str(FOLDER / "verify.mjs")], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    assert ", 0 wrong" in made.stdout
