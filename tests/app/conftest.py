from collections.abc import Iterator

import pytest

from tests.app.office import Office, office
from tests.conftest import Stack


@pytest.fixture
def desk(stack: Stack) -> Iterator[Office]:
    with office(stack) as made:
        yield made
