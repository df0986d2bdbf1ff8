"""The container of spikes: rows (t, b), sorted neuron indices, compressed sparse rows."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ranvier.checks import positive_time
from ranvier.spikes.address_events import address_events, address_keys, check_sensor
from ranvier.spikes.checking import check_rows, checked_shape
from ranvier.spikes.conversion import dense_keys, sparse_keys, timed_keys
from ranvier.spikes.packing import count_bits, dense_of_bits, keys_of_rows, pack, rows_of_keys, unpack
from ranvier.units import ms


class Events:
    """Spikes of T time steps, B samples and neurons of shape N: memory follows the number of spikes, not T x B x N.

    Row r = t * B + b holds the neurons that fired in step t of sample b: indices[starts[r]:starts[r + 1]]. A value: nothing
    changes it, so whoever holds one may keep it. Lives on the CPU; a spike carries no gradient. Make one with `from_dense`,
    `from_times`, `from_aer` or `from_sparse`.

    Args:
        shape: (T, B, *N), every axis at least 1. N may be (), one neuron.
        starts: int64 tensor [T * B + 1], where each row begins in `indices`; the last is the number of spikes.
        indices: int32 tensor [count], flat neuron number (C order over N) of each spike, rising within a row.

    Raises:
        TypeError: a shape that is not of ints; `starts` or `indices` is not a tensor of that dtype.
        ValueError: wrong sizes, falling `starts`, an index outside the neurons, or one repeated or out of order in its row.

    Example:
        >>> import ranvier as rv, torch
        >>> spikes = rv.Events((2, 1, 5), torch.tensor([0, 2, 3]), torch.tensor([1, 4, 0], dtype=torch.int32))
        >>> spikes.to_dense()[0, 0]
        tensor([0., 1., 0., 0., 1.])
    """

    __slots__ = ("_bits", "_count", "_indices", "_shape", "_starts")

    _shape: tuple[int, ...]
    _count: int
    _starts: Tensor | None  # either rows
    _indices: Tensor | None
    _bits: Tensor | None  # or bits, uint8 [T * B, ceil(neurons / 8)], see `packing`

    def __init__(self, shape: Sequence[int], starts: Tensor, indices: Tensor) -> None:
        self._shape = checked_shape("Events", shape)
        check_rows(self._shape, starts, indices)
        self._starts, self._indices, self._bits = _own(starts), _own(indices), None
        self._count = len(indices)

    @classmethod
    def _trusted(cls, shape: Sequence[int], starts: Tensor, indices: Tensor) -> "Events":
        """As the constructor, for kernels: no check, no copy. The tensors are contiguous and nobody writes to them again."""
        self = object.__new__(cls)
        self._shape, self._count = tuple(shape), indices.shape[0]
        self._starts, self._indices, self._bits = starts, indices, None
        return self

    @classmethod
    def _packed(cls, shape: Sequence[int], bits: Tensor, count: int) -> "Events":
        """From bits, uint8 [T * B, ceil(neurons / 8)], that hold `count` spikes: no check, no copy."""
        self = object.__new__(cls)
        self._shape, self._count = tuple(shape), count
        self._starts, self._indices, self._bits = None, None, bits
        return self

    @classmethod
    def _of_keys(cls, shape: tuple[int, ...], keys: np.ndarray) -> "Events":
        starts, indices = rows_of_keys(keys, shape[0] * shape[1], math.prod(shape[2:]))
        return cls._trusted(shape, torch.from_numpy(starts), torch.from_numpy(indices))

    @classmethod
    def _of_loose_keys(cls, shape: tuple[int, ...], keys: np.ndarray) -> "Events":
        keys = np.sort(keys, kind="stable")
        return cls._of_keys(shape, keys[np.diff(keys, prepend=-1) > 0])

    @property
    def shape(self) -> tuple[int, ...]:
        """(T, B, *N)."""
        return self._shape

    @property
    def steps(self) -> int:
        """Number of time steps T."""
        return self._shape[0]

    @property
    def batch(self) -> int:
        """Number of samples B."""
        return self._shape[1]

    @property
    def neurons(self) -> int:
        """Number of neurons, the product of N."""
        return math.prod(self._shape[2:])

    @property
    def count(self) -> int:
        """Number of spikes."""
        return self._count

    @property
    def density(self) -> float:
        """Spikes a step and neuron, in [0, 1]."""
        return self._count / math.prod(self._shape)

    @property
    def encoding(self) -> str:
        """How spikes are stored: "indices" or "bits"."""
        return "indices" if self._bits is None else "bits"

    @property
    def nbytes(self) -> int:
        """Bytes of the stored tensors."""
        return sum(x.nbytes for x in (self._starts, self._indices, self._bits) if x is not None)

    @property
    def starts(self) -> Tensor:
        """int64 [T * B + 1], where each row begins in `indices`. Do not write to it. Bits are unpacked at every use: see `unpacked`."""
        return self.unpacked()._starts  # pyright: ignore[reportReturnType]

    @property
    def indices(self) -> Tensor:
        """int32 [count], flat neuron number of each spike. Do not write to it. Bits are unpacked at every use: see `unpacked`."""
        return self.unpacked()._indices  # pyright: ignore[reportReturnType]

    def equal(self, other: "Events") -> bool:
        """Whether both have the same shape and the same spikes, however stored. `==` does the same."""
        if self._shape != other._shape or self._count != other._count:
            return False
        if self._bits is not None and other._bits is not None:
            return torch.equal(self._bits, other._bits)
        a, b = self.unpacked(), other.unpacked()
        return torch.equal(a.starts, b.starts) and torch.equal(a.indices, b.indices)

    def __eq__(self, other: object) -> bool:
        return self.equal(other) if isinstance(other, Events) else NotImplemented

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __repr__(self) -> str:
        return (
            f"Events(shape={self._shape}, {self._count} spike{'s' * (self._count != 1)}, density {100 * self.density:.3g} %, "
            f"{self.nbytes} bytes as {self.encoding})"
        )

    def compact(self) -> "Events":
        """The same spikes in the smaller encoding: indices (4 bytes a spike, 8 a row) or bits (ceil(neurons / 8) bytes a row).

        Bits win from about one spike in 32 up. Returns itself where nothing is to be gained.
        """
        rows = self.steps * self.batch
        if 4 * self._count + 8 * (rows + 1) <= rows * -(-self.neurons // 8):
            return self.unpacked()
        if self._bits is not None:
            return self
        bits = pack(self.starts.numpy(), self.indices.numpy(), self.neurons)
        return Events._packed(self._shape, torch.from_numpy(bits), self._count)

    def unpacked(self) -> "Events":
        """The same spikes stored as indices. Returns itself if they are."""
        if self._bits is None:
            return self
        starts, indices = unpack(self._bits.numpy(), self.neurons, self._count)
        return Events._trusted(self._shape, torch.from_numpy(starts), torch.from_numpy(indices))

    def __getitem__(self, window: slice) -> "Events":
        """Steps a to b - 1 as events[a:b], with their own memory, in the same encoding."""
        if not isinstance(window, slice) or window.step not in (None, 1):
            raise TypeError(
                f"Events: only a window of steps can be taken, events[a:b], got [{window}]. "
                "Use events[t:t + 1] for one step, or events.to_dense()[...]."
            )
        a, b, _ = window.indices(self.steps)
        if a >= b:
            raise ValueError(
                f"Events: [{window.start}:{window.stop}] holds no step of {self.steps}. Use for example events[0:1]."
            )
        shape, first, last = (b - a, *self._shape[1:]), a * self.batch, b * self.batch
        if self._bits is not None:
            bits = self._bits[first:last].clone()
            return Events._packed(shape, bits, count_bits(bits.numpy()))
        starts = self.starts[first : last + 1]
        return Events._trusted(shape, starts - starts[0], self.indices[starts[0] : starts[-1]].clone())

    @staticmethod
    def concatenate(parts: Sequence["Events"]) -> "Events":
        """The parts one after another in time. All have the same batch and neurons. Bits if all parts are bits.

        Raises:
            TypeError: a part is not an `Events`.
            ValueError: no parts, or parts of different (B, *N).
        """
        parts = list(parts)
        if not parts:
            raise ValueError("Events.concatenate: got no parts. Give at least one, as in Events.concatenate([a, b]).")
        for k, part in enumerate(parts):
            if not isinstance(part, Events):
                raise TypeError(
                    f"Events.concatenate: part {k} must be Events, got {type(part).__name__}. Use Events.from_dense(...)."
                )
            if part._shape[1:] != parts[0]._shape[1:]:
                raise ValueError(
                    f"Events.concatenate: all parts must have the same (B, *N), got {parts[0]._shape[1:]} in part 0 and "
                    f"{part._shape[1:]} in part {k}. Only the steps may differ."
                )
        shape = checked_shape("Events.concatenate", (sum(part.steps for part in parts), *parts[0]._shape[1:]))
        count = sum(part._count for part in parts)
        bits = [part._bits for part in parts if part._bits is not None]
        if len(bits) == len(parts):
            return Events._packed(shape, torch.cat(bits), count)
        parts = [part.unpacked() for part in parts]
        starts, offset = [parts[0].starts[:1]], 0
        for part in parts:
            starts.append(part.starts[1:] + offset)
            offset += part._count
        return Events._trusted(shape, torch.cat(starts), torch.cat([part.indices for part in parts]))

    @classmethod
    def from_dense(cls, x: Tensor | np.ndarray) -> "Events":
        """Spikes of x [T, B, *N], a tensor or array (floating, bool or integer) of zeros and ones. No gradient passes.

        Raises:
            TypeError: `x` is not a dense tensor or array of real numbers.
            ValueError: a value is neither 0 nor 1, or NaN; fewer than two axes, or an empty one.
        """
        return cls._of_keys(*dense_keys(x))

    def to_dense(self, dtype: torch.dtype = torch.float32) -> Tensor:
        """Zeros and ones [T, B, *N] of the given dtype, in memory of their own."""
        if not isinstance(dtype, torch.dtype):
            raise TypeError(f"Events.to_dense: dtype must be a torch.dtype, got {dtype!r}. Use dtype=torch.float32.")
        if self._bits is not None:
            return torch.from_numpy(dense_of_bits(self._bits.numpy(), self.neurons)).to(dtype).view(self._shape)
        out = torch.zeros(math.prod(self._shape), dtype=dtype)
        return out.index_fill_(0, torch.from_numpy(self._keys()), 1).view(self._shape)

    @classmethod
    def from_sparse(cls, x: Tensor) -> "Events":
        """Spikes of a sparse COO tensor x [T, B, *N] of ones. Values of one place are summed, as COO means it, and refused if not 1.

        Raises:
            TypeError: `x` is not a sparse COO tensor.
            ValueError: as `from_dense`, or some axes of `x` are dense.
        """
        return cls._of_keys(*sparse_keys(x))

    def to_sparse(self, dtype: torch.dtype = torch.float32) -> Tensor:
        """Sparse COO tensor [T, B, *N] of ones, coalesced."""
        places = np.stack(np.unravel_index(self._keys(), self._shape)).astype(np.int64, copy=False)
        ones = torch.ones(self._count, dtype=dtype)
        return torch.sparse_coo_tensor(
            torch.from_numpy(places), ones, self._shape, is_coalesced=True, check_invariants=False
        )

    @classmethod
    def from_times(
        cls,
        times: Any,
        ids: Any,
        *,
        steps: int,
        neurons: int | Sequence[int],
        dt: float = 1 * ms,
        samples: Any = None,
        batch: int | None = None,
        clip: bool = False,
    ) -> "Events":
        """Spikes of shape [steps, B, *neurons] from the time and neuron of each, in any order.

            t = floor(time / dt + tolerance),  tolerance = 1e-6 + eps * |time / dt|

        with eps of the dtype of `times`: 0.3 s / 0.1 s is 2.9999999999999996 in floats and means step 3. Step t is the time
        from t * dt to (t + 1) * dt. Two spikes of one neuron in one step become one; use a smaller dt to keep them apart.

        Args:
            times: time of each spike in seconds [count], a list, array or tensor.
            ids: neuron of each spike [count], an integer in C order over `neurons`.
            steps: number of time steps T.
            neurons: N, the number of neurons or the axes they stand in.
            dt: time step in seconds.
            samples: sample of each spike [count], an integer in [0, batch); None puts all into one sample.
            batch: number of samples B; needed with `samples`, since the last ones may be silent.
            clip: leave out spikes outside [0, steps * dt) instead of refusing them.

        Raises:
            TypeError: numbers of the wrong kind.
            ValueError: lists of different lengths, times that are not finite or lie outside, numbers outside their range.
        """
        shape, keys = timed_keys(times, ids, samples, steps=steps, neurons=neurons, dt=dt, batch=batch, clip=clip)
        return cls._of_loose_keys(shape, keys)

    def to_times(self, dt: float) -> list[tuple[np.ndarray, np.ndarray]]:
        """(times, ids) of each sample: float64 seconds t * dt, where the step begins, and int64 neurons, in order of time."""
        positive_time("Events.to_times", "dt", dt)
        return [(t * dt, ids) for t, ids in self._samples()]

    @classmethod
    def from_aer(
        cls, array: np.ndarray, *, sensor_size: Sequence[int], dt: float, steps: int | None = None, clip: bool = False
    ) -> "Events":
        """Spikes of shape [T, 1, polarities, height, width] from the address events of one recording, in any order.

        Steps, tolerance and merging are those of `from_times`; the clock begins at t = 0, so subtract the first time stamp
        from a recording that begins later.

        Args:
            array: structured array [count] with integer fields x, y, t in microseconds, and p (0, 1 or bool), as tonic gives
                it. y may be missing if the height is 1. p is not read if there is one polarity.
            sensor_size: (width, height, polarities), tonic's order.
            dt: time step in seconds.
            steps: number of time steps T; None ends with the last event.
            clip: leave out events outside [0, steps * dt) instead of refusing them.

        Raises:
            TypeError: `array` lacks x or t, or a field is not of integers.
            ValueError: an address or a time outside its range, a missing field, or no event to tell `steps` from.
        """
        shape, keys = address_keys(array, sensor_size=sensor_size, dt=dt, steps=steps, clip=clip)
        return cls._of_loose_keys(shape, keys)

    def to_aer(self, dt: float) -> list[np.ndarray]:
        """Address events of each sample, in order of time: int16 x and y, int64 t in microseconds, bool p. N is (p, height, width).

        t is the first whole microsecond of the step.

        Raises:
            ValueError: N is not (1 or 2, height, width), a side is longer than int16 counts, or dt is below a microsecond.
        """
        check_sensor(self._shape, dt)
        return [address_events(self._shape, t, ids, dt) for t, ids in self._samples()]

    def _keys(self) -> np.ndarray:
        """Place of each spike in the dense tensor, int64 [count]."""
        rows = self.unpacked()
        return keys_of_rows(rows.starts.numpy(), rows.indices.numpy(), self.neurons)

    def _samples(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """(steps, ids) of each sample, int64, in order of time."""
        row, ids = np.divmod(self._keys(), self.neurons)
        t, b = np.divmod(row, self.batch)
        order = np.argsort(b, kind="stable")
        ends = np.cumsum(np.bincount(b, minlength=self.batch))[:-1]
        return list(zip(np.split(t[order], ends), np.split(ids[order], ends), strict=True))


def _own(x: Tensor) -> Tensor:
    return x.detach().clone(memory_format=torch.contiguous_format)
