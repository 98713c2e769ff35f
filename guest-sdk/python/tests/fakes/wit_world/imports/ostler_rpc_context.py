"""A call without metadata and with a deadline."""

from dataclasses import dataclass


@dataclass
class Identity:
    name: str
    kind: str


def remaining() -> int:
    return 1_500_000_000
