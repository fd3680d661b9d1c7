"""Figures, and the table that they stand in: what was measured, what is aimed at, and whether it is met."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_HEAD = ("what", "measured", "aim", "met", "how")
_NUMBER = re.compile(r"[\d.]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured number.

    `aim` is the bound, in the same unit; `at_least` says on which side of it
    the number should be. `how` says what was compared or repeated.
    """

    what: str
    value: float
    unit: str
    aim: float
    at_least: bool = False
    how: str = ""

    @property
    def met(self) -> bool:
        """Whether the number is on the right side of its bound."""
        return self.value >= self.aim if self.at_least else self.value <= self.aim

    def row(self) -> tuple[str, ...]:
        """Return the cells of the table's row."""
        sign = "≥" if self.at_least else "≤"
        met = "yes" if self.met else "no"
        return (self.what, _text(self.value, self.unit), f"{sign} {_text(self.aim, self.unit)}", met, self.how)


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a table in Markdown, ending with a line feed."""
    return aligned([_HEAD, *(figure.row() for figure in figures)])


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Return rows, of which the first is the head, as a table in Markdown, ending with a line feed."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    rule = " | ".join("-" * width for width in widths)
    return "".join(f"| {line} |\n" for line in (lines[0], rule, *lines[1:]))


def parse(text: str) -> list[Figure]:
    """Return the figures of the first such table in a text; numbers are as exact as they were printed."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    start = rows.index(list(_HEAD))
    return [_figure(row) for row in rows[start + 2 :] if len(row) == len(_HEAD)]


def _figure(row: Sequence[str]) -> Figure:
    what, measured, aim, _, how = row
    sign, _, bound = aim.partition(" ")
    value, _, unit = measured.partition(" ")
    found = _NUMBER.match(bound)
    if found is None:
        raise ValueError(f"{what}: {bound!r} is no number")
    return Figure(what=what, value=float(value), unit=unit, aim=float(found[0]), at_least=sign == "≥", how=how)


def _text(value: float, unit: str) -> str:
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:.{digits}f} {unit}".rstrip()
