"""How a method fails."""

from __future__ import annotations

from contextlib import contextmanager

from componentize_py_types import Err
from wit_world.imports import ostler_rpc_types as host
from wit_world.imports.ostler_rpc_types import Any, Code

__all__ = ["Any", "Code", "Status"]


class Status(Exception):
    """Why a call failed: the only error that reaches the caller as it is."""

    def __init__(self, code: Code, message: str = "", details: list[Any] | None = None):
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.details = list(details or [])

    def with_detail(self, detail: Any) -> Status:
        """Adds a detail, such as one of `ostler_guest.details`."""
        self.details.append(detail)
        return self

    def __str__(self) -> str:
        return f"{self.code.name}: {self.message}" if self.message else self.code.name

    @classmethod
    def cancelled(cls, message: str) -> Status:
        """The caller gave up."""
        return cls(Code.CANCELLED, message)

    @classmethod
    def unknown(cls, message: str) -> Status:
        """Nothing better fits."""
        return cls(Code.UNKNOWN, message)

    @classmethod
    def invalid_argument(cls, message: str) -> Status:
        """The request is wrong whatever the state of the system."""
        return cls(Code.INVALID_ARGUMENT, message)

    @classmethod
    def deadline_exceeded(cls, message: str) -> Status:
        """The time was up."""
        return cls(Code.DEADLINE_EXCEEDED, message)

    @classmethod
    def not_found(cls, message: str) -> Status:
        """What was asked for does not exist."""
        return cls(Code.NOT_FOUND, message)

    @classmethod
    def already_exists(cls, message: str) -> Status:
        """What was to be created exists."""
        return cls(Code.ALREADY_EXISTS, message)

    @classmethod
    def permission_denied(cls, message: str) -> Status:
        """The caller is known and may not do this."""
        return cls(Code.PERMISSION_DENIED, message)

    @classmethod
    def resource_exhausted(cls, message: str) -> Status:
        """A limit or a quota is used up."""
        return cls(Code.RESOURCE_EXHAUSTED, message)

    @classmethod
    def failed_precondition(cls, message: str) -> Status:
        """The system is not in the state this needs; a retry does not help."""
        return cls(Code.FAILED_PRECONDITION, message)

    @classmethod
    def aborted(cls, message: str) -> Status:
        """A conflict with another call; a retry of the whole may help."""
        return cls(Code.ABORTED, message)

    @classmethod
    def out_of_range(cls, message: str) -> Status:
        """Past the end of what exists."""
        return cls(Code.OUT_OF_RANGE, message)

    @classmethod
    def unimplemented(cls, message: str) -> Status:
        """This service does not do that."""
        return cls(Code.UNIMPLEMENTED, message)

    @classmethod
    def internal(cls, message: str) -> Status:
        """Something that must hold does not."""
        return cls(Code.INTERNAL, message)

    @classmethod
    def unavailable(cls, message: str) -> Status:
        """Not now; a retry may help."""
        return cls(Code.UNAVAILABLE, message)

    @classmethod
    def data_loss(cls, message: str) -> Status:
        """Data is lost or damaged for good."""
        return cls(Code.DATA_LOSS, message)

    @classmethod
    def unauthenticated(cls, message: str) -> Status:
        """The caller is not known."""
        return cls(Code.UNAUTHENTICATED, message)


def to_host(status: Status) -> host.Status:
    """The record of `ostler:rpc/types`."""
    return host.Status(code=status.code, message=status.message, details=status.details)


@contextmanager
def from_host():
    """Turns the host's error into the exception an author knows."""
    try:
        yield
    except Err as error:
        given = error.value
        raise Status(given.code, given.message, given.details) from None
