from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from workshop import Offered, Workshop, offered, quick

from azenha.engine.sandbox import tree


@pytest.fixture(scope="session")
def offers(tmp_path_factory: pytest.TempPathFactory) -> Offered:
    return offered(tmp_path_factory.mktemp("processes"))


@pytest.fixture(scope="module")
def shop(offers: Offered, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """One worker for all tests of a module: what one job does must not matter to the next."""
    tree.become_subreaper()  # as the worker's program does
    shop = Workshop(offers, quick(tmp_path_factory.mktemp("data")))
    shop.worker.start()
    yield shop
    shop.close()


@pytest.fixture
def own_shop(offers: Offered, tmp_path: Path) -> Iterator[Callable[..., Workshop]]:
    """Makes a worker of the test's own, not yet started; its argument: slots and the like."""
    shops: list[Workshop] = []
    tree.become_subreaper()

    def make(**queue: int) -> Workshop:
        shops.append(Workshop(offers, quick(tmp_path / f"data-{len(shops)}", **queue)))
        return shops[-1]

    (tmp_path / "data-0").mkdir()
    yield make
    for shop in shops:
        shop.close()
