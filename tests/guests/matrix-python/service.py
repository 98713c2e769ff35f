"""Every pattern ends in every way: as `tests/guests/matrix` does."""

from ostler_guest import Sink, Status, Stream, context, log, poll


class Matrix:
    def double(self, number: int) -> int:
        look_at(number)
        return number * 2

    def count(self, items: int, last: int, out: Sink[int]) -> None:
        for item in range(1, items + 1):
            out.send(item)
        look_at(last)

    def sum(self, numbers: Stream[int]) -> int:
        total = 0
        for number in numbers:
            look_at(number)
            total += number
        return total

    def doubles(self, numbers: Stream[int], out: Sink[int]) -> None:
        for number in numbers:
            look_at(number)
            out.send(number * 2)
        context.set_trailer("x-ended", "in order")


def look_at(number: int) -> None:
    if number == 0:
        context.set_trailer("x-ended", "early")
        raise Status.failed_precondition("0 is not allowed: ☺ 100 %")
    if number == 1000:
        log.info("waiting")
        while not context.cancelled():
            poll.sleep(0.005)
        log.info("cancelled")
        raise Status.cancelled("it was cancelled")
