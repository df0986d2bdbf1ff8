import errno
import os
from pathlib import Path

import pytest

from ranvier.errors import RanvierError
from ranvier.files import write_atomic


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(("content", "read"), [("grün", "grün".encode()), (b"\0\1", b"\0\1"), ("", b"")])
def test_text_and_bytes_are_written_and_folders_made(tmp_path: Path, content, read):
    target = tmp_path / "a" / "b" / "file"
    assert write_atomic(target, content) == target
    assert target.read_bytes() == read
    assert os.listdir(target.parent) == ["file"]


def test_an_old_file_is_replaced(tmp_path: Path):
    target = tmp_path / "file"
    write_atomic(str(target), "old and long")
    write_atomic(target, "new")
    assert target.read_text() == "new"


@pytest.mark.parametrize("step", ["write_text", "replace"])
def test_a_full_disk_is_named_and_the_old_file_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step):
    target = tmp_path / "file"
    write_atomic(target, "old")
    monkeypatch.setattr(*((os, "replace", full) if step == "replace" else (Path, step, full)))
    text = r"cannot write .*file: No space left on device; expected a writable folder with free space\. Make room, or give another folder"
    with pytest.raises(RanvierError, match=text):
        write_atomic(target, "new")
    assert target.read_text() == "old" and os.listdir(tmp_path) == ["file"]


def test_a_stop_in_the_middle_leaves_the_old_file_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    target = tmp_path / "file"
    write_atomic(target, b"old")
    whole = Path.write_bytes

    def stopped(self: Path, data: bytes) -> int:
        whole(self, data[: len(data) // 2])
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", stopped)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(target, b"new and longer")
    assert target.read_bytes() == b"old" and os.listdir(tmp_path) == ["file"]


def test_a_file_in_the_place_of_a_folder(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RanvierError, match=r"cannot write .*file/inner: .*; expected a writable folder"):
        write_atomic(tmp_path / "file" / "inner", "text")
    assert (tmp_path / "file").read_text() == ""


def test_a_link_stays_and_its_file_is_written(tmp_path: Path):
    (tmp_path / "file").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    write_atomic(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "file").read_text() == "new"


def test_what_is_no_file_is_left_alone(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "."):
        with pytest.raises(RanvierError, match=r"cannot write .*: it is no file\. Give the path of a file\."):
            write_atomic(tmp_path / name, "text")
    assert (tmp_path / "pipe").is_fifo()
