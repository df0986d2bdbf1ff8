from pathlib import Path

import pytest

from ranvier.data.event_files import byte_source, read_nmnist, room
from ranvier.errors import BadFileError


def test_memory_as_linux_tells_it(tmp_path: Path, monkeypatch):
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:     3 kB\n")
    monkeypatch.setattr(room, "MEMINFO", tmp_path / "meminfo")
    assert room.available() == 3072


def test_memory_elsewhere(tmp_path: Path, monkeypatch):
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\n")
    monkeypatch.setattr(room, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(room.os, "sysconf", {"SC_PHYS_PAGES": 5, "SC_PAGE_SIZE": 4096}.__getitem__, raising=False)
    assert room.available() == 20480
    monkeypatch.setattr(room, "MEMINFO", tmp_path / "nowhere")
    monkeypatch.delattr(room.os, "sysconf")
    assert room.available() is None and room.lacking(1 << 60) is None


def test_a_file_larger_than_memory_is_refused_unread(save, five_bytes, rows, monkeypatch):
    path = save("a.bin", five_bytes(rows))
    monkeypatch.setattr(room, "available", lambda: 10 << 30)
    assert room.lacking(11 << 30) == "11 GiB of memory, 10 GiB are available"
    monkeypatch.setattr(room, "SMALL", 0)
    monkeypatch.setattr(room, "available", lambda: 500)
    monkeypatch.setattr(byte_source.np, "empty", None)
    with pytest.raises(
        BadFileError, match=r"a\.bin: 40 events need .* MiB of memory, .* are available. Cut the recording into parts"
    ):
        read_nmnist(path)
