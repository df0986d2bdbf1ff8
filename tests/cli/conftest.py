"""The command line as a user sees it, called in this process; small sets of tones and one run that was trained on them."""

import contextlib
import io
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image

from ranvier.cli.main import main

RATE = 8000
PITCHES = {"high": 1500.0, "low": 300.0, "middle": 700.0}
SMALL = ("--hidden", 8, "--steps", 6, "--threads", 1)


@dataclass(frozen=True)
class Answer:
    """What a command printed and its exit status."""

    status: int
    out: str
    err: str


def typed(*words: object) -> Answer:
    """Types `ranvier WORDS...`."""
    out, err, threads, status = io.StringIO(), io.StringIO(), torch.get_num_threads(), 0
    with (
        mock.patch.object(sys, "argv", ["ranvier", *map(str, words)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as stop:
            status = int(stop.code or 0)
        finally:
            torch.set_num_threads(threads)
    return Answer(status, out.getvalue(), err.getvalue())


def tone(hz: float, seconds: float = 0.2, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    t = np.arange(round(seconds * RATE * random.uniform(0.8, 1.2))) / RATE
    wave = 0.5 * np.sin(2 * np.pi * hz * random.uniform(0.95, 1.05) * t)
    return (wave + random.normal(0, 0.01, len(t))).astype(np.float32)


def write_tones(folder: Path, classes: tuple[str, ...] = tuple(PITCHES), speakers: int = 3, takes: int = 4) -> Path:
    """folder/CLASS/SPEAKER_TAKE.wav"""
    names = ("anna", "ben", "cleo", "dora")[:speakers]
    for label in classes:
        (folder / label).mkdir(parents=True)
        for k in range(speakers * takes):
            file = folder / label / f"{names[k // takes]}_{k % takes}.wav"
            soundfile.write(file, tone(PITCHES[label], seed=len(label) * 1000 + k), RATE)
    return folder


def write_pictures(folder: Path, each: int = 6, size: int = 9, mode: str = "L") -> Path:
    """folder/{lying,upright}/K.png: a bar."""
    random = np.random.default_rng(0)
    for label in ("lying", "upright"):
        (folder / label).mkdir(parents=True)
        for k in range(each):
            pixels = random.integers(0, 60, (size, size), np.uint8)
            place = int(random.integers(1, size - 1))
            pixels[(place, slice(None)) if label == "lying" else (slice(None), place)] = 255
            Image.fromarray(pixels).convert(mode).save(folder / label / f"{k}.png")
    return folder


@pytest.fixture(scope="session")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of tones; not to be changed."""
    return write_tones(tmp_path_factory.mktemp("data") / "tones")


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pictures; not to be changed."""
    return write_pictures(tmp_path_factory.mktemp("data") / "bars")


@dataclass(frozen=True)
class Trained:
    """A run folder and what its training said."""

    path: Path
    answer: Answer


@pytest.fixture(scope="session")
def tone_run(tones: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A run on the tones; not to be changed."""
    path = tmp_path_factory.mktemp("runs") / "tones"
    return Trained(path, typed("train", tones, "--epochs", 3, *SMALL, "--out", path))


@pytest.fixture(scope="session")
def picture_run(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A run on the pictures; not to be changed."""
    path = tmp_path_factory.mktemp("runs") / "bars"
    return Trained(path, typed("train", pictures, "--epochs", 2, *SMALL, "--out", path))


@pytest.fixture
def copied(tone_run: Trained, tmp_path: Path) -> Path:
    """A copy of the run on tones that a test may break."""
    return Path(shutil.copytree(tone_run.path, tmp_path / "copy"))


@pytest.fixture(scope="session")
def ranvier() -> Callable[..., Answer]:
    return typed


@pytest.fixture(scope="session")
def small() -> tuple[object, ...]:
    """Options of a network that trains in no time."""
    return SMALL


@pytest.fixture(scope="session")
def make_tones() -> Callable[..., Path]:
    return write_tones


@pytest.fixture(scope="session")
def make_pictures() -> Callable[..., Path]:
    return write_pictures


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """Of a process of its own, with one thread and this process's modules."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
