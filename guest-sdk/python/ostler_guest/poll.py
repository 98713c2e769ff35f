"""Waiting for one of several things, and for time to pass.

    with messages.subscribe() as input:
        ready = poll.poll([input, poll.after(1.0)])

What a call leaves open is closed when it ends.
"""

from __future__ import annotations

from typing import Callable, Self

from wit_world.imports import ostler_rpc_poll as host

from .handles import Handle

#: More at once would be a trap.
_MOST = 1024


class Pollable(Handle):
    """Something that becomes ready."""

    def __init__(self, handle: host.Pollable, known: Callable[[], bool] = lambda: False):
        super().__init__(handle)
        # What the guest itself knows: items that crossed over with earlier ones.
        self._known = known

    def ready(self) -> bool:
        """Whether it is ready now."""
        return self._known() or self._handle.ready()

    def block(self) -> None:
        """Waits until it is ready."""
        if not self._known():
            self._handle.block()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def poll(pollables: list[Pollable]) -> list[int]:
    """Waits until at least one is ready; gives the places of those that are."""
    if not 1 <= len(pollables) <= _MOST:
        raise ValueError(f"poll takes 1 to {_MOST} pollables, not {len(pollables)}")
    if any(pollable._known() for pollable in pollables):
        # Nothing to wait for, but the others get their turn too.
        return [place for place, pollable in enumerate(pollables) if pollable.ready()]
    return host.poll([pollable._handle for pollable in pollables])


def after(seconds: float) -> Pollable:
    """Ready when that much time has passed."""
    nanoseconds = min(max(0, int(seconds * 1_000_000_000)), 2**64 - 1)
    return Pollable(host.subscribe_duration(nanoseconds))


def sleep(seconds: float) -> None:
    """Waits that long, without using CPU.

    It does not end earlier when the call is cancelled: see `context.cancelled`.
    """
    with after(seconds) as timer:
        timer.block()
