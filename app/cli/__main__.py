"""`python -m app.cli` is `estamp`."""

from app.cli import main

main()
