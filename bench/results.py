"""Where the benchmarks put what they measured."""

import json
import platform
from pathlib import Path

PATH = Path(__file__).with_name("results.json")


def keep(name: str, found: object) -> None:
    """Put one benchmark's results beside the others'."""
    kept = json.loads(PATH.read_text("utf-8")) if PATH.exists() else {}
    kept["machine"] = f"{platform.machine()}, Python {platform.python_version()}"
    kept[name] = found
    PATH.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
