from pathlib import Path

import numpy as np
import pytest

from ranvier.data.event_files import read_nmnist
from ranvier.errors import BadFileError


def test_excerpt_of_a_real_digit(excerpts: Path):
    recording = read_nmnist(excerpts / "nmnist_train_5_00001.bin")
    events = recording.events
    assert len(recording) == 300 and recording.sensor_size == (34, 34, 2) and recording.start == 0
    assert events[0].tolist() == (18, 16, 893, True) and events[-1].tolist() == (15, 10, 28027, False)
    assert events["p"].sum() == 148 and np.all(np.diff(events["t"]) >= 0)


def test_another_sensor(excerpts: Path):
    path = excerpts / "dvs_gesture_01.bs2"
    with pytest.raises(
        BadFileError, match=r"offset 0 holds an event at x = 49, y = 82, expected .* 34 x 34 .*sensor=\(128, 128\)"
    ):
        read_nmnist(path)
    recording = read_nmnist(path, sensor=(128, 128))
    assert recording.events[-1].tolist() == (55, 76, 7354, False) and recording.events["p"].sum() == 130


def test_a_bad_sensor(excerpts: Path):
    with pytest.raises(ValueError, match=r"sensor must be \(width, height\), two ints from 1 to 32768, got 34"):
        read_nmnist(excerpts / "nmnist_train_5_00001.bin", sensor=34)  # pyright: ignore[reportArgumentType]
