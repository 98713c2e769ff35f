"""Calls a guest `stock-v1`, or what became of it, with gRPC's own client for
Python, its stubs made by protoc from the `.proto` files in a folder.

    stock.py ADDRESS FOLDER

Prints what each step gives, as one JSON object.
"""

import sys

import grpc
from common import OPTIONS, raised, run, stubs
from google.protobuf.json_format import MessageToDict


def plain(message):
    return MessageToDict(message, preserving_proto_field_name=True)


class Steps:
    def __init__(self, channel, modules):
        self.stock, services = modules["test.stock.v1"]
        self.stub = services.StockStub(channel)

    def unary(self):
        return _told(lambda: plain(self.stub.Find(self.stock.FindRequest(name="screw", pieces=7))))

    def server_streaming(self):
        return _told(lambda: [plain(part) for part in self.stub.Some(self.stock.SomeRequest(count=3))])

    def client_streaming(self):
        return _told(lambda: plain(self.stub.Store(iter(self._parts()))))

    def bidirectional(self):
        return _told(lambda: [plain(part) for part in self.stub.Halve(iter(self._parts()))])

    def an_error(self):
        return raised(lambda: self.stub.Find(self.stock.FindRequest(name="unicorn", pieces=7)))

    def the_supplier(self):
        """Which the next version does not keep."""
        parts = [self.stock.Part(condition="CONDITION_USED", place=self.stock.Place(shelf=4), supplier="us")]
        return _told(lambda: [part.supplier for part in self.stub.Halve(iter(parts))])

    def _parts(self):
        part, place = self.stock.Part, self.stock.Place
        lost = place()
        lost.lost.SetInParent()
        return [
            part(name="screw", pieces=10, condition="CONDITION_USED", place=place(shelf=4), grams=3),
            part(name="nail", pieces=6, condition="CONDITION_FRESH", place=lost, grams=0.5),
            part(name="bolt", pieces=1, condition="CONDITION_BROKEN", place=place(van="red")),
        ]


def _told(call):
    """What the call gives, or that it fails."""
    try:
        return call()
    except grpc.RpcError as error:
        return error.code().name


def main():
    address, folder = sys.argv[1:]
    with grpc.insecure_channel(address, options=OPTIONS) as channel:
        run(Steps(channel, stubs(folder)))


main()
