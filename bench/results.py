"""Where the benchmarks put what they measured, and how they show it."""

import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PATH = Path(__file__).with_name("results.json")


def keep(name: str, found: object) -> None:
    """Put one benchmark's results beside the others'."""
    kept = json.loads(PATH.read_text("utf-8")) if PATH.exists() else {}
    kept["machine"] = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    kept[name] = found
    PATH.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")


def rounded(found: Any) -> Any:
    """The same with every number cut to four significant digits."""
    if isinstance(found, Mapping):
        return {key: rounded(value) for key, value in found.items()}
    return float(f"{found:.4g}") if isinstance(found, float) else found
