"""N-TIDIGITS in the form of SLAYER's examples (.bs1): spikes of a silicon cochlea.

Source: J. Anumula et al., "Feature representations for neuromorphic audio spike streams", Front. Neurosci. 12:23 (2018)
for the data set; slayerPytorch (github.com/bamsumit/slayerPytorch) for the layout.
"""

from pathlib import Path

import numpy as np

from ranvier.data.event_files.checking import checked_sensor
from ranvier.data.event_files.five_bytes import read_five_bytes
from ranvier.data.event_files.recording import Recording

SENSOR = (64, 1)


def read_ntidigits(path: str | Path, sensor: tuple[int, int] | None = None) -> Recording:
    """Reads a file of 5 bytes an event: channel (16 bits), a bit of polarity, 23 bits of time (all big-endian, microseconds).

    x is the channel and y is 0. The cochlea has no polarity: give polarities=1 to `to_events` and `to_frames` for shape [T, 1, 1, 1, 64].
    The clock of the recording begins at 0.

    Args:
        path: the file.
        sensor: (channels, 1); None is that of N-TIDIGITS, 64 channels.

    Raises:
        BadFileError: as `read_five_bytes`.
    """
    size = checked_sensor(path, sensor) or SENSOR
    remedy = "Give the number of its channels, as in read_events(path, sensor=(128, 1)), or copy the file again if that was it."
    return read_five_bytes(path, "N-TIDIGITS", size, _place, remedy)


def _place(pair: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return pair[:, 0] << 8 | pair[:, 1], np.zeros(len(pair), np.int64)
