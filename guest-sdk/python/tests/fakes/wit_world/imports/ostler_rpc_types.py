"""Statuses."""

from dataclasses import dataclass
from enum import Enum

Code = Enum(
    "Code",
    "CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS "
    "PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE "
    "UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED",
    start=0,
)


@dataclass
class Any:
    type_name: str
    value: bytes


@dataclass
class Status:
    code: Code
    message: str
    details: list
