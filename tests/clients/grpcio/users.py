"""Calls the users example, and guests of tests, with gRPC's own client for
Python, its stubs made by protoc from the `.proto` files in a folder.

    users.py ADDRESS FOLDER

Prints what each step gives, as one JSON object.
"""

import queue
import sys
import time

import grpc
from common import OPTIONS, raised, run, stubs
from google.protobuf.json_format import MessageToDict

def plain(message):
    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


class Steps:
    def __init__(self, channel, modules):
        self.users, services = modules["demo.users.v1"]
        self.stub = services.UsersStub(channel)
        self.control, services = modules["test.control.v1"]
        self.control_stub = services.ControlStub(channel)
        self.cancel, services = modules["test.cancel.v1"]
        self.cancel_stub = services.CancelStub(channel)

    def unary(self):
        return plain(self.stub.GetUser(self.users.GetUserRequest(user_id=7)))

    def server_streaming(self):
        return [plain(user) for user in self.stub.ListUsers(self.users.ListUsersRequest(limit=2))]

    def a_default(self):
        return len(list(self.stub.ListUsers(self.users.ListUsersRequest())))

    def client_streaming(self):
        points = (self.users.DataPoint(value=value) for value in (1, 2))
        return plain(self.stub.Aggregate(points))

    def bidirectional(self):
        """The second message is sent once the first was answered."""
        messages = queue.Queue()
        replies = self.stub.Conversation(iter(messages.get, None))
        heard = []
        for text in ("hi", "bye"):
            messages.put(self.users.ChatMessage(text=text, user="ada"))
            heard.append(next(replies).reply)
        messages.put(None)
        return heard + [reply.reply for reply in replies]

    def an_error(self):
        return raised(lambda: self.stub.GetUser(self.users.GetUserRequest(user_id=404)))

    def an_error_after_items(self):
        items = []
        send = self.control_stub.Send(self.control.SendRequest(items=3, code=10))

        def read():
            for item in send:
                items.append(item.value)

        return [raised(read)["code"], items]

    def a_deadline(self):
        request = self.cancel.google_dot_protobuf_dot_empty__pb2.Empty()
        return raised(lambda: self.cancel_stub.Wait(request, timeout=0.2))["code"]

    def metadata(self):
        pair = self.control.Pair
        request = self.control.SetRequest(
            headers=[pair(key="x-first", value="1")], trailers=[pair(key="x-last-bin", value="AQI")]
        )
        _, call = self.control_stub.Set.with_call(request)
        got = self.control_stub.Get(self.control.GetRequest(key="x-sent"), metadata=[("x-sent", "mine")])
        header = dict(call.initial_metadata())["x-first"]
        return [header, list(dict(call.trailing_metadata())["x-last-bin"]), got.value]

    def compressed(self):
        text = "hello " * 10_000
        messages = [self.users.ChatMessage(text=text, user="ada")]
        replies = self.stub.Conversation(iter(messages), compression=grpc.Compression.Gzip)
        return [len(reply.reply) - len(text) for reply in replies]

    def too_large(self):
        messages = [self.users.ChatMessage(text="x" * (5 << 20), user="ada")]
        return raised(lambda: list(self.stub.Conversation(iter(messages))))["code"]

    def cancelled_mid_stream(self):
        """When the call was cancelled, in seconds since 1970."""
        request = self.cancel.google_dot_protobuf_dot_empty__pb2.Empty()
        count = self.cancel_stub.Count(request)
        for _ in range(5):
            next(count)
        at = time.time()
        count.cancel()
        return at


def main():
    address, folder = sys.argv[1:]
    with grpc.insecure_channel(address, options=OPTIONS) as channel:
        run(Steps(channel, stubs(folder)))


main()
