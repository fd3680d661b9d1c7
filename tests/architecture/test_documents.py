"""No command of a page hides from the tests, and what a page says of the code is so."""

import ast
import re
from functools import cache

import pytest

from csi.controller import parameters
from tests.lab import documents
from tests.lab.documents import PAGES, ROOT, TARGETS

ROW = re.compile(r"^\| `([^|]*?)` \| ", re.MULTILINE)
MAKE = re.compile(r"^make ([a-z-]+) +#.*")
TARGET = re.compile(r"^([a-z0-9-]+):.* ## ", re.MULTILINE)
#: Shorter ones could be anywhere.
LEAST = 15


@pytest.mark.parametrize("page", PAGES)
def test_every_command_is_run_or_says_that_it_is_not(page):
    assert documents.faults(page, (ROOT / page).read_text()) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Do:\n\n    rm -rf /\n", "page.md:3: a block without a fence"),
        ("```bash\nrm -rf /\n```\n", "page.md:1: 'bash' is no kind of block"),
        ("```\nrm -rf /\n```\n", "page.md:1: '' is no kind of block"),
    ],
)
def test_a_command_that_hides_is_found(text, fault):
    assert documents.faults("page.md", text) == [fault]


def test_a_block_that_is_not_run_says_why():
    page = "```sh\n# Not run by a test: it needs an array.\none\n```\n\n1. First\n\n   ```sh\n   # Not run.\n   ```\n"
    assert [(block.runs, block.line) for block in documents.read("page.md", page)] == [(False, 1), (True, 8)]


def test_what_is_made_can_be_made():
    lines = [line for page in PAGES for block in documents.blocks(page, TARGETS) for line in block.text.splitlines()]
    wanted = [MAKE.sub(r"\1", line) for line in lines]
    assert wanted[:2] == ["demo", "test"]
    assert set(wanted) <= set(TARGET.findall((ROOT / "Makefile").read_text()))


def section(page, heading):
    """Return the text below a heading, up to the next one."""
    text = (ROOT / page).read_text()
    (found,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return found


def test_the_tables_of_parameters_are_the_codes():
    first, second = section("docs/backends.md", "StorageClass parameters").split("VolumeAttributesClass:")
    assert tuple(ROW.findall(first)) == parameters.KNOWN
    assert tuple(ROW.findall(second)) == parameters.KNOWN_MUTABLE


@cache
def sentences():
    """Return every text in the code, with … for what is put in."""
    found = set()
    for package in ("csi", "cinderblock", "persistence"):
        for file in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.JoinedStr):
                    found.add(
                        "".join(
                            str(getattr(part, "value", "")) if isinstance(part, ast.Constant) else "…"
                            for part in node.values
                        )
                    )
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.add(node.value)
    return found


def is_said(sentence):
    """Tell whether the code says a sentence, whose end … may stand for any rest."""
    return any(sentence.removesuffix("…") in one for one in sentences())


def test_the_sentences_that_are_explained_are_the_codes():
    explained = ROW.findall(section("docs/troubleshooting.md", "What the driver says"))
    assert len(explained) >= 25
    assert [one for one in explained if len(one) < LEAST or not is_said(one)] == []
    assert not is_said("there is no back end of the name …")
