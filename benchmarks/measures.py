"""What a run measured, and how it is shown: rows with ratios to the floors and to the targets."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

BEGIN = "<!-- measured: begin -->"
END = "<!-- measured: end -->"


@dataclass(frozen=True)
class Row:
    """One measured value.

    Attributes:
        floor: the same unit; None where there is none.
        target: the bound, inclusive; None: for information only.
        of_ratio: the target bounds value / floor, not the value.
        at_most: the target is an upper bound.
        beside: the same of another server, which `what` names, or why there is none; None: not asked.
        of_turns: the ratio where value and floor were measured in turns, see `in_turns`; None: of the two.
    """

    what: str
    value: float
    unit: str
    floor: float | None = None
    target: float | None = None
    of_ratio: bool = False
    at_most: bool = False
    beside: float | str | None = None
    of_turns: float | None = None

    @property
    def ratio(self) -> float | None:
        if self.of_turns is not None:
            return self.of_turns
        return None if self.floor is None else self.value / self.floor

    @property
    def met(self) -> bool | None:
        if self.target is None:
            return None
        compared = self.ratio if self.of_ratio else self.value
        assert compared is not None
        return compared <= self.target if self.at_most else compared >= self.target

    def cells(self) -> tuple[str, ...]:
        bound = ""
        if self.target is not None:
            unit = " × floor" if self.of_ratio else f" {self.unit}"
            bound = f"{'≤' if self.at_most else '≥'} {_number(self.target)}{unit}"
        return (
            self.what,
            f"{_number(self.value)} {self.unit}",
            "" if self.floor is None else f"{_number(self.floor)} {self.unit}",
            "" if self.ratio is None else f"{self.ratio:.2f}",
            bound,
            {True: "met", False: "**not met**", None: ""}[self.met],
            f"{_number(self.beside)} {self.unit}" if isinstance(self.beside, float) else self.beside or "",
        )


HEAD = ("what", "measured", "floor", "ratio", "target", "", "beside")


def _number(value: float) -> str:
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def combined(rates: Iterable[float]) -> float:
    """The rate of things done one after the other: their times, 1/rate, added up."""
    return 1 / sum(1 / rate for rate in rates)


def best(measure: Callable[[], float], repeat: int) -> float:
    """The highest of some runs: whatever else the machine does only makes a rate lower."""
    return max(measure() for _ in range(repeat))


def in_turns(
    what: str,
    values: Sequence[float],
    floors: Sequence[float],
    unit: str,
    target: float | None = None,
    *,
    at_most: bool = False,
) -> Row:
    """What was measured in turns with its floor: the middle ones, and the middle one of the turns' own ratios.

    What else the machine does changes from one second to the next, by more than is looked for: the shortest of
    all jobs and the shortest of all floors may be of different moments, the two of a turn are of nearly the same.
    """
    ratio = median(value / floor for value, floor in zip(values, floors, strict=True))
    return Row(
        what, median(values), unit, median(floors), target, target is not None, at_most, of_turns=ratio
    )


def table(rows: Sequence[Row]) -> str:
    """Markdown that can be read as it is."""
    lines = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(HEAD))]
    shown = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    return "\n".join([shown[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *shown[1:]])


def machine(load: float) -> str:
    """Where and when this was measured. `load`: the machine's load average at the beginning."""
    model = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    return (
        f"{os.cpu_count()} cores ({model}), {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}; "
        f"load average at the beginning {load:.1f}."
    )


def write(page: Path, text: str) -> None:
    """Put `text` between the markers of the page.

    Raises:
        ValueError: the page does not have both markers.
    """
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page.name} needs the markers {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")
