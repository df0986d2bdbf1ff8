import numpy as np
import pytest

from ranvier.data.event_files import read_ntidigits
from ranvier.errors import BadFileError


def test_channels_are_x(save, five_bytes):
    spikes = [(0, 63, 0, 1), (0, 2, 10, 1), (0, 63, 4000, 1)]  # 16 bits of channel
    recording = read_ntidigits(save("a.bs1", five_bytes(spikes)))
    assert recording.events["x"].tolist() == [63, 2, 63] and not recording.events["y"].any()
    assert recording.sensor_size == (64, 1, 2)
    dense = recording.to_events(1e-3, polarities=1).to_dense()
    assert dense.shape == (5, 1, 1, 1, 64)
    np.testing.assert_array_equal(np.argwhere(dense.numpy() > 0)[:, [0, 4]], [[0, 2], [0, 63], [4, 63]])


def test_more_channels(save, five_bytes):
    path = save("a.bs1", five_bytes([(0, 3, 0, 1), (1, 44, 5, 1)]))
    with pytest.raises(
        BadFileError, match=r"offset 5 holds an event at x = 300, y = 0, expected a place on a sensor of 64 x 1"
    ):
        read_ntidigits(path)
    assert read_ntidigits(path, sensor=(301, 1)).events["x"].tolist() == [3, 300]
