"""What sequence cells share: one step of plain torch operations, run over time and differentiated by autograd."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from ranvier.layers.layer import check_axis, check_input, check_rank
from ranvier.neurons.verbs import Run, State, Verbs


class Cell(Verbs):
    """Base of cells that are no declared neurons. A subclass names its states, defines `advance`, and may define `drive`.

    x: [T, B, in_features] -> [T, B, size]. Every state is [B, size] and zero at rest, unless the subclass says otherwise.
    """

    state_names: ClassVar[tuple[str, ...]] = ()
    fires: ClassVar[bool] = False  # whether the output is spikes
    precise: ClassVar[tuple[str, ...]] = ()  # states that are float64 [B] whatever the input's dtype: clocks

    def __init__(self, in_features: int, size: int) -> None:
        super().__init__()
        for name, value in (("in_features", in_features), ("size", size)):
            if value < 1:
                raise ValueError(f"{type(self).__name__}: {name} must be at least 1, got {value}.")
        self.in_features, self.size = in_features, size

    def initial_state(self, shape: Sequence[int], like: Tensor | None = None) -> State:
        """State at rest. shape: [B, in_features]. like: a tensor whose dtype and device the state takes."""
        reference = like if like is not None else torch.empty(0)
        kinds = {
            name: (shape[:1], torch.float64) if name in self.precise else ((shape[0], self.size), reference.dtype)
            for name in self.state_names
        }
        return {
            name: torch.zeros(tuple(sizes), dtype=dtype, device=reference.device)
            for name, (sizes, dtype) in kinds.items()
        }

    def drive(self, x: Tensor) -> Tensor:
        """What of the input needs no state, for all steps at once: [T, B, in_features] -> [T, B, K]."""
        return x

    def advance(self, x: Tensor, state: State, elapsed: Tensor | None) -> tuple[Tensor, State]:
        """One step: drive [B, K], state, time since the step before [B] (None in cells without time) -> output [B, size], state."""
        raise TypeError(f"{type(self).__name__} defines no advance(self, x, state, elapsed).")

    def run(self, x: Tensor, state: State | None = None, record: Sequence[str] = ()) -> Run:
        """Runs x [T, B, in_features] from `state` (rest if None). record: names of states to return at the end of each step."""
        return self._run(x, state, record, None)

    def _run(self, x: Tensor, state: State | None, record: Sequence[str], elapsed: Tensor | None) -> Run:
        check_input(self, x, next(self.parameters()))
        check_rank(self, x, 3, "[T, B, in_features]")
        check_axis(self, x, 2, self.in_features, "features")
        if 0 in x.shape:
            raise ValueError(
                f"{type(self).__name__}: input has no entries, its shape is {tuple(x.shape)}. Axes are [T, B, in_features]."
            )
        unknown = [name for name in record if name not in self.state_names]
        if unknown:
            raise ValueError(
                f"{type(self).__name__} has no state {', '.join(unknown)} to record. It has: {', '.join(self.state_names)}."
            )
        state = self.initial_state(x.shape[1:], x) if state is None else self._check_state(state, x)
        return self._scan(x, state, record, elapsed)

    def _scan(self, x: Tensor, state: State, record: Sequence[str], elapsed: Tensor | None) -> Run:
        """Runs what has been checked, one `advance` after another. elapsed: [T, B]."""
        outputs: list[Tensor] = []
        found: dict[str, list[Tensor]] = {name: [] for name in record}
        times = [None] * x.shape[0] if elapsed is None else elapsed.unbind(0)
        for x_t, elapsed_t in zip(self.drive(x).unbind(0), times, strict=True):
            output, state = self.advance(x_t, state, elapsed_t)
            outputs.append(output)
            for name, rows in found.items():
                rows.append(state[name])
        return Run(torch.stack(outputs), state, {name: torch.stack(rows) for name, rows in found.items()})

    def _check_state(self, state: Any, x: Tensor) -> State:
        name, names = type(self).__name__, list(self.state_names)
        rest = f"Start from initial_state({tuple(x.shape[1:])})."
        if not isinstance(state, Mapping):
            raise TypeError(f"{name}: state must be a dict of {names}, got {type(state).__name__}. {rest}")
        if set(state) != set(names):
            raise ValueError(f"{name}: state must hold {names}, got {sorted(state)}. {rest}")
        for key in names:
            expected = (x.shape[1],) if key in self.precise else (x.shape[1], self.size)
            if tuple(state[key].shape) != expected:
                raise ValueError(
                    f"{name}: state {key} has shape {tuple(state[key].shape)}, expected {expected}. {rest}"
                )
        return {key: state[key].to(torch.float64 if key in self.precise else x.dtype) for key in names}

    def extra_repr(self) -> str:
        return f"{self.in_features}, {self.size}"


class TimedCell(Cell):
    """Base of cells in continuous time. dt: time from one step to the next, where the data bring no times of their own.

    `elapsed` of the three verbs: the time since the step before, where it is not always dt; a number, [T], or [T, B] ([B] for `step`).
    """

    def __init__(self, in_features: int, size: int, dt: float) -> None:
        super().__init__(in_features, size)
        if not (math.isfinite(dt) and dt > 0):
            raise ValueError(f"{type(self).__name__}: dt must be a positive time, got {dt}. Use for example dt=1e-3.")
        self.dt = float(dt)

    def forward(self, x: Tensor, elapsed: Tensor | float | None = None) -> Tensor:
        """Output [T, B, size] for input x [T, B, in_features], from rest."""
        return self.run(x, elapsed=elapsed).output

    def step(
        self, x: Tensor, state: State | None = None, elapsed: Tensor | float | None = None
    ) -> tuple[Tensor, State]:
        """One time step: input x [B, in_features] and state -> output [B, size] and the next state."""
        one = elapsed.expand(x.shape[0]).unsqueeze(0) if isinstance(elapsed, Tensor) else elapsed
        done = self.run(x.unsqueeze(0), state, elapsed=one)
        return done.output[0], done.state

    def run(
        self,
        x: Tensor,
        state: State | None = None,
        record: Sequence[str] = (),
        *,
        elapsed: Tensor | float | None = None,
    ) -> Run:
        """Runs x [T, B, in_features] from `state` (rest if None); see `Cell.run`. elapsed: see the class."""
        return self._run(x, state, record, self._times(x, elapsed) if isinstance(x, Tensor) and x.dim() == 3 else None)

    def _times(self, x: Tensor, elapsed: Tensor | float | None) -> Tensor:
        """Time since the step before, [T, B], float64."""
        given = torch.as_tensor(self.dt if elapsed is None else elapsed, dtype=torch.float64, device=x.device)
        shape, name = x.shape[:2], type(self).__name__
        if given.dim() > 2 or given.shape != shape[: given.dim()]:
            raise ValueError(
                f"{name}: elapsed has shape {tuple(given.shape)}, expected a number, [T] = ({shape[0]},) or [T, B] = {tuple(shape)}."
            )
        if not bool((given > 0).all() & given.isfinite().all()):
            raise ValueError(
                f"{name}: elapsed must be positive in every step, got a minimum of {float(given.min()):g}. "
                "Give the time since the step before, not the time of the step: times.diff(prepend=...)."
            )
        return given.view(*given.shape, *[1] * (2 - given.dim())).expand(shape)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, dt={self.dt:g}"
