"""`python -m benchmarks`: measure, print the table, and write it into docs/benchmarks.md."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from benchmarks import measures, workloads
from benchmarks.beside import beside
from benchmarks.bodies import bodies
from benchmarks.data import data
from benchmarks.listing import listing
from benchmarks.wps import wps

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
OGCAPI = {"listing": listing, "bodies": bodies, "beside": beside}
ALL = {**workloads.ALL, **OGCAPI, "wps": wps, "data": data}
NOISE = (
    "But for what is compared in turns, rates are the best of {repeat} runs (of echoes and the 500 jobs three times "
    "as many), times the shortest of {repeat}: what else the machine does only makes them worse."
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "workloads", nargs="*", choices=[*ALL, []], help="only these, and without writing the page"
    )
    parser.add_argument("--seconds", type=float, default=2.0, help="of one run of a rate (default 2)")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each measure (default 3)")
    parser.add_argument(
        "--quick", action="store_true", help="small sizes, to see that it runs, and without writing the page"
    )
    options = parser.parse_args()
    if options.seconds <= 0 or options.repeat < 1:
        parser.error("--seconds must be above 0 and --repeat at least 1")
    load = os.getloadavg()[0]
    rows: list[measures.Row] = []
    with tempfile.TemporaryDirectory(prefix="azenha-bench-") as folder:
        plan = workloads.Plan(Path(folder), options.seconds, options.repeat, options.quick)
        for name in options.workloads or ALL:
            measured = ALL[name](plan)
            print(measures.table(measured), "", sep="\n", flush=True)
            rows += measured
    if not options.workloads and not options.quick:
        noise = NOISE.format(repeat=options.repeat)
        command = f"`python -m benchmarks --seconds {options.seconds:g} --repeat {options.repeat}`"
        measures.write(
            PAGE, f"Measured by {command}: {measures.machine(load)} {noise}\n\n{measures.table(rows)}"
        )
    missed = [row.what for row in rows if row.met is False]
    print(f"{len(missed)} targets missed" + "".join(f"\n  {what}" for what in missed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
