"""Five hundred processes, each with a few inputs: what lists and descriptions cost where there are many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from azenha import BBox, File, Range, Unit, process

COUNT = 500


def _made(number: int) -> Callable[..., str]:
    def described(
        name: str,
        share: Annotated[float, Range(0, 1)] = 0.5,
        distance: Annotated[float, Unit("m")] = 10.0,
        method: Literal["nearest", "bilinear", "cubic"] = "nearest",
        box: BBox | None = None,
        document: File | None = None,
    ) -> str:
        """One of many: says which it is.

        Args:
            name: Any name.
            share: How much of it.
            distance: How far.
            method: How pixels are found.
            box: Where, longitude first.
            document: A file of any kind.
        """
        return f"{number}: {name}"

    return described


for _number in range(COUNT):
    globals()[f"process_{_number:03}"] = process(id=f"process-{_number:03}", version="1.0.0")(_made(_number))
