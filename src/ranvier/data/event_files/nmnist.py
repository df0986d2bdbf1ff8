"""N-MNIST (.bin) and others of its layout: N-Caltech101, and DVS128 Gesture in the form of SLAYER's examples (.bs2).

Source: G. Orchard et al., "Converting static image datasets to spiking neuromorphic datasets using saccades", Front. Neurosci. 9:437 (2015).
"""

from pathlib import Path

import numpy as np

from ranvier.data.event_files.checking import checked_sensor
from ranvier.data.event_files.five_bytes import read_five_bytes
from ranvier.data.event_files.recording import Recording

SENSOR = (34, 34)


def read_nmnist(path: str | Path, sensor: tuple[int, int] | None = None) -> Recording:
    """Reads a file of 5 bytes an event: x, y, a bit of polarity, 23 bits of time (big-endian, microseconds).

    The file does not tell its sensor: None is that of N-MNIST, 34 x 34. The clock of the recording begins at 0.

    Args:
        path: the file.
        sensor: (width, height), such as (128, 128) for DVS128 Gesture or (240, 180) for N-Caltech101.

    Raises:
        BadFileError: as `read_five_bytes`.
    """
    size = checked_sensor(path, sensor) or SENSOR
    remedy = "Give the size of its sensor, as in read_events(path, sensor=(128, 128)), or copy the file again if that was it."
    return read_five_bytes(path, "N-MNIST", size, _place, remedy)


def _place(pair: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return pair[:, 0], pair[:, 1]
