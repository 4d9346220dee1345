"""Where `estamp` begins: the platform's commands, or the engine's alone where nothing but the engine is installed."""

from importlib.util import find_spec


def main() -> None:
    """Run the command line that this installation has."""
    if find_spec("flask") is None:
        from stamp_engine.__main__ import main as engine  # noqa: PLC0415  the other one cannot be imported then

        engine()
    else:
        from app.cli import main as platform  # noqa: PLC0415

        platform()
