"""The whole demo, played once through the real services and the real scan."""

from pathlib import Path

import sqlalchemy as sa

from app.database import open_engine
from tests.app.test_cli import run

STATES = ("minted", "delivered", "active", "void", "lost", "held", "recalled")


def test_the_demo_tells_its_story_once(tmp_path: Path) -> None:
    first = run(tmp_path, "demo")
    assert first.exit_code == 0, first.exception
    engine = open_engine(f"sqlite:///{tmp_path / 'estamp.sqlite'}")
    with engine.connect() as connection:

        def ask(statement: str) -> list[tuple[object, ...]]:
            return [tuple(row) for row in connection.exec_driver_sql(statement).all()]

        assert ask("SELECT sum(hi - lo) FROM batch") == [(200_000,)]
        assert {row[0] for row in ask("SELECT DISTINCT state FROM stamp_range")} == {
            "MINTED",
            "PRINTED",
            "DELIVERED",
            "ACTIVE",
            "SPOILED",
            "VOID",
            "LOST",
        }
        verdicts = dict(ask("SELECT verdict, count(*) FROM scan GROUP BY verdict"))
        assert {"valid_first", "valid", "unusual", "recalled", "expired_product", "void", "lot_blocked"} <= set(
            verdicts
        )
        assert sum(int(str(count)) for count in verdicts.values()) > 5_000
        assert ask(
            "SELECT count(*) FROM (SELECT stamp FROM scan WHERE verdict = 'valid_first' GROUP BY stamp"
            " HAVING count(*) > 1) AS twice"
        ) == [(0,)]
        assert ask("SELECT kind, count(*) FROM stamp_flag GROUP BY kind") == [("display", 1)]
        assert ask("SELECT kind, count(*) FROM known_seller GROUP BY kind") == [("shop", 1)]
        assert ask("SELECT count(*) FROM organisation WHERE NOT example") == [(0,)]
        span = connection.execute(sa.text("SELECT max(at) - min(at) FROM scan")).scalar_one()
        assert span > 60 * 86_400 * 1_000_000
    engine.dispose()
    for state in STATES:
        assert run(tmp_path, "codes", "--state", state, "--limit", "1").output.count("\n") == 1, state
    assert run(tmp_path, "audit", "verify").exit_code == 0
    again = run(tmp_path, "demo")
    assert (again.exit_code, again.output) == (0, "")
