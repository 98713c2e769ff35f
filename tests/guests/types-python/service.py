"""Echoes every type there is, but maps: as `tests/guests/types` does."""

import json
import re

from contract.types import (
    Colour,
    Everything,
    Permissions,
    Shape,
    Shape_Circle,
    Shape_Named,
    Shape_Point,
    Shape_Polygon,
    WellKnown,
)
from ostler_guest import Sink, Stream

#: Unicode's, where Python's own `split` knows more.
WHITE_SPACE = re.compile("[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")


class Types:
    def echo(self, value: Everything) -> Everything:
        return value

    def echo_all(self, values: Stream[Everything], out: Sink[Everything]) -> None:
        for value in values:
            out.send(value)

    def echo_well_known(self, value: WellKnown) -> WellKnown:
        return value

    def show(
        self, a: int, b: str | None, c: list[float], d: Colour, e: tuple[int, bool]
    ) -> str:
        text = "None" if b is None else f"Some({json.dumps(b, ensure_ascii=False)})"
        floats = ", ".join("NaN" if item != item else str(item) for item in c)
        colour = "".join(word.capitalize() for word in d.name.split("_"))
        return f"{a} {text} [{floats}] Colour::{colour} ({e[0]}, {str(e[1]).lower()})"

    def lengths(self, texts: list[str]) -> list[int]:
        return [len(text.encode()) for text in texts]

    def maybe(self, text: str) -> str | None:
        return text or None

    def pick(self, number: int) -> Shape:
        shapes = [Shape_Point(), Shape_Circle(1.5), Shape_Named("square")]
        polygon = Shape_Polygon([(0.0, 1.0), (-2.5, 3.0)])
        return shapes[number] if number < len(shapes) else polygon

    def allowed(self, all: bool) -> Permissions:
        every = Permissions.READ | Permissions.WRITE | Permissions.RUN_IT
        return every if all else Permissions.READ

    def divide(self, a: int, b: int) -> tuple[int, int]:
        # What does not fit, or has no result, is zero.
        if b == 0 or (a == -(2**31) and b == -1):
            return (0, 0)
        # Rounded towards zero, where `//` rounds down.
        quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        return (quotient, a - quotient * b)

    def words(self, text: str, out: Sink[str]) -> None:
        out.send_all(filter(None, WHITE_SPACE.split(text)))

    def maybes(self, values: Stream[str | None], out: Sink[str | None]) -> None:
        for value in values:
            out.send(value)

    def lists(self, values: Stream[list[int]], out: Sink[tuple[int, str]]) -> None:
        for value in values:
            out.send((sum(value) % 2**32, str(list(value))))

    def shapes(self, values: Stream[Shape], out: Sink[Colour]) -> None:
        for value in values:
            if isinstance(value, Shape_Point):
                out.send(Colour.RED)
            elif isinstance(value, Shape_Circle):
                out.send(Colour.GREEN)
            else:
                out.send(Colour.DARK_BLUE)
