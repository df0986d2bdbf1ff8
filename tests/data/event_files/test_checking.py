import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranvier.data.event_files import read_nmnist, room
from ranvier.data.event_files.checking import checked_sensor, unwrapped
from ranvier.errors import BadFileError


@given(st.lists(st.integers(0, 127), min_size=1, max_size=40), st.integers(1, 39))
def test_a_counter_goes_on_past_its_wraps_however_it_is_cut(steps, cut):
    times = np.cumsum(steps)  # steps below half of the range of 8 bits
    first = unwrapped(times[:cut] % 256, 8, None)
    rest = unwrapped(times[cut:] % 256, 8, int(first[-1]))
    assert np.array_equal(np.concatenate([first, rest]), times)


def test_a_small_fall_is_no_wrap():
    assert unwrapped(np.array([200, 190, 201, 2]), 8, None).tolist() == [200, 190, 201, 258]
    assert unwrapped(np.array([], np.int64), 8, 300).tolist() == []


@pytest.mark.parametrize("sensor", [34, (34,), (0, 5), (5, 32769), (3.0, 4), (True, 4), "ab"])
def test_sensors_that_are_none(sensor):
    with pytest.raises(
        ValueError,
        match=r"f\.bin: sensor must be \(width, height\), two ints from 1 to 32768, got .*sensor=\(128, 128\)",
    ):
        checked_sensor("f.bin", sensor)


def test_sensors():
    assert checked_sensor("f.bin", None) is None
    assert checked_sensor("f.bin", [34, 35]) == (34, 35)


def test_sorting_needs_room(save, five_bytes, monkeypatch):
    path = save("a.bin", five_bytes([(0, 0, 5000, 0), (1, 0, 4000, 0)]))
    monkeypatch.setattr(room, "SMALL", 0)
    monkeypatch.setattr(room, "available", lambda: 30)
    with pytest.raises(BadFileError, match="1 events come late, and to sort all 2 needs .* of memory"):
        read_nmnist(path)
