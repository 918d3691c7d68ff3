"""What was asked is wrong."""

from __future__ import annotations

from azenha.domain.errors.base import AppError


class BadRequest(AppError):
    """The request itself is wrong: its form, or a value in it."""

    def __init__(self, message: str, locator: str | None = None) -> None:
        super().__init__(message)
        self.locator = locator


class Malformed(BadRequest):
    """The body is not what its media type says (not JSON, nested too deeply, NaN …)."""


class BadParameter(BadRequest):
    """A query parameter or header has a value that is not allowed; `locator` is its name."""


class MissingParameter(BadParameter):
    """A parameter that the operation needs was not given; `locator` is its name."""

    def __init__(self, name: str, message: str | None = None) -> None:
        super().__init__(message or f"parameter '{name}' is missing", name)


class VersionNotOffered(BadRequest):
    """None of the versions that the client can read is spoken here."""


class NoSuchOperation(BadRequest):
    """The protocol, or this server, has no operation of that name; `locator` is the name."""


class OptionNotOffered(BadRequest):
    """The protocol has the option, this server has not; `locator` is its name."""


class ModeNotOffered(BadParameter):
    """The process does not run in the mode that was demanded, which `locator` is."""


class UpdateSequenceAhead(BadRequest):
    """The client claims to have a newer capabilities document than there is."""


class HeaderNotUnderstood(BadRequest):
    """A SOAP header that the receiver must understand, or refuse the message."""


class UnsupportedMediaType(BadRequest):
    """The body has a media type that this operation does not take."""


class UnsupportedSchema(BadRequest):
    """The body is of a kind that this operation does not take (an openEO process graph …)."""


class TooLarge(BadRequest):
    """Body or value above its limit; the message names the setting."""


class TooManyPlain(TooLarge):
    """More values than may stand in memory; what is in files does not count. `locator` is the input, if it is known.

    Args:
        given: what was given, as words.
        more: of what is allowed, besides the number.
    """

    def __init__(self, given: str, limit: int, locator: str | None = None, more: str = "") -> None:
        super().__init__(given, locator)
        self._given, self._limit, self._more = given, limit, more

    def within(self, locator: str) -> TooManyPlain:
        """The same of an input."""
        return TooManyPlain(self._given, self._limit, locator, self._more)

    def __str__(self) -> str:
        where = (
            "the request has"
            if self.locator is None
            else f"input '{self.locator}': the request has, with it,"
        )
        return (
            f"{where} {self._given}; at most {self._limit} are taken{self._more} (setting limits.values). "
            f"Send many values as one file, by value or by reference, or ask the operator for more"
        )
