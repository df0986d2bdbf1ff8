import pytest

from ranvier.data.event_files import byte_source, read_nmnist, room
from ranvier.errors import BadFileError


def test_where_nobody_tells_nothing_is_refused(monkeypatch):
    monkeypatch.setattr(room, "available", lambda: None)
    assert room.lacking(1 << 60) is None


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
