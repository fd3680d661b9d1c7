"""The page about the library: its examples run, one after the other, on real files, and say what comes out."""

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "library.md"
BLOCK = re.compile(r"^```(python|ini)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CLAIM = re.compile(r"^(\s*)(\S.*?)  # -> (.*)$", re.MULTILINE)


def test_the_examples_run_and_tell_the_truth(tmp_path, loops, capsys):
    claimed = []

    def claim(value, said):
        claimed.append((str(value), said))

    names = {"__name__": "page", "claim": claim}
    for kind, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        here = text.replace("/var/lib/app", str(tmp_path / "app"))
        if kind == "ini":
            head, _, content = here.partition("\n")
            Path(head.removeprefix("# ")).write_text(content, encoding="utf-8")
            continue
        exec(compile(CLAIM.sub(r"\1claim(\2, \3)", quoted(here)), str(PAGE), "exec"), names)  # noqa: S102 - our own page
    assert len(claimed) > 10
    assert [value for value, _ in claimed] == [said for _, said in claimed]
    assert "no pool of back end 'fast' has room" in capsys.readouterr().out
    assert not list((tmp_path / "app" / "volumes").iterdir())


def quoted(text):
    return CLAIM.sub(lambda found: f"{found[1]}{found[2]}  # -> {found[3]!r}", text)
