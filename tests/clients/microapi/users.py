"""Calls the users example with MicroAPI's own clients and prints what each
step gives, as one JSON object.

    users.py http|websocket|grpc HOST PORT
"""

import asyncio
import json
import sys
import tempfile
from pathlib import Path

from microapi.client import Connection
from microapi.exceptions import MicroAPIError
from microapi.generator.python_gen import generate_python_lib
from microapi.schema import Schema
from microapi.service import Service
from microapi.transport.grpc.client import GRPCClient
from microapi.transport.http.client import HTTPClient
from microapi.transport.websocket.client import WebSocketClient
from microapi.types import Stream, Streaming
from pydantic import BaseModel, ValidationError

CLIENTS = {
    "http": lambda host, port: HTTPClient(f"http://{host}:{port}"),
    "websocket": lambda host, port: WebSocketClient(f"ws://{host}:{port}"),
    "grpc": lambda host, port: GRPCClient(host, int(port)),
}


# The service as an author of MicroAPI writes it: its generator makes the
# client's module from it.
class UserId(Schema):
    user_id: int


class Limit(Schema):
    limit: int = 100


class User(Schema):
    username: str
    age: int


class DataPoint(Schema):
    timestamp: float
    value: float


class Summary(Schema):
    count: int
    average: float
    total: float


class ChatMessage(Schema):
    text: str
    user: str


class ChatReply(Schema):
    reply: str
    source: str


service = Service("users")


@service.method
async def get_user(payload: UserId) -> User: ...


@service.method
async def list_users(payload: Limit) -> Streaming[User]:
    yield


@service.method(generated_name="Aggregate")
async def aggregate(stream: Stream[DataPoint]) -> Summary: ...


@service.method(generated_name="Conversation")
async def conversation(stream: Stream[ChatMessage]) -> Streaming[ChatReply]:
    yield


def generated():
    """The generated client of the service."""
    folder = tempfile.mkdtemp()
    generate_python_lib({"users": service}, Path(folder) / "lib")
    sys.path.insert(0, folder)
    from lib import users

    return users


async def collect(items):
    return [item async for item in items]


async def send_all(stream, messages):
    for message in messages:
        await stream.send(**message)
    await stream.end()
    return await stream.next()


def steps(users, connection):
    """Every step: its name and its coroutine."""
    point = {"timestamp": 0.5, "value": 1.5}
    talk = [{"text": text, "user": "ada"} for text in ("hi", "bye")]
    large = {"text": "x" * 100_000, "user": "ada"}

    async def many():
        found = await asyncio.gather(*(users.get_user(user_id=n) for n in range(1, 151)))
        return [user.username for user in found] == [f"user-{n}" for n in range(1, 151)]

    async def echoed():
        replies = await collect(connection.request_stream("users", "conversation", [large]))
        return [len(reply["reply"]) for reply in replies]

    yield "unary", users.get_user(user_id=7)
    yield "server streaming", collect(users.list_users(limit=3))
    yield "server streaming without messages", collect(users.list_users(limit=0))
    yield "client streaming", send_all(users.Aggregate(), [point, point])
    yield "client streaming without messages", send_all(users.Aggregate(), [])
    yield "bidirectional", send_all(users.Conversation(), talk[:1])
    yield (
        "bidirectional as a stream",
        collect(connection.request_stream("users", "conversation", talk, {"x-user": "eve"})),
    )
    yield "bidirectional without messages", collect(connection.request_stream("users", "conversation", []))
    yield "an error", users.get_user(user_id=404)
    yield "an error of a stream", collect(connection.request_stream("users", "list_users", {"limit": -1}))
    yield "no such method", connection.request("users", "nothing", {})
    yield "150 calls at once", many()
    yield "a large message", echoed()


def plain(value):
    if isinstance(value, BaseModel):
        return value.model_dump()
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


async def result(coroutine):
    try:
        return plain(await asyncio.wait_for(coroutine, 20))
    except ValidationError:
        return {"raised": "ValidationError"}
    except MicroAPIError as error:
        return {"raised": type(error).__name__, "text": str(error)}


async def settled(client):
    """Waits for the server's settings, as this client does not: what is larger
    than its defaults fails before they are there."""
    protocol = client._protocol._h2
    while protocol.remote_settings.max_frame_size < 1 << 20 or protocol.outbound_flow_control_window < 1 << 20:
        await asyncio.sleep(0.001)


async def main(transport, host, port):
    users = generated()
    client = CLIENTS[transport](host, port)
    async with Connection(client) as connection:
        if transport == "grpc":
            await asyncio.wait_for(settled(client), 20)
        told = {}
        for name, step in steps(users, connection):
            told[name] = await result(step)
        print(json.dumps(told))


asyncio.run(main(*sys.argv[1:]))
