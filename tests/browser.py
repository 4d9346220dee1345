"""Finds a Chromium for the browser tests; installs one with apt where this is root on Debian; else says so, loudly."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

PLACES = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
SETTLED = ("apt-get", "install", "--yes", "--no-install-recommends", "chromium", "fonts-noto-core")


def chromium() -> str | None:
    """The path of a Chromium, None where there is none."""
    wished = os.environ.get("CHROMIUM", "")
    found = [place for place in (wished, *PLACES) if place and Path(place).is_file()]
    return found[0] if found else shutil.which("chromium")


def main() -> None:
    """Make sure of one, if that can be done."""
    if chromium() or os.environ.get("NO_BROWSER"):
        return
    if os.geteuid() == 0 and Path("/etc/debian_version").exists() and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (("apt-get", "update", "--quiet"), SETTLED):
            subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL, check=False)
    if not chromium():
        print("!!! NO CHROMIUM FOUND: the browser tests are SKIPPED. Install it, or set CHROMIUM. !!!", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    main()
