"""The pages that say by which test a promise is kept name tests that there are, each once."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
#: The least number of promises that a page makes.
PAGES = {"docs/cinderlib.md": 20, "docs/ember-csi.md": 23}


@cache
def functions_of(file):
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def rows(page):
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines()
    head = next(number for number, line in enumerate(lines) if line.endswith("| tested by |"))
    return [line for line in lines[head + 2 :] if line.startswith("|")]


@pytest.mark.parametrize("page", PAGES)
def test_every_promise_has_a_test(page):
    promises = rows(page)
    assert len(promises) >= PAGES[page]
    assert [row for row in promises if not NAMED.search(row)] == []
    named = [found for row in promises for found in NAMED.findall(row)]
    assert [f"{file}::{test}" for file, test in named if test not in functions_of(file)] == []
    assert [name for name, times in Counter(named).items() if times > 1] == []
