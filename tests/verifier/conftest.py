from collections.abc import Iterator

import pytest

from tests.conftest import Stack
from tests.verifier.world import World, world


@pytest.fixture
def place(stack: Stack) -> Iterator[World]:
    with world(stack) as made:
        yield made
