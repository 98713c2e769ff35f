"""What the host lends to a call, and takes back at its end.

A handle that is only forgotten lives until some later garbage collection; the
host would count it against the instance.
"""

from __future__ import annotations


class Handle:
    """A resource of the host, dropped once: by `close`, or with the call."""

    #: Open handles, in order of creation. An instance serves one call at a time.
    _open: dict[int, Handle] = {}

    def __init__(self, handle: object):
        self._handle = handle
        Handle._open[id(self)] = self

    def close(self) -> None:
        """Drops it; it must not be used afterwards."""
        if Handle._open.pop(id(self), None) is not None:
            self._handle.__exit__(None, None, None)


def close_all() -> None:
    """Drops what the call has left open: pollables before what they watch."""
    for handle in reversed(list(Handle._open.values())):
        handle.close()
