"""What an author of a service in Python needs.

A service is a class with a method for each function of the contract, in
`service.py`. A `stream<T>` that comes in is a `Stream`, an iterator; one that
goes out is a `Sink`, the last parameter. A method fails by raising a `Status`.
The types of the contract are in the generated module `contract`.
"""

from componentize_py_types import Err, Ok, Some

from . import context, details, log, poll
from .sink import Closed, Sink
from .status import Any, Code, Status
from .stream import Stream

__all__ = [
    "Any",
    "Closed",
    "Code",
    "Err",
    "Ok",
    "Sink",
    "Some",
    "Status",
    "Stream",
    "context",
    "details",
    "log",
    "poll",
]
