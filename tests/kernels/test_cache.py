"""Compiled kernels on disk: found again, safe between processes, silent, and no obstacle where nothing can be written."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch

from ranvier.kernels.cpu import cache

RUN = """
import torch, ranvier as rv
print(int(rv.LIF()(torch.full((30, 2, 3), 3.0)).sum()))
"""


def command(folder: str | Path, code: str = RUN, **more: str) -> subprocess.Popen:
    environment = {**os.environ, "RANVIER_CACHE": str(folder), "OMP_NUM_THREADS": "1", **more}
    return subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_two_processes_may_compile_at_once_and_say_so_once(tmp_path: Path) -> None:
    processes = [command(tmp_path / "kernels") for _ in range(2)]
    answers = [p.communicate(timeout=400) for p in processes]
    assert all(p.returncode == 0 for p in processes), answers
    (first, told), (second, told_too) = answers
    assert first == second and int(first) > 0
    for text in (told, told_too):  # one of them may have found what the other compiled
        assert text == "" or re.fullmatch(
            r"ranvier: compiled a first kernel for this machine in [0-9.]+ s\. .*\n", text
        )
    assert told or told_too
    files = sorted((tmp_path / "kernels").iterdir())
    assert [f.name for f in files if f.suffix == ".py"] and all("tmp" not in f.suffix for f in files)
    compiled = list((tmp_path / "kernels").rglob("*.nbc"))
    assert compiled, "Numba keeps its machine code beside the text"
    stamps = {f: f.stat().st_mtime_ns for f in compiled}
    third = command(tmp_path / "kernels")
    assert third.communicate(timeout=400) == (first, "")
    assert {f: f.stat().st_mtime_ns for f in (tmp_path / "kernels").rglob("*.nbc")} == stamps, "compiled once"


def test_a_folder_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    process = command(tmp_path / "file" / "kernels")
    out, err = process.communicate(timeout=400)
    assert process.returncode == 0 and int(out) > 0
    assert (
        "kernel cache" in err and "cannot be written" in err and "Set RANVIER_CACHE to a folder you can write to" in err
    )
    assert "Traceback" not in err


def test_the_folder_is_the_chosen_one_or_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache._folder.cache_clear()
    monkeypatch.setenv("RANVIER_CACHE", str(tmp_path / "a" / "b"))
    assert cache.cache_folder() == tmp_path / "a" / "b" and (tmp_path / "a" / "b").is_dir()
    monkeypatch.delenv("RANVIER_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache.cache_folder() == tmp_path / "xdg" / "ranvier"
    cache._folder.cache_clear()


def test_a_fallback_is_warned_of_and_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("RANVIER_CACHE", str(tmp_path / "file" / "x"))
    with pytest.warns(UserWarning, match=r"kernel cache .* cannot be written \(Not a directory\)"):
        folder = cache.cache_folder()
    assert folder.is_dir() and cache.cache_folder() == folder
    cache._folder.cache_clear()


def test_the_name_is_the_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANVIER_CACHE", str(tmp_path))
    one, two = cache.load("value = 1\n", "test"), cache.load("value = 2\n", "test")
    assert (one.value, two.value) == (1, 2) and cache.load("value = 1\n", "test") is one
    assert len(list(tmp_path.glob("test_*.py"))) == 2


def test_a_damaged_file_is_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANVIER_CACHE", str(tmp_path))
    source = "value = 31\n"
    cache.load(source, "test")
    (path,) = tmp_path.glob("test_*.py")
    path.write_text("valu")
    monkeypatch.setattr(cache, "_loaded", {})
    assert cache.load(source, "test").value == 31 and path.read_text() == source


def test_many_threads_load_one_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANVIER_CACHE", str(tmp_path))
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(cache.load("value = 5\n", "test"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(map(id, found))) == 1


def test_a_run_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    from ranvier.neurons import LIF

    x = torch.full((5, 1, 2), 3.0, requires_grad=True)
    LIF(fire_on=">")(x).sum().backward()
    assert capfd.readouterr() == ("", "")
