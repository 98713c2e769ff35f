"""Log lines, which the host writes to its own log together with the tenant, the
service, the method and the call id.

Fields are keyword arguments: `log.info("looked up", user=7)`.
"""

from wit_world.imports import ostler_rpc_log as host
from wit_world.imports.ostler_rpc_log import Level


def enabled(level: Level) -> bool:
    """Whether a line of this level would be kept."""
    return host.enabled(level)


def trace(message: str, /, **fields: object) -> None:
    """Writes a line of level trace."""
    _write(Level.TRACE, message, fields)


def debug(message: str, /, **fields: object) -> None:
    """Writes a line of level debug."""
    _write(Level.DEBUG, message, fields)


def info(message: str, /, **fields: object) -> None:
    """Writes a line of level info."""
    _write(Level.INFO, message, fields)


def warn(message: str, /, **fields: object) -> None:
    """Writes a line of level warn."""
    _write(Level.WARN, message, fields)


def error(message: str, /, **fields: object) -> None:
    """Writes a line of level error."""
    _write(Level.ERROR, message, fields)


def _write(level: Level, message: str, fields: dict[str, object]) -> None:
    if host.enabled(level):
        host.log(level, message, [(name, str(value)) for name, value in fields.items()])
