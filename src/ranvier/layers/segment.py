"""Synapses whose weights depend on the time within a sample."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ranvier import kernels
from ranvier.kernels.cpu.segment import SegmentStage
from ranvier.kernels.cpu.stage import Place, Stage
from ranvier.layers.layer import check_axis, check_input, check_rank
from ranvier.neurons.verbs import Run, State, Verbs


class SegmentLinear(Verbs):
    """All-to-all synapses with one set of weights for each of several equal stretches of a sample. x: [T, B, in] -> [T, B, out].

    A readout that can tell the beginning of a word from its end: step t uses weight[floor(t * segments / steps)]. Steps beyond
    `steps` use the last. weight: [segments, out_features, in_features] from N(0, 1/in_features), scaled inside a `Sequential` for the
    neuron it feeds. There is no bias. State: `step`, the number of steps so far, [B].
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        segments: int,
        steps: int,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if not 1 <= segments <= steps:
            raise ValueError(f"SegmentLinear: segments must lie between 1 and steps={steps}, got {segments}.")
        self.in_features, self.out_features, self.segments, self.steps = in_features, out_features, segments, steps
        shape = (segments, out_features, in_features)
        self.weight = nn.Parameter(torch.randn(shape, generator=generator) / math.sqrt(in_features))
        self.bias = None

    @property
    def fan_in(self) -> int:
        """Inputs of one output at a time."""
        return self.in_features

    def initial_state(self, shape: Sequence[int], like: Tensor | None = None) -> State:
        """The first step of a sample. shape: [B, in_features]."""
        return {"step": torch.zeros(shape[0], dtype=torch.int64)}

    def run(self, x: Tensor, state: State | None = None, record: Sequence[str] = ()) -> Run:
        """All time steps of x from `state` (the first step of a sample if None)."""
        check_input(self, x, self.weight)
        check_rank(self, x, 3, "[T, B, in_features]")
        check_axis(self, x, 2, self.in_features, "features")
        step = (self.initial_state(x.shape[1:]) if state is None else state)["step"]
        if int(step.min()) != int(step.max()):
            raise ValueError("SegmentLinear: all samples of a batch must be at the same step. Run them one by one.")
        segment = self._segment_of(int(step[0]), x.shape[0])
        bounds = [t for t in range(len(segment)) if t == 0 or segment[t] != segment[t - 1]] + [len(segment)]
        parts = [
            kernels.linear(x[a:b], self.weight[segment[a]], None) for a, b in zip(bounds, bounds[1:], strict=False)
        ]
        return Run(torch.cat(parts), {"step": step + x.shape[0]}, {})

    def _segment_of(self, first: int, steps: int) -> list[int]:
        """Segment of each of `steps` steps from `first` on."""
        return [min(t * self.segments // self.steps, self.segments - 1) for t in range(first, first + steps)]

    def stage(self, place: Place, state: State | None) -> Stage | None:
        """The synapses in a chain; None where the input or the state does not fit."""
        step = (self.initial_state(place.shape) if state is None else state)["step"]
        if len(place.shape) != 2 or place.shape[1] != self.in_features or int(step.min()) != int(step.max()):
            return None
        return SegmentStage(self.weight, self._segment_of(int(step[0]), place.steps), step)

    def extra_repr(self) -> str:
        return f"{self.in_features}, {self.out_features}, segments={self.segments}, steps={self.steps}"
