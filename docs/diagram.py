"""Draws the states of a job from the table that the server runs on, as Mermaid, into life-of-a-job.md.

`python docs/diagram.py` writes it anew; a test fails while the page is not what the table says.
"""

from __future__ import annotations

from pathlib import Path

from azenha.domain.job import TRANSITIONS, JobState

PAGE = Path(__file__).parent / "explanation" / "life-of-a-job.md"
BEGIN = "<!-- states: written by docs/diagram.py -->"
END = "<!-- end of states -->"


def diagram() -> str:
    """The Mermaid text of TRANSITIONS; a state without arrows out of it is an end."""
    lines = ["stateDiagram-v2", f"    [*] --> {JobState.CREATED}", f"    [*] --> {JobState.ACCEPTED}"]
    for state, arrows in TRANSITIONS.items():
        lines += [f"    {state} --> {target}: {event}" for event, target in arrows.items()]
        if not arrows:
            lines.append(f"    {state} --> [*]")
    return "\n".join(lines)


def between(page: str, begin: str, end: str, text: str) -> str:
    """The page with `text` between two marks.

    Raises:
        ValueError: a mark is missing.
    """
    head, found, rest = page.partition(begin)
    _, closed, tail = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"the page lacks '{begin}' or '{end}'")
    return f"{head}{begin}\n\n{text}\n\n{end}{tail}"


def page() -> str:
    """The page as it must be."""
    return between(PAGE.read_text(encoding="utf-8"), BEGIN, END, f"```mermaid\n{diagram()}\n```")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
