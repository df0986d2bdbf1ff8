import dataclasses

import numpy as np
import pytest
import torch

import ranvier as rv
from ranvier.data.event_files import Recording, read_nmnist, room
from ranvier.data.event_files.raw import TRIGGER
from ranvier.spikes.address_events import DTYPE

WIDE = np.dtype([("t", "u8"), ("x", "u2"), ("y", "u2"), ("p", "i1")])


def array(*events: tuple[int, int, int, int], dtype: np.dtype = DTYPE) -> np.ndarray:
    """Events (x, y, t, p)."""
    found = np.empty(len(events), dtype)
    for name, values in zip("xytp", zip(*events, strict=True), strict=False):
        found[name] = values
    return found


@pytest.fixture
def recording() -> Recording:
    """Five events on 4 x 3 pixels; two of them on one pixel in one millisecond."""
    events = array((0, 0, 5000, 0), (3, 2, 5999, 1), (3, 2, 5100 + 900, 1), (3, 2, 6500, 1), (1, 2, 9000, 0))
    return Recording(events, 4, 3)


def test_clock_and_words(recording):
    assert (len(recording), recording.start, recording.stop) == (5, 5000, 9001)
    assert recording.duration == pytest.approx(4.001e-3) and recording.sensor_size == (4, 3, 2)
    assert repr(recording) == "Recording(array, 5 events, 0.004001 s, 4 x 3 pixels, 'array')"


def test_other_dtypes_are_converted_and_nothing_can_be_written():
    recording = Recording(array((1, 2, 3, -1), (2, 1, 4, 1), dtype=WIDE))
    assert recording.events.dtype == DTYPE and recording.events.tolist() == [(1, 2, 3, False), (2, 1, 4, True)]
    with pytest.raises(ValueError, match="read-only"):
        recording.events["x"] = 0
    events = array((1, 2, 3, 1))
    Recording(events)
    events["x"] = 0  # the giver's own array stays writeable


def test_frames_count_and_events_merge(recording):
    frames = recording.to_frames(1 * rv.ms)
    assert frames.shape == (5, 1, 2, 3, 4) and frames.dtype == torch.float32 and frames.sum() == 5
    assert (
        frames[0, 0, 0, 0, 0] == 1
        and frames[0, 0, 1, 2, 3] == 1
        and frames[1, 0, 1, 2, 3] == 2
        and frames[4, 0, 0, 2, 1] == 1
    )
    events = recording.to_events(1 * rv.ms)
    assert len(recording) - events.count == 1
    assert torch.equal(events.to_dense(), (frames > 0).float())


def test_one_polarity(recording):
    frames = recording.to_frames(5 * rv.ms, polarities=1)
    assert frames.shape == (1, 1, 1, 3, 4) and frames[0, 0, 0, 2].tolist() == [0, 1, 0, 3]
    assert torch.equal(recording.to_events(5 * rv.ms, polarities=1).to_dense(), (frames > 0).float())


def test_steps_and_clip(recording):
    assert recording.to_frames(1 * rv.ms, steps=7).shape[0] == recording.to_events(1 * rv.ms, steps=7).steps == 7
    for verb in (recording.to_frames, recording.to_events):
        with pytest.raises(ValueError, match=r"times must lie in \[0, 3\) ms, got 0 to 4 ms, 1 of 5 outside"):
            verb(1 * rv.ms, steps=3)
    assert recording.to_frames(1 * rv.ms, steps=3, clip=True).sum() == 4
    assert recording.to_events(1 * rv.ms, steps=3, clip=True).count == 3


def test_windows_keep_times_and_move_the_clock(recording):
    part = recording.window(1 * rv.ms, 4 * rv.ms)
    assert part.events["t"].tolist() == [6000, 6500] and (part.start, part.stop) == (6000, 9000)
    assert part.to_frames(1 * rv.ms).sum((1, 2, 3, 4)).tolist() == [2, 0, 0]
    again = part.window(0.5 * rv.ms, 1 * rv.ms)
    assert again.events["t"].tolist() == [6500] and again.start == 6500
    silent = recording.window(2 * rv.ms, 4 * rv.ms)
    assert (
        len(silent) == 0
        and silent.to_events(1 * rv.ms).shape == (2, 1, 2, 3, 4)
        and silent.to_frames(1 * rv.ms).sum() == 0
    )


def test_windows_tile_the_recording(excerpts):
    recording = read_nmnist(excerpts / "nmnist_train_5_00001.bin")
    edges = [0, 0.007, 0.014, recording.duration]
    parts = [recording.window(a, b) for a, b in zip(edges[:-1], edges[1:], strict=True)]
    whole = recording.to_frames(1 * rv.ms)
    assert torch.equal(torch.cat([part.to_frames(1 * rv.ms) for part in parts]), whole)
    assert whole.shape == (29, 1, 2, 34, 34) and whole[0, 0, 1, 16, 18] == 1  # x = 18, y = 16, ON, 893 us


def test_windows_cut_other_streams(recording):
    triggers = np.array([(5500, 0, True), (6100, 1, False)], TRIGGER)
    part = dataclasses.replace(recording, streams={"triggers": triggers}).window(1 * rv.ms, 4 * rv.ms)
    assert part.streams["triggers"].tolist() == [(6100, 1, False)] and "1 triggers" in repr(part)


def test_crop(recording):
    part = recording.crop(1, 1, 3, 2)
    assert part.events["x"].tolist() == [2, 2, 2, 0] and part.events["y"].tolist() == [1, 1, 1, 1]
    assert part.sensor_size == (3, 2, 2) and part.start == 5000
    assert torch.equal(part.to_frames(1 * rv.ms), recording.to_frames(1 * rv.ms)[..., 1:, 1:])


def test_pool(recording):
    part = recording.pool(2)
    assert part.sensor_size == (2, 2, 2) and len(part) == 5
    whole = torch.nn.functional.pad(recording.to_frames(5 * rv.ms)[0], (0, 0, 0, 1))
    assert torch.equal(part.to_frames(5 * rv.ms)[0], 4 * torch.nn.functional.avg_pool2d(whole, 2))
    assert recording.events["x"].tolist() == [0, 3, 3, 3, 1]  # untouched


def test_frames_larger_than_memory_are_refused(recording, monkeypatch):
    monkeypatch.setattr(room, "available", lambda: 1 << 24)
    with pytest.raises(
        ValueError,
        match=r"to_frames: shape \(4001000, 1, 2, 3, 4\) needs 366 MiB of memory, 16 MiB are available. Use to_events",
    ):
        recording.to_frames(1e-9)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda r: r.window(0, 1), r"window: needs 0 <= start < stop <= 0\.004001 s, the duration, got 0 to 1 s"),
        (lambda r: r.window(-1e-3, 1e-3), "window: needs 0 <= start"),
        (lambda r: r.window(2e-3, 2e-3), "window: needs 0 <= start"),
        (lambda r: r.window(0, float("nan")), "window: start and stop must be finite times, got 0 and nan"),
        (lambda r: r.crop(2, 0, 3, 3), "crop: the rectangle must lie on 4 x 3 pixels, got x 2 to 4, y 0 to 2"),
        (lambda r: r.crop(0, 0, 0, 1), "crop: the rectangle must lie on"),
        (lambda r: r.pool(0), "pool: factor must be an int from 1 up, got 0"),
        (lambda r: r.pool(True), "pool: factor must be an int from 1 up, got True"),
        (lambda r: r.to_events(0), r"to_events: dt must be a time above 0 s, got 0"),
        (lambda r: r.to_frames(1e-3, steps=0), "to_frames: steps must be at least 1, got 0"),
        (
            lambda r: r.to_frames(1e-3, polarities=3),
            r"to_frames: polarities must be 2 \(OFF, ON\) or 1 \(both in one\), got 3",
        ),
    ],
)
def test_refusals(recording, call, text):
    with pytest.raises(ValueError, match=text):
        call(recording)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (
            ([(1, 2, 3, 4)],),
            TypeError,
            r"events must be a structured array \[count\] with integer fields x, y, t and p, got list",
        ),
        ((np.zeros(3),), TypeError, "got float64"),
        ((array((0, 0, 9, 0), (0, 0, 8, 0)),), ValueError, r"times must not fall, got 9 us before 8 us at \[1\]"),
        ((array((4, 0, 9, 0)), 4, 3), ValueError, r"x must lie in \[0, 4\), got 4 to 4"),
        ((array((0, -1, 9, 0)), 4, 3), ValueError, r"y must lie in \[0, 3\), got -1 to -1"),
        ((array((0, 0, 9, 0)), 4), ValueError, r"sensor must be \(width, height\), two ints .*, got \(4, None\)"),
        ((array((40000, 0, 9, 0), dtype=WIDE),), ValueError, r"x must lie in \[0, 32768\), got 40000 to 40000"),
        (
            (array((0, 0, 9, 0)), 4, 3, 10),
            ValueError,
            r"events must lie in \[start, stop\), got \[10, 10\) us and events from 9 to 9 us",
        ),
        ((array((0, 0, 9, 0)), 4, 3, 0, 9), ValueError, r"got \[0, 9\) us and events from 9"),
        ((array(), 4, 3, 5, 5), ValueError, r"got \[5, 5\) us and no event"),
        ((array(), 4, 3), ValueError, "events is empty. Give start= and stop="),
    ],
)
def test_bad_arrays(arguments, error, text):
    with pytest.raises(error, match=text):
        Recording(*arguments)


def test_a_sensor_that_nobody_told():
    silent = Recording(array(), start=0, stop=10)
    with pytest.raises(
        ValueError, match=r"does not tell the size of its sensor; its events reach nowhere. Give it, as in read_events"
    ):
        silent.pool(2)
    assert dataclasses.replace(silent, width=2, height=2).pool(2).sensor_size == (1, 1, 2)
