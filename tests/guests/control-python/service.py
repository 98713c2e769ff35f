"""Says what it knows of its call, and ends as it is told: as
`tests/guests/control` does.
"""

from typing import Callable

from contract.control import (
    CallContext,
    Code,
    Error_Empty,
    Error_Named,
    Error_TooMany,
    Failure,
    Pair,
)
from ostler_guest import Any, Err, Sink, Status, Stream, context, log


class Control:
    def context(self) -> CallContext:
        principal = context.principal()
        return CallContext(
            metadata=[Pair(key, value) for key, value in context.metadata()],
            remaining=milliseconds(context.remaining()),
            deadline=milliseconds(context.deadline()),
            cancelled=context.cancelled(),
            draining=context.draining(),
            service=context.service(),
            method=context.method(),
            call_id=context.call_id(),
            tenant=context.tenant(),
            peer=context.peer(),
            principal=None if principal is None else principal.name,
        )

    def get(self, key: str) -> str | None:
        return context.get(key)

    def set(self, headers: list[Pair], trailers: list[Pair]) -> list[str]:
        refused = [refusal(context.set_header, pair) for pair in headers]
        refused += [refusal(context.set_trailer, pair) for pair in trailers]
        return [text for text in refused if text is not None]

    def fail(self, failure: Failure) -> None:
        raise Status(failure.code, failure.message, [string_value(text) for text in failure.details])

    def fail_own(self, which: int) -> str:
        if which == 0:
            return "fine"
        errors = [Error_Empty(), Error_TooMany(7), Error_Named(Pair("a", "b"))]
        raise Err(errors[min(which, 3) - 1])

    def send(self, items: int, code: Code | None, out: Sink[int]) -> None:
        context.set_header("x-first", "before the items")
        for item in range(1, items + 1):
            out.send(item)
        context.set_trailer("x-last", "after the items")
        if code is not None:
            raise Status(code, f"after {items} items")

    def flush(self, numbers: Stream[int], out: Sink[int]) -> None:
        context.set_header("x-flushed", "yes")
        context.flush_headers()
        out.send(sum(1 for _ in numbers))

    def end_early(self, numbers: Stream[int], out: Sink[int]) -> None:
        out.send(1)
        out.close()
        count = 0
        try:
            for _ in numbers:
                count += 1
        except Status:
            # Broken: what came until then counts.
            pass
        log.info(f"read {count} items after the end of the output")

    def read_some(self, numbers: Stream[int], out: Sink[int]) -> None:
        first = next(numbers, 0)
        numbers.close()
        out.send(first)

    def add(self, number: int, step: int) -> int:
        return (number + step + 2**31) % 2**32 - 2**31

    def nothing(self) -> None:
        pass


def milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds * 1000)


def refusal(set_one: Callable[[str, str], None], pair: Pair) -> str | None:
    try:
        set_one(pair.key, pair.value)
    except Status as status:
        return str(status)
    return None


def string_value(text: str) -> Any:
    """`google.protobuf.StringValue`, of at most 127 bytes here."""
    value = text.encode()[:127]
    return Any("google.protobuf.StringValue", b"\x0a" + bytes([len(value)]) + value)
