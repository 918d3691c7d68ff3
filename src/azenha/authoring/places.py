"""Where in an author's code something is wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace

from azenha.authoring.errors import AuthoringError


@dataclass(frozen=True)
class Place:
    """A module, a function or class in it, and what of it: `parameter 'area', field 'name'`."""

    module: str
    name: str
    part: str = ""
    within: tuple[type, ...] = ()  # the records that we are inside of

    def parameter(self, name: str) -> Place:
        return replace(self, part=f"parameter '{name}'")

    def output(self, name: str) -> Place:
        return replace(self, part=f"output '{name}'")

    def field(self, name: str) -> Place:
        return replace(self, part=f"{self.part}, field '{name}'" if self.part else f"field '{name}'")

    def inside(self, record: type) -> Place:
        return replace(self, within=(*self.within, record))

    def error(self, problem: str, remedy: str) -> AuthoringError:
        part = f", {self.part}" if self.part else ""
        return AuthoringError(f"{self.module}.{self.name}{part}: {problem}; {remedy}")
