import numpy as np
import pytest

from ranvier.data.event_files import byte_source, read_nmnist
from ranvier.errors import BadFileError


def test_rows_come_back(save, five_bytes, rows, monkeypatch):
    monkeypatch.setattr(byte_source, "BLOCK", 7)  # several blocks, the last one shorter
    recording = read_nmnist(save("a.bin", five_bytes(rows)))
    assert recording.events.tolist() == [(x, y, t, bool(p)) for x, y, t, p in rows]


def test_time_goes_on_past_its_wrap(save, five_bytes, monkeypatch):
    monkeypatch.setattr(byte_source, "BLOCK", 2)
    times = [2**23 - 5, 2**23 - 1, 3, 2**22, 2**23 - 2, 1]
    recording = read_nmnist(save("a.bin", five_bytes([(0, 0, t, 0) for t in times])))
    assert recording.events["t"].tolist() == [2**23 - 5, 2**23 - 1, 2**23 + 3, 2**23 + 2**22, 2**24 - 2, 2**24 + 1]


def test_an_event_that_comes_late_is_sorted_in_with_a_warning(save, five_bytes, monkeypatch):
    monkeypatch.setattr(byte_source, "BLOCK", 2)
    spikes = [(0, 0, 5000, 0), (1, 0, 9000, 0), (2, 0, 6000, 1), (3, 0, 9000, 0), (4, 0, 20000, 0)]
    with pytest.warns(UserWarning, match=r"a\.bin: 1 of 5 events come late, by up to 3000 us; sorted by time"):
        recording = read_nmnist(save("a.bin", five_bytes(spikes)))
    assert recording.events["x"].tolist() == [0, 2, 1, 3, 4]


@pytest.mark.parametrize("block", [2, 100])
def test_real_disorder_is_refused(save, five_bytes, monkeypatch, block):
    monkeypatch.setattr(byte_source, "BLOCK", block)
    path = save("a.bin", five_bytes([(0, 0, t, 0) for t in (100, 500_000, 480_000, 510_000)]))
    with pytest.raises(
        BadFileError, match=r"offset 10 holds an event at 480000 us, after one at 500000 us; .*truncate -s 10"
    ):
        read_nmnist(path)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", r"the file is empty \(0 bytes\), expected a N-MNIST recording"),
        (b"x,y,t,p\n1,2,3,1\n", "a text file, not events: offset 0 holds 'x,y,t,p'"),
        (
            b"\1\2\0\0\1\3\4\0",
            r"truncated: offset 5 holds 3 of the 5 bytes of the last event, expected all.*truncate -s 5",
        ),
        (b"\1\2\0\0", "truncated: offset 0 holds 4 of the 5 bytes"),
        (
            b"\1\2\0\0\1\1\x22\0\0\1",
            "offset 5 holds an event at x = 1, y = 34, expected a place on a sensor of 34 x 34",
        ),
    ],
)
def test_damaged_files(save, data, text):
    with pytest.raises(BadFileError, match=text):
        read_nmnist(save("a.bin", data))


def test_a_missing_file(tmp_path):
    with pytest.raises(
        BadFileError, match=r"a\.bin: No such file or directory; expected a N-MNIST recording .*Check the path"
    ):
        read_nmnist(tmp_path / "a.bin")
    with pytest.raises(BadFileError, match="Is a directory; expected"):
        read_nmnist(tmp_path)


def test_polarity(save, five_bytes):
    assert np.array_equal(
        read_nmnist(save("a.bin", five_bytes([(0, 0, 0, 1), (0, 0, 0, 0)]))).events["p"], [True, False]
    )
