"""The details most callers understand.

Messages of `google.rpc` (googleapis, google/rpc/error_details.proto), encoded
without a protobuf library.
"""

from .status import Any


def error_info(reason: str, domain: str = "", metadata: dict[str, str] | None = None) -> Any:
    """The cause, for programs to act on; the reason in UPPER_SNAKE_CASE."""
    entries = [_bytes(3, _text(1, key) + _text(2, value)) for key, value in (metadata or {}).items()]
    return Any("google.rpc.ErrorInfo", _text(1, reason) + _text(2, domain) + b"".join(entries))


def resource_info(
    resource_type: str, resource_name: str, owner: str = "", description: str = ""
) -> Any:
    """What was asked for and could not be had."""
    texts = (resource_type, resource_name, owner, description)
    return Any("google.rpc.ResourceInfo", b"".join(map(_text, range(1, 5), texts)))


def bad_request(violations: dict[str, str]) -> Any:
    """Which fields of the request are wrong: path and what is wrong with it."""
    fields = [_bytes(1, _text(1, path) + _text(2, wrong)) for path, wrong in violations.items()]
    return Any("google.rpc.BadRequest", b"".join(fields))


def _text(field: int, text: str) -> bytes:
    """Empty texts are left out, as proto3 does."""
    return _bytes(field, text.encode()) if text else b""


def _bytes(field: int, value: bytes) -> bytes:
    # Wire type 2; all fields here are below 16, so the tag is one byte.
    return bytes([field << 3 | 2]) + _length(len(value)) + value


def _length(length: int) -> bytes:
    out = bytearray()
    while length >= 0x80:
        # The low seven bits, and the mark that more follow.
        out.append(length & 0x7F | 0x80)
        length >>= 7
    out.append(length)
    return bytes(out)
