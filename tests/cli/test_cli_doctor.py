import json
import re
import warnings
from collections import namedtuple
from pathlib import Path

import pytest
import torch

from ranvier.cli import doctor
from ranvier.kernels.cpu.cache import cache_folder


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_a_sound_machine(ranvier):
    answer = ranvier("doctor")
    assert answer.status == 0 and answer.out.splitlines()[-1] == "all is well"
    for line in (
        r"ranvier +\d",
        r"cores +\d+ usable of \d+, torch uses 1 threads",
        r"torch +\d.*build",
        r"numba +\d.*llvmlite \d",
    ):
        assert re.search(f"^{line}", answer.out, re.MULTILINE)
    assert re.search(rf"^cache +{re.escape(str(cache_folder()))}: \d+ kernels, .* free$", answer.out, re.MULTILINE)
    assert re.search(r"^kernel +LIF ready in .* s$", answer.out, re.MULTILINE)
    assert re.search(r"^audio +soundfile .*FLAC.*OGG.*WAV", answer.out, re.MULTILINE)


def test_json(ranvier):
    found = json.loads(ranvier("doctor", "--json").out)
    assert found["wrong"] == [] and set(found) == {
        "ranvier",
        "cores",
        "torch",
        "numba",
        "cache",
        "kernel",
        "audio",
        "wrong",
    }


def ails(ranvier, text: str, count: str = "1 thing to mend") -> None:
    answer = ranvier("doctor")
    assert answer.status == 1
    assert re.search(rf"^wrong +{text}", answer.out, re.MULTILINE), answer.out
    assert answer.out.splitlines()[-1] == count


def test_more_threads_than_cores(ranvier, monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 10_000)
    ails(ranvier, r"torch uses more threads than there are cores: set OMP_NUM_THREADS=\d+, or give --threads \d+")


def test_a_compromised_release(ranvier, monkeypatch):
    monkeypatch.setattr(doctor, "version", lambda package: "2.6.3")
    ails(ranvier, r"lightning 2\.6\.2 and 2\.6\.3 are compromised releases: pip install -U 'lightning>=2\.6\.4'")


def test_a_libsndfile_without_ogg(ranvier, monkeypatch):
    monkeypatch.setattr(doctor.soundfile, "available_formats", lambda: {"WAV": "", "FLAC": ""})
    ails(ranvier, r"libsndfile cannot read OGG: pip install -U soundfile")


def test_a_full_disk_and_a_cache_that_cannot_be_written(ranvier, monkeypatch, tmp_path: Path):
    def warned() -> Path:
        warnings.warn(
            "The kernel cache cannot be written. Set RANVIER_CACHE to a folder you can write to.", stacklevel=1
        )
        return tmp_path

    monkeypatch.setattr(doctor, "cache_folder", warned)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda folder: namedtuple("Usage", "free")(5e6))
    ails(ranvier, r"The kernel cache cannot be written\. Set RANVIER_CACHE", "2 things to mend")
    ails(ranvier, r"less than 100 MB free where kernels are cached \(.*\); set RANVIER_CACHE", "2 things to mend")


def test_kernels_that_do_not_run_or_differ(ranvier, monkeypatch):
    def fails(backend):
        raise OSError("no compiler")

    monkeypatch.setattr(doctor, "LIF", fails)
    ails(ranvier, "compiled kernels do not run: OSError: no compiler")
    monkeypatch.setattr(doctor, "LIF", lambda backend: lambda x: x if backend == "cpu" else x + 1)
    ails(ranvier, "the compiled LIF differs from the reference: empty the kernel cache and run this again")


def test_a_package_that_is_absent():
    assert doctor._version("no-such-package-of-anyone") == "absent"
