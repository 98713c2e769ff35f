"""Serves `shop.proto` with gRPC's own server for Python, which describes itself
by reflection.

    shop.py

Prints its port, and serves until its input ends.
"""

import importlib
import sys
import tempfile
from concurrent import futures
from pathlib import Path

import grpc
from grpc_reflection.v1alpha import reflection
from grpc_tools import protoc


def stubs():
    """The modules of `shop.proto`."""
    made = tempfile.mkdtemp()
    here = Path(__file__).parent
    include = Path(protoc.__file__).parent / "_proto"
    arguments = ["protoc", f"-I{here}", f"-I{include}", f"--python_out={made}", f"--grpc_python_out={made}"]
    if protoc.main([*arguments, "shop.proto"]) != 0:
        sys.exit("protoc refuses shop.proto")
    sys.path.insert(0, made)
    return importlib.import_module("shop_pb2"), importlib.import_module("shop_pb2_grpc")


messages, services = stubs()


def item(name):
    found = messages.Item(item_id=name, kind="KIND_TOOL", size=messages.Item.Size(width=-3), price=1.5, number=7)
    found.stock["here"] = 2
    found.made.seconds = 1
    return found


class Shop(services.ShopServicer):
    def GetItem(self, request, context):
        team = dict(context.invocation_metadata()).get("team", "nobody")
        context.send_initial_metadata([("seen-by", team)])
        context.set_trailing_metadata([("x-last", "1"), ("x-last-bin", b"\1\2")])
        if request.item_id == "none":
            context.abort(grpc.StatusCode.NOT_FOUND, "no such item ☺")
        return item(request.item_id)

    def ListItems(self, request, context):
        for number in range(request.limit):
            yield item(f"item-{number}")
        if request.limit == 3:
            context.abort(grpc.StatusCode.DATA_LOSS, "after 3 items")

    def Total(self, requests, context):
        prices = [request.price for request in requests]
        return messages.Sum(items=len(prices), price=sum(prices))

    def Haggle(self, requests, context):
        for request in requests:
            yield messages.Offer(price=request.price / 2)


server = grpc.server(futures.ThreadPoolExecutor(8), compression=grpc.Compression.Gzip)
services.add_ShopServicer_to_server(Shop(), server)
names = [messages.DESCRIPTOR.services_by_name["Shop"].full_name, reflection.SERVICE_NAME]
reflection.enable_server_reflection(names, server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(port, flush=True)
sys.stdin.read()
server.stop(0)
