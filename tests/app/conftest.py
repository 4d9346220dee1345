import threading
from collections.abc import Iterator

import pytest

from tests.app.office import Office, office
from tests.conftest import Stack
from tests.verifier.world import PASSPHRASE, Clock, World
from verifier.opener import listen


@pytest.fixture
def desk(stack: Stack) -> Iterator[Office]:
    with office(stack) as made:
        yield made


@pytest.fixture
def public(desk: Office) -> Iterator[World]:
    """The public side of the office's own world: its keys, its clock, and an opener that runs."""
    socket = desk.stack.data_dir / "o.sock"
    server = listen(socket, desk.minter.keys.path, PASSPHRASE)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    clock = desk.clock
    assert isinstance(clock, Clock)
    world = World(desk.stack, desk.minter.keys, clock, socket)
    yield world
    world.closing.close()
    server.shutdown()
    server.server_close()
    thread.join()
