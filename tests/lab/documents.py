"""What the project's pages tell their readers to type, as tests run it.

A block of commands begins with "sh", and a test runs it as it stands, after the blocks above it; or with "sh e2e", and
it is run where pods run; or with "sh make", and its targets are there; or its first line says that it is not run by a
test, and why.
"""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")))
COMMANDS, IN_PODS, TARGETS = "sh", "sh e2e", "sh make"
#: What begins a block, and what a test does with it: runs it, installs with it, applies it, reads it.
KINDS = (COMMANDS, IN_PODS, TARGETS, "yaml values", "yaml", "ini", "python", "hcl", "text")
_LONG_S = 300
_UNRUN = re.compile(r"# Not run by a test\b.{5,}")
_FENCE = re.compile(r" *```(.*)")
#: So much further in, Markdown takes a line for a block without a fence.
_INDENTED = re.compile(r" {4,}\S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of a page; `line` is that of its beginning."""

    page: str
    line: int
    kind: str
    text: str

    @property
    def runs(self) -> bool:
        """Tell whether a test runs it: it does not say that none does."""
        return _UNRUN.match(self.text) is None


def blocks(page: str, *kinds: str) -> list[Block]:
    """Return a page's blocks of these kinds, in their order."""
    return [block for block in read(page, (ROOT / page).read_text(encoding="utf-8")) if block.kind in kinds]


def commands(page: str, kind: str = COMMANDS) -> list[Block]:
    """Return a page's blocks of commands that a test runs."""
    return [block for block in blocks(page, kind) if block.runs]


def read(page: str, text: str) -> list[Block]:
    """Return all blocks of a page's text."""
    found, begun, inside = [], 0, list[str]()
    kind: str | None = None
    for number, line in enumerate(text.splitlines(), 1):
        fence = _FENCE.fullmatch(line)
        if fence is None:
            inside.append(line)
        elif kind is None:
            kind, begun, inside = fence[1], number, []
        else:
            margin = len(line) - len(line.lstrip())
            content = "".join(f"{each[margin:]}\n" for each in inside)
            found.append(Block(page=page, line=begun, kind=kind, text=content))
            kind = None
    return found


def faults(page: str, text: str) -> list[str]:
    """Return what is wrong with a page's blocks: where a command could hide from the tests."""
    found = [
        f"{one.page}:{one.line}: {one.kind!r} is no kind of block" for one in read(page, text) if one.kind not in KINDS
    ]
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if _FENCE.fullmatch(line):
            fenced = not fenced
        elif not fenced and _INDENTED.match(line):
            found.append(f"{page}:{number}: a block without a fence")
    return found


def run(block: Block, *, folder: Path, environment: Mapping[str, str], places: Mapping[str, str]) -> str:
    """Run a block's commands, where `places` says what stands for names in it; return what they printed."""
    text = block.text
    for written, place in places.items():
        text = text.replace(written, place)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=folder,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=_LONG_S,
    )
    assert done.returncode == 0, f"{block.page}:{block.line}\n{text}\n{done.stdout}\n{done.stderr}"
    return done.stdout
