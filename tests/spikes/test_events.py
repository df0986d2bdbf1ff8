import copy
import doctest
import pickle
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import ranvier as rv
import ranvier.spikes.events as module
from ranvier.spikes import packing
from ranvier.units import ms, us

Events = rv.Events
DENSITIES = (0.0, 0.02, 0.1, 0.5, 1.0)


@st.composite
def dense(draw, fewest: int = 0, most: int = 3) -> torch.Tensor:
    """Spikes [T, B, *N] with none, one, some or all set."""
    axes = draw(st.lists(st.integers(1, 7), min_size=fewest, max_size=most))
    shape = (draw(st.integers(1, 9)), draw(st.integers(1, 4)), *axes)
    x = torch.zeros(shape)
    density = draw(st.sampled_from(("one", *DENSITIES)))
    seed = draw(st.integers(0, 2**31))
    if density == "one":
        x.view(-1)[seed % x.numel()] = 1
        return x
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)).lt(density).float()


def plain(x: torch.Tensor) -> tuple[list[int], list[int]]:
    """(starts, indices) by loops."""
    starts, indices = [0], []
    for step in x.tolist() if x.ndim > 2 else x.unsqueeze(-1).tolist():
        for sample in step:
            flat = np.ravel(sample).tolist()
            indices += [n for n, value in enumerate(flat) if value == 1]
            starts.append(len(indices))
    return starts, indices


def events(x: torch.Tensor) -> rv.Events:
    return Events.from_dense(x)


def bits(x: torch.Tensor) -> rv.Events:
    """The spikes of x stored as bits, whichever is smaller."""
    e = Events.from_dense(x)
    packed = packing.pack(e.starts.numpy(), e.indices.numpy(), e.neurons)
    return Events._packed(e.shape, torch.from_numpy(packed), e.count)


def int32(*values: int) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.int32)


STORED = pytest.mark.parametrize("stored", [events, bits])
many = settings(deadline=None, max_examples=60)


# The container


@many
@given(x=dense())
def test_rows_are_those_of_plain_loops(x: torch.Tensor) -> None:
    e = events(x)
    assert (e.starts.tolist(), e.indices.tolist()) == plain(x)
    assert e.starts.dtype == torch.int64 and e.indices.dtype == torch.int32
    assert e.shape == tuple(x.shape) and (e.steps, e.batch) == x.shape[:2]
    assert e.neurons == x[0, 0].numel() and e.count == int(x.sum())
    assert e.density == pytest.approx(float(x.mean()))
    assert e.nbytes == 8 * (x.shape[0] * x.shape[1] + 1) + 4 * e.count


@many
@given(x=dense())
def test_the_constructor_takes_what_from_dense_makes(x: torch.Tensor) -> None:
    starts, indices = plain(x)
    built = Events(tuple(x.shape), torch.tensor(starts), int32(*indices))
    assert built == events(x)
    trusted = Events._trusted(x.shape, torch.tensor(starts), int32(*indices))
    assert trusted == built and type(trusted.shape) is tuple


@many
@given(x=dense())
def test_bits_hold_the_same_spikes(x: torch.Tensor) -> None:
    e, b = events(x), bits(x)
    assert (b.encoding, e.encoding) == ("bits", "indices")
    assert b == e and e == b and b == bits(x)
    assert torch.equal(b.starts, e.starts) and torch.equal(b.indices, e.indices)
    assert b.indices.dtype == torch.int32 and b.starts.dtype == torch.int64
    assert torch.equal(b.to_dense(), x)
    assert (b.count, b.density, b.shape) == (e.count, e.density, e.shape)
    assert b.nbytes == x.shape[0] * x.shape[1] * -(-e.neurons // 8)


def test_the_order_of_bits_is_little_endian() -> None:
    x = torch.zeros(1, 2, 11)
    x[0, 0, [0, 3, 8]] = 1
    x[0, 1, 10] = 1
    packed = bits(x)._bits
    assert packed is not None and packed.tolist() == [[0b1001, 0b1], [0, 0b100]]


@many
@given(x=dense())
def test_compact_takes_the_smaller(x: torch.Tensor) -> None:
    rows, e = x.shape[0] * x.shape[1], events(x)
    smaller = min(4 * e.count + 8 * (rows + 1), rows * -(-e.neurons // 8))
    for stored in (e, bits(x)):
        c = stored.compact()
        assert c.nbytes == smaller and c == e
        assert c.compact() is c


def test_compact_keeps_indices_where_few_fire_and_bits_where_many_do() -> None:
    few, many_ = torch.zeros(10, 2, 4000), torch.ones(10, 2, 4000)
    few[3, 1, 7] = 1
    assert events(few).compact().encoding == "indices" and bits(few).compact().encoding == "indices"
    assert events(many_).compact().encoding == "bits"
    assert bits(torch.zeros(1, 1, 128)).compact().encoding == "indices"  # 16 bytes either way
    assert events(few).compact().nbytes == 8 * 21 + 4 and events(many_).compact().nbytes == 20 * 500


def test_packing_in_chunks_is_packing_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.rand(13, 3, 21, generator=torch.Generator().manual_seed(0)).lt(0.3).float()
    whole = bits(x)
    monkeypatch.setattr(packing, "CHUNK", 4 * 21)
    assert torch.equal(bits(x)._bits, whole._bits)  # pyright: ignore[reportArgumentType]
    assert torch.equal(whole.indices, events(x).indices) and torch.equal(whole.starts, events(x).starts)


def test_unpacked_returns_itself_when_nothing_is_packed() -> None:
    e = events(torch.eye(4)[:, None])
    assert e.unpacked() is e and bits(torch.eye(4)[:, None]).unpacked() == e


def test_values_differ_by_shape_and_by_spike() -> None:
    x = torch.zeros(2, 1, 4)
    x[0, 0, 1] = 1
    y = torch.zeros(2, 1, 4)
    y[0, 0, 2] = 1
    assert events(x) != events(y) and bits(x) != bits(y) and events(x) != bits(y)
    assert events(x) != events(torch.zeros(2, 1, 4)) and events(x) != events(x.view(2, 1, 2, 2))
    assert not events(x).equal(events(y)) and events(x).equal(bits(x))
    assert events(x) != "spikes"


def test_a_value_keeps_itself() -> None:
    starts, indices = torch.tensor([0, 1, 2]), int32(2, 0)
    e = Events((2, 1, 3), starts, indices)
    starts[1], indices[0] = 2, 0
    assert (e.starts.tolist(), e.indices.tolist()) == ([0, 1, 2], [2, 0])
    x = torch.ones(2, 1, 3)
    from_x = events(x)
    x.zero_()
    assert from_x.count == 6
    from_x.to_dense().zero_()
    assert from_x == events(torch.ones(2, 1, 3))
    with pytest.raises(AttributeError, match="shape"):
        e.shape = (1, 1, 3)  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(AttributeError, match="label"):
        e.label = 3  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(TypeError, match="unhashable"):
        hash(e)
    with pytest.raises(TypeError, match="has no len"):
        len(e)  # pyright: ignore[reportArgumentType]


@STORED
def test_copies_and_pickles(stored) -> None:
    e = stored(torch.eye(5)[:, None])
    for other in (copy.copy(e), copy.deepcopy(e), pickle.loads(pickle.dumps(e))):
        assert other == e and other.encoding == e.encoding


def test_repr_explains() -> None:
    x = torch.zeros(4, 1, 5)
    x[0, 0, 3] = 1
    assert repr(events(x)) == "Events(shape=(4, 1, 5), 1 spike, density 5 %, 44 bytes as indices)"
    assert repr(bits(x)) == "Events(shape=(4, 1, 5), 1 spike, density 5 %, 4 bytes as bits)"


def test_the_examples_in_docstrings_run() -> None:
    done = doctest.testmod(module)
    assert done.attempted > 0 and done.failed == 0


# Time


@STORED
@many
@given(x=dense(), data=st.data())
def test_windows_and_concatenation(stored, x: torch.Tensor, data: st.DataObject) -> None:
    e = stored(x)
    a = data.draw(st.integers(0, len(x) - 1))
    b = data.draw(st.integers(a + 1, len(x)))
    assert e[a:b] == events(x[a:b]) and e[a:b].encoding == e.encoding
    parts = [e[i:j] for i, j in ((0, a), (a, b), (b, len(x))) if i < j]
    joined = Events.concatenate(parts)
    assert joined == e and joined.encoding == e.encoding
    mixed = Events.concatenate([e, events(x)])
    assert mixed == events(torch.cat((x, x)))


def test_windows_count_as_in_python() -> None:
    x = torch.eye(6)[:, None]
    assert events(x)[-2:] == events(x[-2:]) and events(x)[:100] == events(x) and events(x)[2::1] == events(x[2:])


def test_a_window_holds_its_own_memory() -> None:
    long = events(torch.ones(1000, 1, 10))
    window = long[5:6]
    assert window.indices.untyped_storage().nbytes() == 40
    assert window.starts.untyped_storage().nbytes() == 16


# Dense and sparse


@many
@given(
    x=dense(),
    dtype=st.sampled_from((torch.float16, torch.bfloat16, torch.float64, torch.bool, torch.uint8, torch.int64)),
)
def test_dense_round_trip(x: torch.Tensor, dtype: torch.dtype) -> None:
    e = Events.from_dense(x.to(dtype))
    assert e == events(x)
    for stored in (e, bits(x)):
        y = stored.to_dense(dtype)
        assert y.dtype == dtype and torch.equal(y, x.to(dtype))
        assert stored.to_dense().dtype == torch.float32


@pytest.mark.parametrize("dtype", ["float32", "bool", "uint8", "int16", "float16"])
def test_dense_from_arrays(dtype: str) -> None:
    x = torch.rand(3, 2, 5, generator=torch.Generator().manual_seed(1)).lt(0.5)
    array = x.numpy().astype(dtype)
    array.flags.writeable = False
    assert Events.from_dense(array) == events(x.float())


def test_dense_of_any_layout_and_of_learnable_tensors() -> None:
    x = torch.rand(4, 5, 3, generator=torch.Generator().manual_seed(2)).lt(0.4).float()
    assert Events.from_dense(x.transpose(0, 1)) == events(x.transpose(0, 1).contiguous())
    assert Events.from_dense(x.clone().requires_grad_()) == events(x)
    assert Events.from_dense(-0.0 * x).count == 0


@many
@given(x=dense())
def test_sparse_round_trip(x: torch.Tensor) -> None:
    e = Events.from_sparse(x.to_sparse())
    assert e == events(x)
    for stored in (e, bits(x)):
        y = stored.to_sparse(torch.float64)
        assert y.layout == torch.sparse_coo and y.dtype == torch.float64 and y.is_coalesced()
        assert torch.equal(y.to_dense(), x.double())
        assert torch.equal(y.indices(), x.double().to_sparse().indices())


def test_sparse_in_any_order_with_stored_zeros() -> None:
    x = torch.sparse_coo_tensor(
        torch.tensor([[1, 0, 1], [0, 0, 0], [2, 1, 0]]), torch.tensor([1.0, 1.0, 0.0]), (2, 1, 3), check_invariants=True
    )
    assert Events.from_sparse(x) == Events((2, 1, 3), torch.tensor([0, 1, 2]), int32(1, 2))


# Times


@many
@given(x=dense(), dt=st.sampled_from((1 * ms, 0.1 * ms, 0.3 * ms, 1 / 3, 7.0, 2.5 * us)), seed=st.integers(0, 2**31))
def test_times_round_trip(x: torch.Tensor, dt: float, seed: int) -> None:
    for e in (events(x), bits(x)):
        trains = e.to_times(dt)
        assert len(trains) == e.batch
        for b, (times, ids) in enumerate(trains):
            where = [
                (t, n) for t in range(e.steps) for n in range(e.neurons) if x.reshape(e.steps, e.batch, -1)[t, b, n]
            ]
            assert times.dtype == np.float64 and ids.dtype == np.int64
            assert list(zip(times.tolist(), ids.tolist(), strict=True)) == [(t * dt, n) for t, n in where]
    times, ids = (np.concatenate(column) for column in zip(*trains, strict=True))
    samples = np.repeat(np.arange(len(trains)), [len(one) for one, _ in trains])
    order = np.random.default_rng(seed).permutation(len(times))
    back = Events.from_times(
        times[order], ids[order], steps=e.steps, neurons=e.shape[2:], dt=dt, samples=samples[order], batch=e.batch
    )
    assert back == e


def test_single_sample_from_lists_tensors_and_a_number_of_neurons() -> None:
    expected = Events((4, 1, 3), torch.tensor([0, 1, 1, 3, 3]), int32(2, 0, 1))
    assert Events.from_times([0.0, 0.0021, 0.0029], [2, 1, 0], steps=4, neurons=3) == expected
    assert (
        Events.from_times(torch.tensor([0.0029, 0.0, 0.002]), torch.tensor([0, 2, 1]), steps=4, neurons=3) == expected
    )
    assert Events.from_times([0, 2, 2], [2, 0, 1], steps=4, neurons=3, dt=1.0, batch=1) == expected


class Case(NamedTuple):
    time: float
    dt: float
    step: int


@pytest.mark.parametrize(
    "case",
    [
        Case(0.3, 0.1, 3),  # 0.3 / 0.1 = 2.9999999999999996
        Case(0.0299999, 10 * ms, 2),
        Case(0.002999, 1 * ms, 2),
        Case(0.0, 1 * ms, 0),
        Case(-1e-12, 1 * ms, 0),
        Case(9.999, 1 * ms, 9999),
    ],
)
def test_the_step_of_a_time(case: Case) -> None:
    e = Events.from_times([case.time], [0], steps=10_000, neurons=1, dt=case.dt)
    assert e.to_dense().flatten().nonzero().tolist() == [[case.step]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("dt", [1 * ms, 0.1 * ms, 0.3 * ms, 1 / 7])
def test_multiples_of_dt_fall_into_their_step_in_either_precision(dtype: type, dt: float) -> None:
    times = (np.arange(30_000) * dt).astype(dtype)
    e = Events.from_times(times, np.zeros(30_000, int), steps=30_000, neurons=1, dt=dt)
    assert e.count == 30_000


def test_two_spikes_in_one_step_are_one() -> None:
    e = Events.from_times([0.0031, 0.0032, 0.0031], [1, 1, 0], steps=5, neurons=2)
    assert (e.count, e.to_dense()[3, 0].tolist()) == (2, [1, 1])
    assert Events.from_times([0.0031, 0.0032], [1, 1], steps=50, neurons=2, dt=0.1 * ms).count == 2


def test_clip_leaves_out_what_is_outside() -> None:
    e = Events.from_times([-0.5, 0.001, 0.004, 9.0], [0, 1, 0, 1], steps=4, neurons=2, clip=True)
    assert e == Events((4, 1, 2), torch.tensor([0, 0, 1, 1, 1]), int32(1))


def test_no_spikes_at_all() -> None:
    silent = Events.from_times([], [], steps=3, neurons=(2, 2), samples=[], batch=2)
    assert silent == events(torch.zeros(3, 2, 2, 2)) and silent.density == 0
    assert [(len(t), len(n)) for t, n in silent.to_times(1 * ms)] == [(0, 0), (0, 0)]
    assert [len(a) for a in Events.from_dense(torch.zeros(3, 2, 2, 4, 5)).to_aer(1 * ms)] == [0, 0]
    assert Events.from_sparse(silent.to_sparse()) == silent


# Address events

AER = np.dtype([("x", np.int16), ("y", np.int16), ("t", np.int64), ("p", np.bool_)])


@many
@given(
    size=st.tuples(st.integers(1, 6), st.integers(1, 5), st.integers(1, 2)),
    steps=st.integers(1, 50),
    dt=st.sampled_from((1 * ms, 1 * us, 1.7 * us, 333 * us, 1 / 30)),
    density=st.sampled_from(DENSITIES),
    seed=st.integers(0, 2**31),
)
def test_address_events_round_trip(
    size: tuple[int, int, int], steps: int, dt: float, density: float, seed: int
) -> None:
    x = torch.rand((steps, 2, *size[::-1]), generator=torch.Generator().manual_seed(seed)).lt(density).float()
    for e in (events(x), bits(x)):
        recordings = e.to_aer(dt)
        assert len(recordings) == 2
        for b, array in enumerate(recordings):
            assert array.dtype == AER and (np.diff(array["t"]) >= 0).all()
            assert Events.from_aer(array[::-1], sensor_size=size, dt=dt, steps=steps) == events(x[:, b : b + 1])


def test_address_events_by_hand() -> None:
    array = np.array([(3, 0, 999, True), (0, 1, 1000, False), (2, 1, 5400, True), (2, 1, 5401, True)], dtype=AER)
    e = Events.from_aer(array, sensor_size=(4, 2, 2), dt=1 * ms)
    assert (e.shape, e.count) == ((6, 1, 2, 2, 4), 3)
    x = e.to_dense()[:, 0]
    assert x[0, 1, 0, 3] == x[1, 0, 1, 0] == x[5, 1, 1, 2] == 1  # [t, p, y, x]
    assert Events.from_aer(array, sensor_size=(4, 2, 2), dt=1 * ms, steps=9).shape == (9, 1, 2, 2, 4)
    (back,) = e.to_aer(1 * ms)
    assert back.tolist() == [(3, 0, 0, True), (0, 1, 1000, False), (2, 1, 5000, True)]
    clipped = Events.from_aer(array, sensor_size=(4, 2, 2), dt=1 * ms, steps=2, clip=True)
    assert clipped == e[:2]


def test_address_events_of_a_cochlea() -> None:
    array = np.array([(0, 699, 1), (14_000, 3, 1)], dtype=[("t", int), ("x", int), ("p", int)])  # as tonic gives SHD
    e = Events.from_aer(array, sensor_size=(700, 1, 1), dt=1 * ms)
    assert e.shape == (15, 1, 1, 1, 700) and e.indices.tolist() == [699, 3]


# Refusals

ONE = Events.from_dense(torch.ones(4, 1, 3))
CAMERA = np.array([(3, 0, 999, 1), (0, 1, 5000, 0)], dtype=[("x", "i2"), ("y", "i2"), ("t", "i8"), ("p", "i1")])


def changed(**fields: int) -> np.ndarray:
    array = CAMERA.copy()
    for name, value in fields.items():
        array[name][1] = value
    return array


def times(**more) -> rv.Events:
    return Events.from_times(**{"times": [0.0, 0.001], "ids": [0, 1], "steps": 2, "neurons": 2, **more})


def aer(array=CAMERA, **more) -> rv.Events:
    return Events.from_aer(array, **{"sensor_size": (4, 2, 2), "dt": 1 * ms, **more})


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: Events(5, torch.zeros(2), int32()), TypeError, r"shape must be a tuple of ints \(T, B, \*N\), got 5"),
        (
            lambda: Events((2, 1.0), torch.zeros(2), int32()),
            TypeError,
            r"got \(2, 1\.0\)\. Use for example \(100, 1, 784",
        ),
        (lambda: Events((2, True), torch.zeros(2), int32()), TypeError, r"got \(2, True\)"),
        (
            lambda: Events((2,), torch.zeros(2), int32()),
            ValueError,
            r"must be \(T, B, \*N\).*got \(2,\)\. Use unsqueeze",
        ),
        (lambda: Events((2, 0, 3), torch.zeros(2), int32()), ValueError, r"must be at least 1, got \(2, 0, 3\)"),
        (
            lambda: Events((2**20, 2**11), torch.zeros(2), int32()),
            ValueError,
            "at most 2147483647, got 2147483648 and 1",
        ),
        (lambda: Events((1, 1, 2**16, 2**16), torch.zeros(2), int32()), ValueError, "got 1 and 4294967296"),
        (
            lambda: Events((1, 1, 3), torch.zeros(2), int32()),
            TypeError,
            r"starts must be a tensor of torch\.int64, got torch\.float32\. Use torch\.as_tensor\(starts, dtype=torch\.int64",
        ),
        (lambda: Events((1, 1, 3), [0, 0], int32()), TypeError, "starts must be a tensor of torch.int64, got list"),
        (
            lambda: Events((1, 1, 3), torch.tensor([0, 1]), torch.tensor([0])),
            TypeError,
            r"indices must be a tensor of torch\.int32, got torch\.int64",
        ),
        (
            lambda: Events((1, 1, 3), torch.zeros(2, dtype=torch.int64, device="meta"), int32()),
            ValueError,
            r"starts must be on the CPU, got meta\. Use starts\.cpu\(\)",
        ),
        (
            lambda: Events((1, 1, 3), torch.tensor([0, 1]), int32(1)[None]),
            ValueError,
            r"indices must have one axis, got shape \(1, 1\)\. Use indices\.reshape\(-1\)",
        ),
        (
            lambda: Events((3, 2, 4), torch.zeros(4, dtype=torch.int64), int32()),
            ValueError,
            r"starts must have T \* B \+ 1 = 7 values for shape \(3, 2, 4\), got 4",
        ),
        (
            lambda: Events((2, 1, 3), torch.tensor([0, 1, 1]), int32(0, 1)),
            ValueError,
            r"starts must rise from 0 to the number of indices, 2, got 0 to 1\. Use the cumulative sum",
        ),
        (lambda: Events((2, 1, 3), torch.tensor([1, 1, 2]), int32(0, 1)), ValueError, "2, got 1 to 2"),
        (lambda: Events((2, 1, 3), torch.tensor([0, 3, 2]), int32(0, 1)), ValueError, "got 0 to 2 with a fall between"),
        (
            lambda: Events((2, 1, 3), torch.tensor([0, 1, 2]), int32(0, 3)),
            ValueError,
            r"indices must lie in \[0, 3\), got 0 to 3, the first outside at \[1\]",
        ),
        (lambda: Events((2, 1, 3), torch.tensor([0, 1, 2]), int32(-1, 2)), ValueError, r"got -1 to 2.*at \[0\]"),
        (
            lambda: Events((2, 2, 9), torch.tensor([0, 2, 2, 2, 4]), int32(4, 7, 3, 3)),
            ValueError,
            r"indices must rise within a row, got 3 before 3 in row t=1, b=1\. Sort them and remove repeats",
        ),
        (
            lambda: Events((2, 2, 9), torch.tensor([0, 0, 0, 3, 4]), int32(4, 7, 6, 3)),
            ValueError,
            "got 7 before 6 in row t=1, b=0",
        ),
        (lambda: ONE[2], TypeError, r"only a window of steps can be taken, events\[a:b\], got \[2\]"),
        (lambda: ONE[::2], TypeError, r"Use events\[t:t \+ 1\] for one step, or events\.to_dense"),
        (lambda: ONE[:, 0], TypeError, "only a window of steps"),
        (lambda: list(ONE), TypeError, r"only a window of steps can be taken, events\[a:b\], got \[0\]"),
        (lambda: ONE[3:3], ValueError, r"\[3:3\] holds no step of 4\. Use for example events\[0:1\]"),
        (lambda: ONE[9:], ValueError, r"\[9:None\] holds no step of 4"),
        (lambda: Events.concatenate([]), ValueError, r"got no parts\. Give at least one"),
        (lambda: Events.concatenate([ONE, torch.ones(1)]), TypeError, "part 1 must be Events, got Tensor"),
        (
            lambda: Events.concatenate([ONE, events(torch.ones(4, 2, 3))]),
            ValueError,
            r"same \(B, \*N\), got \(1, 3\) in part 0 and \(2, 3\) in part 1",
        ),
        (
            lambda: Events.from_dense([[1]]),
            TypeError,
            r"from_dense: x must be a tensor or an array, got list\. Use torch\.as",
        ),
        (
            lambda: Events.from_dense(torch.eye(2).to_sparse()),
            TypeError,
            r"layout torch\.sparse_coo\. Use Events\.from_sparse",
        ),
        (lambda: Events.from_dense(torch.ones(2, 2) * 1j), TypeError, "real numbers or bools, got torch.complex64"),
        (lambda: Events.from_dense(np.array([["a"]])), TypeError, "real numbers or bools, got <U1"),
        (lambda: Events.from_dense(torch.ones(5)), ValueError, r"from_dense: shape must be \(T, B, \*N\).*got \(5,\)"),
        (lambda: Events.from_dense(torch.ones(5, 1, 0)), ValueError, r"at least 1, got \(5, 1, 0\)"),
        (
            lambda: Events.from_dense(torch.tensor([[[0, 1.0], [1, 0.5]], [[1, 2.0], [0, 0]]])),
            ValueError,
            r"from_dense: x must hold only 0 and 1, got 0\.5 at x\[0, 1, 1\], 2 such values\. Use x > 0 if",
        ),
        (
            lambda: Events.from_dense(torch.full((1, 1, 2), 255, dtype=torch.uint8)),
            ValueError,
            r"got 255 at x\[0, 0, 0\]",
        ),
        (lambda: Events.from_dense(torch.tensor([[0, -1]])), ValueError, r"got -1 at x\[0, 1\]"),
        (
            lambda: Events.from_dense(torch.tensor([[0, 1, float("nan")]])),
            ValueError,
            r"got NaN at x\[0, 2\]\. Find them with torch\.isnan\(x\)",
        ),
        (
            lambda: Events.from_dense(torch.tensor([[float("inf")]], dtype=torch.bfloat16)),
            ValueError,
            r"got inf at x\[0, 0\]",
        ),
        (lambda: Events.from_dense(np.array([[np.nan]])), ValueError, r"got NaN at x\[0, 0\]"),
        (
            lambda: ONE.to_dense("float32"),
            TypeError,
            r"dtype must be a torch\.dtype, got 'float32'\. Use dtype=torch\.float32",
        ),
        (lambda: Events.from_sparse(torch.eye(2)), TypeError, r"got torch\.strided\. Use Events\.from_dense\(x\)"),
        (lambda: Events.from_sparse(np.eye(2)), TypeError, r"sparse COO tensor, got ndarray\. Use x\.to_sparse_coo"),
        (
            lambda: Events.from_sparse(torch.ones(2, 1, 3).to_sparse(2)),
            ValueError,
            r"all axes of x must be sparse, got 1 dense ones\. Use x\.to_dense\(\)\.to_sparse\(\)",
        ),
        (lambda: Events.from_sparse(torch.ones(2).to_sparse()), ValueError, r"from_sparse: shape must be .*got \(2,\)"),
        (lambda: Events.from_sparse((3 * torch.eye(2)).to_sparse()), ValueError, r"got 3 at x\[0, 0\], 2 such values"),
        (
            lambda: Events.from_sparse(
                torch.sparse_coo_tensor([[1, 1], [0, 0]], [1.0, 1.0], (2, 1), check_invariants=True)
            ),
            ValueError,
            r"got 2 at x\[1, 0\]",
        ),
        (lambda: times(steps=0), ValueError, "from_times: steps must be at least 1, got 0"),
        (lambda: times(steps=2.0), TypeError, "from_times: steps must be an int, got 2.0"),
        (lambda: times(dt=0.0), ValueError, "from_times: dt must be a time above 0 s, got 0.0"),
        (lambda: times(neurons=2.5), TypeError, r"shape must be a tuple of ints \(T, B, \*N\), got \(2, 1, 2\.5\)"),
        (lambda: times(neurons=()), ValueError, r"ids must lie in \[0, 1\), got 0 to 1"),
        (lambda: times(ids=[0, 2]), ValueError, r"ids must lie in \[0, 2\), got 0 to 2, the first outside at \[1\]"),
        (
            lambda: times(ids=[0.0, 1.0]),
            TypeError,
            r"ids must be integers \(neuron numbers\), got float64\. Use np\.asarray\(ids",
        ),
        (lambda: times(ids=[0]), ValueError, "must be equally long, got 2, 1 and 1"),
        (
            lambda: times(times=[[0.0, 0.001]]),
            ValueError,
            r"one list of seconds, got shape \(1, 2\)\. Use times\.reshape",
        ),
        (
            lambda: times(times=["a", "b"]),
            TypeError,
            r"times must be numbers \(seconds\), got <U1\. Use np\.asarray\(times",
        ),
        (lambda: times(times=[0.0, np.nan]), ValueError, r"times must be finite, got nan at \[1\]"),
        (lambda: times(times=[np.inf, 0.0], clip=True), ValueError, r"times must be finite, got inf at \[0\]"),
        (
            lambda: times(times=[0.0, 0.002]),
            ValueError,
            r"times must lie in \[0, 2\) ms, got 0 to 2 ms, 1 of 2 outside\. Use steps=3, or clip=True to leave out",
        ),
        (lambda: times(times=[-0.1, 0.0]), ValueError, r"got -100 to 0 ms, 1 of 2 outside\. Use times that begin at 0"),
        (lambda: times(batch=3), ValueError, r"batch=3 needs the sample of each spike\. Give samples="),
        (lambda: times(batch=0), ValueError, "batch=0 needs the sample of each spike"),
        (lambda: times(samples=[0, 1]), ValueError, r"samples needs the number of samples.*Give batch="),
        (lambda: times(samples=[0, 1], batch=0), ValueError, r"at least 1, got \(2, 0, 2\)"),
        (lambda: times(samples=[0, 3], batch=3), ValueError, r"samples must lie in \[0, 3\), got 0 to 3"),
        (lambda: times(samples=[0], batch=3), ValueError, "got 2, 2 and 1"),
        (lambda: ONE.to_times(-1.0), ValueError, "to_times: dt must be a time above 0 s, got -1.0"),
        (
            lambda: aer(sensor_size=(4, 2)),
            ValueError,
            r"must be \(width, height, polarities\), got \(4, 2\)\. Use for example",
        ),
        (lambda: aer(sensor_size=(4, 0, 2)), ValueError, "from_aer: every axis"),
        (lambda: aer(np.zeros((3, 4))), TypeError, r"with the fields x, y, t and p, got float64\. Use np\.array"),
        (lambda: aer([(1, 2, 3, 4)]), TypeError, "got list"),
        (lambda: aer(CAMERA[["x", "y", "p"]]), TypeError, "with the fields x, y, t and p, got "),
        (lambda: aer(CAMERA[["x", "t", "p"]]), ValueError, "array has no field y, sensor_size asks for 2. Use 1"),
        (lambda: aer(CAMERA[["x", "y", "t"]]), ValueError, "array has no field p, sensor_size asks for 2"),
        (lambda: aer(CAMERA[:0]), ValueError, r"holds no event to tell the number of steps from\. Give steps="),
        (lambda: aer(CAMERA[0]), TypeError, "got void"),
        (lambda: aer(CAMERA[None]), ValueError, r"t must be one list of microseconds, got shape \(1, 2\)"),
        (lambda: aer(changed(x=4)), ValueError, r"x must lie in \[0, 4\), got 3 to 4, the first outside at \[1\]"),
        (lambda: aer(changed(y=-1)), ValueError, r"y must lie in \[0, 2\), got -1 to 0"),
        (lambda: aer(changed(p=-1)), ValueError, r"p must be 0 or 1, got -1\. Use array\['p'\] = array\['p'\] > 0"),
        (lambda: aer(changed(t=-5000)), ValueError, r"must lie at 0 ms or later, got -5 to 0\.999 ms, 1 of 2 outside"),
        (
            lambda: aer(changed(t=10**16)),
            ValueError,
            "at most 2147483647, got 10000000000001 .*time stamps that begin at 0",
        ),
        (
            lambda: aer(steps=3),
            ValueError,
            r"must lie in \[0, 3\) ms, got 0\.999 to 5 ms, 1 of 2 outside\. Use steps=6",
        ),
        (lambda: aer(steps=0), ValueError, "from_aer: steps must be at least 1"),
        (lambda: aer(dt=-1.0), ValueError, "from_aer: dt must be a time above 0 s"),
        (
            lambda: aer(CAMERA.astype([("x", "i2"), ("y", "i2"), ("t", "f8"), ("p", "?")])),
            TypeError,
            r"t must be integers \(microseconds\), got float64",
        ),
        (
            lambda: ONE.to_aer(1 * ms),
            ValueError,
            r"\(1 or 2 polarities, height, width\), got \(3,\)\. Use to_times\(dt\)",
        ),
        (lambda: events(torch.ones(1, 1, 3, 2, 2)).to_aer(1 * ms), ValueError, r"got \(3, 2, 2\)"),
        (
            lambda: events(torch.zeros(1, 1, 1, 1, 40_000)).to_aer(1 * ms),
            ValueError,
            "int16, got a sensor of 40000 x 1",
        ),
        (
            lambda: events(torch.ones(1, 1, 1, 2, 2)).to_aer(0.2 * us),
            ValueError,
            r"whole microseconds, got a dt of 0\.2 us",
        ),
        (lambda: events(torch.ones(1, 1, 1, 2, 2)).to_aer(0.0), ValueError, "to_aer: dt must be a time above 0 s"),
    ],
)
def test_refusals(call, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call()
