"""Memory that can be had: of the machine, and of a container with a limit."""

import pytest

from ranvier import free_memory


def test_memory_that_can_be_had(tmp_path, monkeypatch: pytest.MonkeyPatch):
    for name, text in (
        ("meminfo", "MemTotal: 8000 kB\nMemAvailable: 4000 kB\n"),
        ("max", "3000000\n"),
        ("current", "1000000\n"),
    ):
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(free_memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(free_memory, "LIMITS", (tmp_path / "max", tmp_path / "current"))
    assert free_memory.available() == 2e6
    (tmp_path / "max").write_text("max\n")
    assert free_memory.available() == 4000 * 1024
    monkeypatch.setattr(free_memory, "MEMINFO", tmp_path / "none")
    assert (free_memory.available() or 0) > 1e8  # of the machine
    monkeypatch.delattr("os.sysconf")
    assert free_memory.available() is None
