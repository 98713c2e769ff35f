"""What is known of the call being served, and what can be said beside it.

Every function speaks of the call that runs now.
"""

from __future__ import annotations

from wit_world.imports import ostler_rpc_context as host
from wit_world.imports.ostler_rpc_context import Identity

from .status import from_host

_SECOND = 1_000_000_000


def metadata() -> list[tuple[str, str]]:
    """Metadata of the request, in order; keys are in lower case and may repeat.

    Values of keys that end in `-bin` are unpadded base64.
    """
    return host.metadata()


def get(key: str) -> str | None:
    """The first value of a key."""
    return host.get(key)


def remaining() -> float | None:
    """Seconds left before the deadline; None without a deadline."""
    nanoseconds = host.remaining()
    return None if nanoseconds is None else nanoseconds / _SECOND


def deadline() -> float | None:
    """The deadline, as `time.time()` counts; None without one."""
    nanoseconds = host.deadline()
    return None if nanoseconds is None else nanoseconds / _SECOND


def cancelled() -> bool:
    """Whether the caller gave up or the deadline passed.

    A method that goes on is stopped when its grace is over.
    """
    return host.cancelled()


def draining() -> bool:
    """Whether this deployment is being replaced: long calls should end soon."""
    return host.draining()


def service() -> str:
    """The service's name, such as `users`."""
    return host.service()


def method() -> str:
    """The method's name, such as `get-user`."""
    return host.method()


def call_id() -> str:
    """The id of this call, as in the host's logs."""
    return host.call_id()


def tenant() -> str:
    """The tenant this deployment belongs to."""
    return host.tenant()


def peer() -> str | None:
    """The address of the caller, where there is a connection."""
    return host.peer()


def principal() -> Identity | None:
    """Who calls (`name` and `kind`); None when the call is not authenticated."""
    return host.principal()


def set_header(key: str, value: str) -> None:
    """Adds a header to the reply.

    Raises a `Status` when the head has been sent already (the first item of a
    stream takes it along), or when the key or the value is not allowed.
    """
    with from_host():
        host.set_header(key, value)


def set_trailer(key: str, value: str) -> None:
    """Adds a trailer to the reply; a `Status` when key or value is not allowed."""
    with from_host():
        host.set_trailer(key, value)


def flush_headers() -> None:
    """Sends the head of the reply now, before its first item."""
    host.flush_headers()
