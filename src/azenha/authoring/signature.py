"""`@process`: the signature of a function is the description, its docstring the documentation."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar, overload

from azenha.authoring import docstring, marks
from azenha.authoring.annotations import fields, hints, is_several, read, unfold
from azenha.authoring.docstring import Docstring
from azenha.authoring.places import Place
from azenha.authoring.shapes import Slot
from azenha.authoring.slots import Read, describe, describe_output
from azenha.authoring.types import Context
from azenha.domain.bounds import MOST, MOST_BYTES, MOST_SECONDS
from azenha.domain.names import near
from azenha.domain.process import (
    InputDescription,
    JobControl,
    Limits,
    Metadata,
    OutputDescription,
    ProcessDescription,
    Text,
)

ATTRIBUTE = "__azenha__"  # of a decorated function or class: its Definition
RESULT = "result"  # the name of a single output

_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}")
Target = TypeVar("Target", bound=Callable[..., object])
COOPERATIVE: Final = "cooperative"
Pause = bool | Literal["cooperative"]


@dataclass(frozen=True, eq=False)
class Definition:
    """A process and the code behind it.

    Attributes:
        function: what was decorated: a function, or a class whose instances are called.
        inputs, outputs: what each value is to the function.
        positional: names of the inputs that must be given by position.
        context: the name of the parameter of type Context, if there is one.
        returns: the class whose fields are the outputs; None where there is one output, `result`.
    """

    description: ProcessDescription
    function: Callable[..., object]
    inputs: tuple[Slot, ...]
    outputs: tuple[Slot, ...]
    positional: tuple[str, ...] = ()
    context: str | None = None
    returns: type | None = None


@dataclass(frozen=True)
class Options:
    """What @process was given beside the function."""

    id: str | None = None
    version: str = "0.1.0"
    title: str | None = None
    keywords: Sequence[str] = ()
    metadata: Sequence[Metadata | str] = ()
    translations: Mapping[str, str | Text] | None = None
    sync: bool = True
    async_: bool = True
    dismiss: bool = True
    pause: Pause = False
    time_limit: float | None = None
    memory_limit: int | None = None
    max_input_bytes: int | None = None
    retries: int = 0
    reuse: int = 1
    labels: Sequence[str] = ()


@overload
def process(target: Target, /) -> Target: ...


@overload
def process(
    *,
    id: str | None = None,
    version: str = "0.1.0",
    title: str | None = None,
    keywords: Sequence[str] = (),
    metadata: Sequence[Metadata | str] = (),
    translations: Mapping[str, str | Text] | None = None,
    sync: bool = True,
    async_: bool = True,
    dismiss: bool = True,
    pause: Pause = False,
    time_limit: float | None = None,
    memory_limit: int | None = None,
    max_input_bytes: int | None = None,
    retries: int = 0,
    reuse: int = 1,
    labels: Sequence[str] = (),
) -> Callable[[Target], Target]: ...


def process(target: Any = None, /, **options: Any) -> Any:
    """Make a process of a function, or of a class whose instances are called. It can be called as before.

    Args:
        id: the name of the function if None.
        version: of the process, in whatever scheme.
        title: the first line of the docstring if None.
        keywords: for catalogues.
        metadata: links about it, as addresses or `Metadata`.
        translations: titles, or `Text`, by language tag.
        sync, async_: whether clients may wait for it, and whether they may leave it running.
        dismiss: whether clients may stop it.
        pause: whether clients may have it wait. True: it is stopped wherever it is, with all that it started
            (Unix). "cooperative": it waits where it calls `ctx.check`, or tells its progress.
        time_limit: seconds of run time; the server's limit if None.
        memory_limit: bytes, of all its processes together; the server's limit if None.
        max_input_bytes: of one input value, where its `Media` says nothing; the server's limit if None.
        retries: how often a job whose worker died is started again.
        reuse: how many jobs one child process may serve in turn; 1: each has a fresh one.
        labels: what a worker must have to run it (`gpu`, `bigmem`).
    Raises:
        AuthoringError: no process can be made of it; the text says where, why, and what to write instead.
    """
    chosen = Options(**options)

    def decorate(target: Target) -> Target:
        definition = define(target, chosen)
        setattr(target, ATTRIBUTE, definition)
        return target

    return decorate if target is None else decorate(target)


def definition_of(value: object) -> Definition | None:
    """The definition of a decorated function or class; None of anything else.

    A wrapper (functools.wraps) or subclass of one takes its attributes over, and is no process for that.
    """
    found = vars(value).get(ATTRIBUTE) if callable(value) and hasattr(value, "__dict__") else None
    return found if isinstance(found, Definition) and found.function is value else None


def define(target: Callable[..., object], options: Options) -> Definition:
    """Read signature, docstring and options.

    Raises:
        AuthoringError: no process can be made of it.
    """
    place = Place(getattr(target, "__module__", "?") or "?", getattr(target, "__qualname__", repr(target)))
    called = _called(target, place)
    docs = _docstring(target, called)
    parameters, context, positional = _parameters(called, isinstance(target, type), place)
    for name in docs.entries.keys() - {one.slot.name for one in parameters} - {context}:
        close = near(name, [one.slot.name for one in parameters])
        remedy = f"is it '{close}'?" if close else "take it out, or add the parameter"
        raise place.error(f"the docstring documents a parameter '{name}', which is not there", remedy)
    inputs = tuple(describe(one, docs.entries.get(one.slot.name)) for one in parameters)
    outputs, slots, returns, more = _outputs(called, docs, place)
    return Definition(
        _description(target, options, inputs, outputs, docs, more, place),
        target,
        tuple(one.slot for one in parameters),
        slots,
        positional,
        context,
        returns,
    )


# -- the function --------------------------------------------------------------------------------


def _called(target: Callable[..., object], place: Place) -> Callable[..., object]:
    """What is called with the inputs: the function itself, or the `__call__` of a class."""
    if isinstance(target, type):
        called = vars(target).get("__call__") or getattr(target, "__call__", None)  # noqa: B004
        if not inspect.isfunction(called):
            raise place.error("the class has no __call__", "write def __call__(self, …) with the inputs")
        needed = [p.name for p in _signature(target, place).parameters.values() if _must_be_given(p)]
        if needed:
            remedy = "give them defaults: it is made without arguments, once in each child process"
            raise place.error(f"__init__ needs {', '.join(needed)}", remedy)
        place = dataclasses.replace(place, name=f"{place.name}.__call__")
    else:
        called = target
    if not inspect.isfunction(called):
        raise place.error("only a function or a class can be a process", "write a def that calls it")
    if inspect.iscoroutinefunction(called) or inspect.isasyncgenfunction(called):
        remedy = (
            "write def: each job has a process of its own, where waiting blocks nobody (asyncio.run works)"
        )
        raise place.error("it is async def", remedy)
    if inspect.isgeneratorfunction(called):
        raise place.error(
            "it is a generator (it has yield)", "return the outputs, and report with ctx.progress"
        )
    return called


def _signature(target: Callable[..., object], place: Place) -> inspect.Signature:
    try:
        return inspect.signature(target)
    except (ValueError, TypeError) as error:
        raise place.error(f"its signature cannot be read: {error}", "write it in Python") from None


def _must_be_given(parameter: inspect.Parameter) -> bool:
    variable = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    return parameter.default is parameter.empty and not variable


def _docstring(target: Callable[..., object], called: Callable[..., object]) -> Docstring:
    """That of the function; of a class, its own, with what only `__call__` says."""
    if target is called:
        return docstring.read(called.__doc__)
    own, inner = docstring.read(vars(target).get("__doc__")), docstring.read(called.__doc__)
    # Attributes of the class may be documented there; they are no parameters.
    parameters = inspect.signature(called).parameters
    entries = {name: text for name, text in own.entries.items() if name in parameters}
    return Docstring(
        own.title or inner.title,
        own.abstract if own.title else inner.abstract,
        {**entries, **inner.entries},
        inner.returns or own.returns,
    )


def _parameters(
    called: Callable[..., object], method: bool, place: Place
) -> tuple[list[Read], str | None, tuple[str, ...]]:
    """Inputs in order, the name of the context parameter, and the inputs to be given by position."""
    parameters = list(_signature(called, place).parameters.values())[1 if method else 0 :]
    for one in parameters:
        _refuse(one, place.parameter(one.name))
    annotated = hints(called, place)
    inputs: list[Read] = []
    context: str | None = None
    positional: list[str] = []
    for one in parameters:
        here = place.parameter(one.name)
        if one.kind is one.POSITIONAL_ONLY:
            positional.append(one.name)
        if annotated[one.name] is Context:
            if context:
                raise here.error(f"'{context}' is of type Context too", "keep one of them")
            context = one.name
            continue
        inputs.append(read(one.name, annotated[one.name], here, output=False, default=one.default))
    return inputs, context, tuple(positional)


def _refuse(parameter: inspect.Parameter, place: Place) -> None:
    if parameter.kind is parameter.VAR_POSITIONAL:
        remedy = f"write {parameter.name}: list[…] for several values"
        raise place.error(f"*{parameter.name} does not tell clients what to send", remedy)
    if parameter.kind is parameter.VAR_KEYWORD:
        remedy = "write each as a parameter of its own"
        raise place.error(f"**{parameter.name} does not tell clients what to send", remedy)
    if parameter.annotation is parameter.empty:
        raise place.error("it has no type", f"write it: {parameter.name}: int, for example")


# -- outputs -------------------------------------------------------------------------------------


def _outputs(
    called: Callable[..., object], docs: Docstring, place: Place
) -> tuple[tuple[OutputDescription, ...], tuple[Slot, ...], type | None, str | None]:
    """Descriptions and slots, the class that has them as fields, and what `Returns` says of them all."""
    annotated = hints(called, place)
    if "return" not in annotated:
        raise place.error(
            "it has no return type", "write -> Raster, for example: the return type is its output"
        )
    returned = annotated["return"]
    here = place.output(RESULT)
    if returned is type(None):
        raise here.error("it returns None", "return something: clients must have an output to ask for")
    core, extras, nullable = unfold(returned, here)
    if is_several(core):
        if nullable:
            remedy = f"write `| None` beside those fields of {core.__name__} that may be missing"
            raise here.error(f"{core.__name__} is several outputs, and they may be None together", remedy)
        if extras:
            remedy = "write it beside its fields"
            raise here.error(f"{extras[0]!r} stands beside {core.__name__}, which is several outputs", remedy)
        reads, own = fields(core, place, output=True)
        described = tuple(describe_output(one, own.entries.get(one.slot.name)) for one in reads)
        return described, tuple(one.slot for one in reads), core, docs.returns
    one = read(RESULT, returned, here, output=True)
    return (describe_output(one, docs.returns),), (one.slot,), None, None


# -- options -------------------------------------------------------------------------------------


def _description(
    target: Callable[..., object],
    options: Options,
    inputs: tuple[InputDescription, ...],
    outputs: tuple[OutputDescription, ...],
    docs: Docstring,
    more: str | None,
    place: Place,
) -> ProcessDescription:
    name: str = getattr(target, "__name__", "")
    id = name if options.id is None else options.id
    if not marks.is_text(id) or not _ID.fullmatch(id):
        remedy = "write @process(id=…) with letters, digits, '_', '-' and '.', beginning with a letter or '_'"
        raise place.error(f"its id is {id!r}", remedy)
    if not marks.is_text(options.version):
        raise place.error(f"its version is {options.version!r}", "write it as text, such as '1.0.0'")
    derived = docs.title or marks.titled(name)
    title = derived if options.title is None else options.title
    if not marks.is_text(title):
        raise place.error(f"its title is {title!r}", "give it a text")
    abstract = "\n\n".join(part for part in (docs.abstract, more and f"Returns: {more}") if part)
    return ProcessDescription(
        id=id,
        version=options.version,
        text=Text(title, abstract or None, marks.words(options.keywords, place)),
        inputs=inputs,
        outputs=outputs,
        metadata=_metadata(options.metadata, place),
        job_control=_job_control(options, place),
        limits=Limits(
            _more_than_0("time_limit", options.time_limit, "seconds", place),
            _whole("memory_limit", options.memory_limit, 1, "bytes", place),
            _whole("max_input_bytes", options.max_input_bytes, 1, "bytes", place),
        ),
        retries=_whole("retries", options.retries, 0, "times", place) or 0,
        reuse=_whole("reuse", options.reuse, 1, "jobs", place) or 1,
        pauses_itself=options.pause == COOPERATIVE,
        labels=marks.words(options.labels, place, "labels"),
        translations=marks.translations(options.translations, place),
    )


def _metadata(links: Sequence[Metadata | str], place: Place) -> tuple[Metadata, ...]:
    if isinstance(links, str):
        raise place.error(f"metadata is one text, {links!r}", f"write a list: [{links!r}]")
    for link in links:
        if not isinstance(link, (str, Metadata)):
            raise place.error(
                f"metadata has {link!r}", "give addresses, or azenha.Metadata(address, title, role)"
            )
    return tuple(Metadata(link) if isinstance(link, str) else link for link in links)


def _job_control(options: Options, place: Place) -> frozenset[JobControl]:
    given = {
        JobControl.SYNC: options.sync,
        JobControl.ASYNC: options.async_,
        JobControl.DISMISS: options.dismiss,
        JobControl.PAUSE: options.pause is not False,
    }
    if not isinstance(options.pause, bool) and options.pause != COOPERATIVE:
        raise place.error(f"pause is {options.pause!r}", 'write True, or "cooperative"')
    if not options.sync and not options.async_:
        raise place.error("it runs neither synchronously nor asynchronously", "leave sync or async_ as True")
    return frozenset(control for control, chosen in given.items() if chosen)


def _whole(name: str, value: int | None, least: int, of_what: str, place: Place) -> int | None:
    if value is None and name not in ("retries", "reuse"):
        return None
    most = MOST_BYTES if of_what == "bytes" else MOST
    if type(value) is not int or not least <= value <= most:
        raise place.error(
            f"{name} is {value!r}", f"give a whole number of {of_what}, {least} or more, at most {most}"
        )
    return value


def _more_than_0(name: str, value: float | None, of_what: str, place: Place) -> float | None:
    if value is None:
        return None
    if type(value) not in (int, float) or not 0 < value <= MOST_SECONDS:
        raise place.error(
            f"{name} is {value!r}",
            f"give a number of {of_what} above 0, at most {MOST_SECONDS:.0f} (100 years)",
        )
    return float(value)
