"""Files and functions stay short, names say something, and every exception from a rule has its reason."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILE_LINES = 300
FUNCTION_LINES = 45
EMPTY_NAMES = {"utils", "util", "common", "helpers", "helper", "manager", "base", "constants", "types", "misc"}
#: A comment that lifts a rule: what it lifts, then the reason.
LIFTS = re.compile(
    r"#\s*(?:noqa|type:\s*ignore|pragma:\s*no cover)\b"
    r"(?P<what>:?\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*|\[[^\]]*\])?"
    r"(?P<rest>.*)"
)


def modules(*packages):
    found = [path for package in packages for path in (ROOT / package).rglob("*.py")]
    return sorted(path for path in found if "_pb2" not in path.name and "__pycache__" not in path.parts)


def named(path):
    return str(path.relative_to(ROOT))


SOURCES = modules("csi", "cinderblock", "persistence")
EVERYTHING = SOURCES + modules("tests")


def unexplained(line):
    lift = LIFTS.search(line)
    if lift is None:
        return False
    reason = lift["rest"].strip(" #-:;,.()")
    return lift["what"] is None or len(reason) < len("a reason")


@pytest.mark.parametrize("path", EVERYTHING, ids=named)
def test_a_file_has_one_purpose(path):
    lines = len(path.read_text().splitlines())
    assert lines <= FILE_LINES, f"{lines} lines: it has two purposes, and wants to be two files"


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_a_function_is_seen_at_once(path):
    functions = [
        n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    long = {f.name: length for f in functions if (length := (f.end_lineno or f.lineno) - f.lineno + 1) > FUNCTION_LINES}
    assert not long


@pytest.mark.parametrize("path", EVERYTHING, ids=named)
def test_a_module_is_named_after_what_it_holds(path):
    parts = {part.removesuffix(".py") for part in path.relative_to(ROOT).parts}
    assert not parts & EMPTY_NAMES


@pytest.mark.parametrize("path", EVERYTHING, ids=named)
def test_an_exception_from_a_rule_says_why(path):
    lines = path.read_text().splitlines()
    assert [f"line {number}: {line}" for number, line in enumerate(lines, 1) if unexplained(line)] == []


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("x = 1  # no" + "qa", True),
        ("x = 1  # no" + "qa: E501", True),
        ("x = 1  # no" + "qa: E501 - the line is one URL", False),
        ("x = 1  # no" + "qa: E501,S101  # both are wanted here", False),
        ("x = y  # type" + ": ignore[arg-type]", True),
        ("x = y  # type" + ": ignore[arg-type]  # the stub is wrong about None", False),
        ("x = y  # type" + ": ignore  # the stub is wrong about None", True),
        ("x = 1  # plain words", False),
    ],
)
def test_a_reason_is_recognised(line, wrong):
    assert unexplained(line) is wrong
