"""Between the host's calls and an author's methods; generated code uses it."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from enum import Enum
from types import ModuleType
from typing import Callable

from componentize_py_types import Err

from . import log
from .handles import close_all
from .sink import Closed, Sink
from .status import Status, to_host
from .stream import Stream


class Fails(Enum):
    """With what a method may fail."""

    NEVER = "nothing"
    STATUS = "a Status"
    OTHER = "an Err of what the contract says"


@dataclass(frozen=True)
class Method:
    """What differs between the author's method and the host's function."""

    fails: Fails = Fails.NEVER
    #: The one parameter is a stream.
    reads: bool = False
    #: The last parameter is a sink, which gathers so many items.
    writes: int = 0

    def arguments(self, given: tuple) -> list:
        """What the author's method is called with."""
        arguments = list(given)
        if self.reads:
            arguments[0] = Stream(arguments[0])
        if self.writes:
            arguments[-1] = Sink(arguments[-1], self.writes)
        return arguments

    def call(self, function: Callable, given: tuple) -> object:
        """Runs the author's method."""
        try:
            return function(*self.arguments(given))
        except Closed:
            if self.writes:
                return None
            raise

    def known(self, error: BaseException) -> Err | None:
        """An error that the contract knows, as the host takes it."""
        if self.fails is Fails.STATUS and isinstance(error, Status):
            return Err(to_host(error))
        if self.fails is Fails.OTHER and type(error) is Err:
            return error
        return None


def expose(module: ModuleType, name: str, **methods: Method) -> type:
    """The class the host calls, in front of the author's class of that name."""
    author = getattr(module, name, None)
    missing = [method for method in methods if not callable(getattr(author, method, None))]
    if missing:
        raise TypeError(
            f"{module.__name__}.py: the contract needs class {name} with the methods "
            f"{', '.join(missing)}"
        )
    instance = None

    def called(method: str, spec: Method, given: tuple) -> object:
        nonlocal instance
        try:
            # Made by the first call: at build time there is no host to ask.
            instance = instance or author()
            return spec.call(getattr(instance, method), given)
        except BaseException as error:
            known = spec.known(error)
            if known is None:
                _report(f"{name}.{method}", spec)
                raise
            raise known from None
        finally:
            close_all()

    def exported(method: str, spec: Method) -> Callable:
        return lambda self, *given: called(method, spec, given)

    return type(name, (), {method: exported(method, spec) for method, spec in methods.items()})


def _report(place: str, spec: Method) -> None:
    """Says what the host sees only as a trap."""
    text = traceback.format_exc(chain=False).strip()
    message = text.rsplit("\n", 1)[-1]
    log.error(f"{place} raised {message}", traceback=text, may_fail_with=spec.fails.value)
