"""Writes the tables of errors of OGC API - Processes from those that the server answers by, into errors.md.

`python docs/errors.py` writes them anew; a test fails while the page is not what the server does.
"""

from __future__ import annotations

from pathlib import Path

from diagram import between

from azenha.domain.errors import AppError
from azenha.protocols.ogcapi.faults import FAILURES, FAULTS

PAGE = Path(__file__).parent / "reference" / "errors.md"
BEGIN = "<!-- errors: written by docs/errors.py -->"
END = "<!-- end of errors -->"


def _meaning(error: type[AppError]) -> str:
    # A class without a docstring of its own says by its name and title what it is.
    own = vars(error).get("__doc__") or ""
    return " ".join(own.split("\n\n")[0].split())


def tables() -> str:
    """Markdown: what requests are answered with, then what the results of failed jobs are answered with."""
    lines = ["| Status | Title | Type | Error | When |", "|---|---|---|---|---|"]
    for error, (status, type, title) in sorted(FAULTS.items(), key=lambda f: (f[1][0], f[0].__name__)):
        name = type.rpartition("/")[2]
        lines.append(f"| {status} | {title} | `{name}` | `{error.__name__}` | {_meaning(error)} |")
    lines += ["", "## Results of a failed job", "", "| Kind | Status | Title |", "|---|---|---|"]
    lines += [f"| `{kind}` | {status} | {title} |" for kind, (status, title) in FAILURES.items()]
    return "\n".join(lines)


def page() -> str:
    """The page as it must be."""
    return between(PAGE.read_text(encoding="utf-8"), BEGIN, END, tables())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
