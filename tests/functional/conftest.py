"""One sandbox of the outside world for all of these tests; each brings it to quiet before it begins."""

from collections.abc import Iterator

import pytest

from tests.sandbox.conftest import Sandbox


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    made = Sandbox(tmp_path_factory.mktemp("sandbox"), "http://127.0.0.1:9")
    yield made
    made.http.close()
    made.process.terminate()
    made.process.wait(5)
