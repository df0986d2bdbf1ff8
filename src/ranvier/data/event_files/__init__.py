"""Event files: recordings of event cameras and silicon cochleas, one format a file; `read_events` recognises which it is.

Polarity 0 (False) is OFF, darker; 1 (True) is ON, brighter. Dense tensors have OFF in channel 0 and ON in channel 1.
"""

from ranvier.data.event_files.aedat4 import read_aedat4
from ranvier.data.event_files.dat import read_dat
from ranvier.data.event_files.evt2 import read_evt2
from ranvier.data.event_files.evt3 import read_evt3
from ranvier.data.event_files.nmnist import read_nmnist
from ranvier.data.event_files.ntidigits import read_ntidigits
from ranvier.data.event_files.open import read_events
from ranvier.data.event_files.recording import Recording

__all__ = [
    "Recording",
    "read_aedat4",
    "read_dat",
    "read_events",
    "read_evt2",
    "read_evt3",
    "read_nmnist",
    "read_ntidigits",
]
