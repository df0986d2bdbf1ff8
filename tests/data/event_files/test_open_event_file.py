import numpy as np
import pytest

import ranvier as rv
from ranvier.data.event_files import read_events
from ranvier.errors import BadFileError


@pytest.mark.parametrize(
    ("name", "writer", "format"),
    [
        ("a.aedat4", "aedat4", "AEDAT 4.0"),
        ("a.raw", "evt2", "EVT 2.0"),
        ("a.raw", "evt3", "EVT 3.0"),
        ("a.DAT", "dat", "DAT"),
        ("a.bin", "five_bytes", "N-MNIST"),
        ("a.bs2", "five_bytes", "N-MNIST"),
        ("renamed", "aedat4", "AEDAT 4.0"),
        ("renamed.bin", "evt3", "EVT 3.0"),
        ("renamed.bin", "dat", "DAT"),
    ],
)
def test_every_format_is_recognised(save, rows, request, name, writer, format):
    recording = read_events(save(name, request.getfixturevalue(writer)(rows)))
    assert recording.format == format and recording.source.endswith(name)
    assert recording.events.tolist() == [(x, y, t, bool(p)) for x, y, t, p in rows]


def test_the_cochlea_by_its_ending(save, five_bytes):
    assert read_events(save("a.bs1", five_bytes([(0, 9, 4, 1)]))).format == "N-TIDIGITS"


def test_a_sensor_that_the_file_does_not_tell(excerpts):
    assert rv.read_events(excerpts / "dvs_gesture_01.bs2", sensor=(128, 128)).sensor_size == (128, 128, 2)
    assert rv.data.read_events is read_events
    misspelt = "read_event"
    with pytest.raises(AttributeError, match="module 'ranvier.data' has no attribute 'read_event'"):
        getattr(rv.data, misspelt)


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.aedat4", b"", r"empty \(0 bytes\), expected AEDAT 4 \(\.aedat4\), EVT 2"),
        ("a.aedat4", b"#!AER-DAT3.1\r\n", "an AEDAT file older than 4.0, expected AEDAT 4 .*iniVation"),
        ("a.hdf5", b"\x89HDF\r\n\x1a\n", "an HDF5 file, expected .* Read it with h5py"),
        ("a.mat", b"MATLAB 5.0 MAT-file", "a MATLAB file, expected .* scipy.io.loadmat"),
        ("a.npy", b"\x93NUMPY\1", "a NumPy array, expected .* np.load"),
        ("a.zip", b"PK\x03\x04", "an archive, expected .* Unpack it"),
        ("a.gz", b"\x1f\x8b\x08", "a gzip file, expected .*gunzip"),
        ("a.raw", b"time,x,y\n", "a text file, not events: offset 0 holds 'time,x,y'"),
        ("a.aedat4", b"hello", "a text file, not events: offset 0 holds 'hello', expected AEDAT 4"),
        ("a.raw", b"% evt 2.1\n\0", r"a RAW file whose header \(offset 0 to 10\) tells EVT2.1, expected EVT2 or EVT3"),
        ("a.raw", b"% date 2020\n\0", "tells no encoding, expected EVT2 or EVT3"),
        ("a.xyz", b"\0\1\2", "not an event file that can be told: offset 0 holds 00 01 02, expected .*read_nmnist"),
    ],
)
def test_other_files(save, name, data, text):
    with pytest.raises(BadFileError, match=text):
        read_events(save(name, data))


def test_a_missing_file(tmp_path):
    with pytest.raises(
        BadFileError, match=r"nowhere\.raw: No such file or directory; expected AEDAT 4 .*Check the path"
    ):
        read_events(tmp_path / "nowhere.raw")


def test_random_bytes_give_events_or_a_refusal(save):
    random = np.random.default_rng(0)
    for start in (
        b"#!AER-DAT4.0\r\n",
        b"% evt 2.0\n",
        b"% evt 3.0\n",
        b"% Version 2\n",
        b"% Version 2\n\x00\x08",
        b"",
        b"\0",
    ):
        for size in (1, 60, 400):
            with pytest.raises(BadFileError, match="offset|empty|truncated|text file|no event"):
                read_events(save("a.bin", start + random.integers(0, 256, size, np.uint8).tobytes()))
