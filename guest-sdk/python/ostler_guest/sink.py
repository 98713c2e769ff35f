"""What a method writes."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import islice
from typing import Generic, Iterable, TypeVar

from componentize_py_types import Err

from .handles import Handle
from .poll import Pollable

T = TypeVar("T")


class Closed(Exception):
    """The peer is gone: nothing more can be sent.

    A method that lets it pass has ended as it should.
    """


class Sink(Handle, Generic[T]):
    """The stream a method writes.

    It ends when the method returns; a `Status` that is raised is the status of
    the stream, after the items already sent. `close` ends the output while the
    method goes on.
    """

    def __init__(self, handle: object, batch: int):
        super().__init__(handle)
        self._batch = batch
        self._closed = False

    @property
    def is_closed(self) -> bool:
        """Whether a send has said that the peer is gone."""
        return self._closed

    def send(self, item: T) -> None:
        """Sends one item, waiting while the peer is slow; `Closed` when it is gone."""
        with self._noting():
            self._handle.send(item)

    def send_all(self, items: Iterable[T]) -> None:
        """Sends many items with few crossings into the host, a batch at a time.

        The iterable is asked for a batch only when the one before it is sent,
        so it may be endless; one that itself waits for something belongs in a
        loop of `send`, since its items would wait for each other here.
        """
        if self._batch == 1:
            for item in items:
                self.send(item)
            return
        items = iter(items)
        while batch := list(islice(items, self._batch)):
            with self._noting():
                self._handle.send_batch(batch)

    def subscribe(self) -> Pollable:
        """Ready when `send` would not wait."""
        return Pollable(self._handle.subscribe())

    @contextmanager
    def _noting(self):
        try:
            yield
        except Err:
            self._closed = True
            raise Closed() from None
