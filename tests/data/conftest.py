"""Small generated recordings and pictures."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image


def tone(seconds: float = 0.05, rate: int = 8000, hz: float = 440.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


@pytest.fixture
def sounds(tmp_path: Path) -> Callable[..., Path]:
    """Writes one short tone per name, `class/file.ending`, and returns the folder."""

    def make(names: Iterable[str], rate: int = 8000, channels: int = 1) -> Path:
        for name in names:
            path = tmp_path / "set" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, np.repeat(tone(rate=rate)[:, None], channels, 1), rate)
        return tmp_path / "set"

    return make


@pytest.fixture
def pictures(tmp_path: Path) -> Callable[..., Path]:
    """Writes one random picture per name, `class/file.ending`, and returns the folder."""

    def make(names: Iterable[str], size: tuple[int, int] = (12, 10), mode: str = "L") -> Path:
        random = np.random.default_rng(0)
        for name in names:
            path = tmp_path / "set" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            shape = (size[1], size[0]) if mode == "L" else (size[1], size[0], len(mode))
            Image.fromarray(random.integers(0, 256, shape, np.uint8)).save(path)
        return tmp_path / "set"

    return make
