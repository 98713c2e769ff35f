"""Author's methods behind the functions that a host calls.

    python3 -m unittest discover guest-sdk/python/tests
"""

import sys
import unittest
from pathlib import Path
from types import SimpleNamespace

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "fakes"), str(HERE.parent)]
sys.dont_write_bytecode = True

from componentize_py_types import Err  # noqa: E402
from wit_world.imports import ostler_rpc_log, ostler_rpc_poll, ostler_rpc_types  # noqa: E402

from ostler_guest import Closed, Code, Status, context, details, poll  # noqa: E402
from ostler_guest.serve import Fails, Method, expose  # noqa: E402

LOST = ostler_rpc_types.Status(Code.UNAVAILABLE, "lost", [])


class Handle:
    """Counts how often it is dropped."""

    dropped = 0

    def __exit__(self, *_: object) -> None:
        self.dropped += 1

    def subscribe(self) -> ostler_rpc_poll.Pollable:
        return ostler_rpc_poll.Pollable(False)


class Reads(Handle):
    """Gives one batch after the other, then the end."""

    def __init__(self, *batches: list | Exception):
        self.batches = list(batches)

    def next_batch(self, _: int) -> list:
        batch = self.batches.pop(0) if self.batches else []
        if isinstance(batch, Exception):
            raise batch
        return batch


class Writes(Handle):
    """Takes so many items."""

    def __init__(self, room: float = float("inf")):
        self.room = room
        self.sent: list[list] = []

    def send(self, item: object) -> None:
        self.send_batch([item])

    def send_batch(self, items: list) -> None:
        if sum(map(len, self.sent)) >= self.room:
            raise Err("closed")
        self.sent.append(items)


def exposed(spec: Method, method):
    """What the host calls, of one method."""
    author = type("Numbers", (), {"method": staticmethod(method)})
    module = SimpleNamespace(__name__="service", Numbers=author)
    return expose(module, "Numbers", method=spec)().method


class Streams(unittest.TestCase):
    def test_batches_are_one_sequence_and_the_handle_is_dropped(self):
        handle = Reads([1, 2], [3], [])
        method = exposed(Method(Fails.STATUS, reads=True), list)
        self.assertEqual(method(handle), [1, 2, 3])
        self.assertEqual(handle.dropped, 1)

    def test_a_broken_stream_is_not_a_short_one(self):
        def method(numbers):
            self.assertEqual(next(numbers), 1)
            with self.assertRaises(Status):
                next(numbers)
            return len(list(numbers))

        with self.assertRaises(Err) as raised:
            exposed(Method(Fails.STATUS, reads=True), method)(Reads([1], Err(LOST)))
        self.assertEqual(raised.exception.value, LOST)

    def test_what_waits_inside_the_guest_is_ready_without_the_host(self):
        def method(numbers):
            given, timer = numbers.subscribe(), poll.after(1.0)
            self.assertEqual(poll.poll([given, timer]), [1])
            next(numbers)
            self.assertEqual(poll.poll([given, timer]), [0, 1])

        exposed(Method(Fails.STATUS, reads=True), method)(Reads([1, 2]))


class Sinks(unittest.TestCase):
    def sizes(self, sink: Writes) -> list[int]:
        return [len(batch) for batch in sink.sent]

    def test_items_go_in_batches_until_the_peer_is_gone(self):
        method = exposed(Method(Fails.STATUS, writes=2), lambda out: out.send_all(range(5)))
        every, some = Writes(), Writes(2)
        method(every)
        self.assertEqual(self.sizes(every), [2, 2, 1])
        # `Closed` escapes, which ends the method as it should.
        self.assertIsNone(method(some))
        self.assertEqual((self.sizes(some), some.dropped), ([2], 1))

    def test_a_sink_knows_that_it_is_closed(self):
        def method(out):
            self.assertFalse(out.is_closed)
            with self.assertRaises(Closed):
                out.send(1)
            self.assertTrue(out.is_closed)

        exposed(Method(Fails.STATUS, writes=64), method)(Writes(0))


class Failures(unittest.TestCase):
    def test_a_status_is_the_status_with_its_details(self):
        def method():
            raise Status.not_found("no user 7").with_detail(details.resource_info("user", "7"))

        with self.assertRaises(Err) as raised:
            exposed(Method(Fails.STATUS), method)()
        status = raised.exception.value
        self.assertEqual((status.code, status.message), (Code.NOT_FOUND, "no user 7"))
        self.assertEqual(status.details[0].type_name, "google.rpc.ResourceInfo")

    def test_an_error_of_the_contract_is_handed_over(self):
        def method():
            raise Err(7)

        with self.assertRaises(Err) as raised:
            exposed(Method(Fails.OTHER), method)()
        self.assertEqual(raised.exception.value, 7)

    def test_any_other_error_is_a_trap_and_its_message_is_in_the_log(self):
        def raising(error: Exception):
            def method():
                raise error

            return method

        rows = [
            (Fails.STATUS, ValueError("why"), "ValueError: why"),
            (Fails.NEVER, Status.internal("x"), "INTERNAL: x"),
            (Fails.STATUS, Closed(), "Closed"),
            (Fails.NEVER, Err(7), "Err"),
            (Fails.STATUS, Err(7), "Err"),
        ]
        for fails, error, expected in rows:
            ostler_rpc_log.lines.clear()
            with self.assertRaises(type(error)):
                exposed(Method(fails), raising(error))()
            (line,) = ostler_rpc_log.lines
            self.assertIn("ERROR Numbers.method raised ", line)
            self.assertIn(expected, line)

    def test_a_service_without_a_method_is_refused_at_build_time(self):
        module = SimpleNamespace(__name__="service")
        with self.assertRaisesRegex(TypeError, "class Numbers with the methods sum"):
            expose(module, "Numbers", sum=Method())


class Details(unittest.TestCase):
    def test_encodes_as_protobuf_does(self):
        detail = details.bad_request({"id": "must be positive"})
        self.assertEqual(detail.type_name, "google.rpc.BadRequest")
        self.assertEqual(detail.value, b"\x0a\x16\x0a\x02id\x12\x10must be positive")

    def test_long_texts_have_long_lengths(self):
        value = details.resource_info("", "x" * 300).value
        self.assertEqual((value[:3], len(value)), (b"\x12\xac\x02", 303))


class Context(unittest.TestCase):
    def test_times_are_seconds(self):
        self.assertEqual(context.remaining(), 1.5)


if __name__ == "__main__":
    unittest.main()
