"""Reading the kernel's table of mounts."""

from hypothesis import given
from hypothesis import strategies as st

from csi.node import mounts

LINE = "36 35 98:0 {root} {path} rw,noatime shared:1 master:2 - ext4 {source} rw,errors=continue"


def escaped(text: str) -> str:
    return "".join(f"\\{ord(each):03o}" if each in " \t\n\\" else each for each in text)


def test_a_line_is_taken_apart():
    (found,) = mounts.parse(LINE.format(root="/a", path="/b", source="/dev/sda1"))
    assert (found.device, found.root, found.path, found.source) == ("98:0", "/a", "/b", "/dev/sda1")
    assert found.options == {"rw", "noatime"}
    assert found.super_options == {"rw", "errors=continue"}
    assert found.fs_type == "ext4"
    assert not found.readonly


def test_lines_of_another_shape_are_passed_over():
    assert mounts.parse("\nnonsense\n1 2 3 - \n") == []


@given(st.text(alphabet=st.characters(exclude_characters="\0\r\v\f\x1c\x1d\x1e\x85\u2028\u2029", codec="utf-8")))
def test_every_path_survives_the_escapes(name):
    (found,) = mounts.parse(LINE.format(root="/", path=escaped(f"/m/{name}"), source="none"))
    assert found.path == f"/m/{name}"


def test_the_parents_of_a_path_are_resolved_and_its_last_part_is_not(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "last").symlink_to(tmp_path)
    assert mounts.resolved(f"{tmp_path}/link/x/../last/") == f"{tmp_path}/real/last"
