"""What a method reads."""

from __future__ import annotations

from collections import deque
from typing import Generic, Iterator, TypeVar

from .handles import Handle
from .poll import Pollable
from .status import Status, from_host

T = TypeVar("T")

#: How many items one crossing into the host asks for at most. The host hands
#: over only what is already there, and bounds that in bytes.
_BATCH = 64


class Stream(Handle, Generic[T]):
    """The stream a method reads: an iterator over what the caller sends.

    Its end means that the caller ended it. A `Status` raised while iterating
    means that it broke: the call was cancelled, its deadline passed, the
    connection was lost or an item was malformed. Both are final and are given
    again, so that a broken stream is never taken for a short one.
    """

    def __init__(self, handle: object):
        super().__init__(handle)
        self._queued: deque[T] = deque()
        self._ended = False
        self._broken: Status | None = None

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        if self._asks_host():
            self._fill()
        if self._queued:
            return self._queued.popleft()
        if self._broken is not None:
            raise self._broken.with_traceback(None)
        raise StopIteration

    def subscribe(self) -> Pollable:
        """Ready when `next` would not wait; good for the life of the stream."""
        return Pollable(self._handle.subscribe(), lambda: not self._asks_host())

    def _asks_host(self) -> bool:
        return not self._queued and not self._ended

    def _fill(self) -> None:
        try:
            with from_host():
                self._queued.extend(self._handle.next_batch(_BATCH))
            self._ended = not self._queued
        except Status as status:
            self._ended = True
            self._broken = status
