"""A chain of layers."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ranvier.kernels.cpu.stage import Place, Stage, Work
from ranvier.layers.cell import Cell
from ranvier.layers.chain import can_run, run_together, stages_from
from ranvier.layers.explain import Explanation, names_of, watched
from ranvier.layers.initialise import TARGET_RATE, calibrate, initialise, spikes_sample, values_sample
from ranvier.layers.layer import StatelessLayer
from ranvier.layers.linear import Linear
from ranvier.layers.recurrent import Recurrent
from ranvier.layers.stream import Stream
from ranvier.neurons.neuron import Neuron
from ranvier.neurons.verbs import Run, Verbs
from ranvier.spikes import Events


class Sequential(Verbs):
    """Layers in a row, each fed by the one before. x: [T, B, *N].

    Layers are synapses (`Linear`, `Conv2d`), neurons, `Recurrent`, pooling, `Flatten`, `Dropout`, or any torch module that maps
    [T, B, *N] to [T, B, *M]. Weights are scaled when the network is made, so that each neuron fires at a healthy rate
    (`rate`, share of steps; None leaves them). The first input is taken to be values of mean square 1, or, with `input_rate`, spikes
    in that share of steps; `calibrate(x)` scales by a sample of the real input instead.

    >>> net = Sequential(Linear(64, 32), LIF(), Linear(32, 10), LI())
    """

    def __init__(
        self,
        *layers: nn.Module,
        rate: float | None = TARGET_RATE,
        input_rate: float | None = None,
        fused: bool = True,
    ) -> None:
        super().__init__()
        if not layers:
            raise ValueError(
                "Sequential needs at least one layer. Write Sequential(Linear(64, 10), LIF()), for example."
            )
        for k, layer in enumerate(layers):
            if not isinstance(layer, nn.Module):
                raise TypeError(f"Sequential: layer {k} must be a module, got {layer!r}. Write LIF() with brackets.")
        self.layers, self.fused = nn.ModuleList(layers), fused
        if rate is not None:
            initialise(list(layers), rate, values_sample() if input_rate is None else spikes_sample(input_rate))

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, index: int) -> nn.Module:
        return self.layers[index]

    def initial_state(self, shape: Sequence[int], like: Tensor | None = None) -> tuple[Any, ...]:
        """State at rest of every layer, for input of shape [B, *N]."""
        reference = like if like is not None else torch.empty(0)
        states = []
        with torch.no_grad():
            x = torch.zeros((1, *shape), dtype=reference.dtype, device=reference.device)
            for layer in self.layers:
                states.append(layer.initial_state(x.shape[1:], x) if hasattr(layer, "initial_state") else {})  # type: ignore[operator]
                x = layer(x)
        return tuple(states)

    def run(self, x: Tensor | Events, state: Sequence[Any] | None = None, record: Sequence[str] = ()) -> Run:
        """Runs x (values or spikes [T, B, *N], or `Events`) from `state` (rest if None).

        record: names of states to record in every population that has them; "output" records each population's output, "input"
        the current into it, "rate" the mean share of steps with a spike (a number). Keys of `Run.records` are "<layer index>.<name>".
        """
        if state is not None and len(state) != len(self.layers):
            raise ValueError(
                f"Sequential: state has {len(state)} entries, the network {len(self.layers)} layers. Start from initial_state(shape)."
            )
        known = self._recordable() if record else set()
        unknown = [name for name in record if name not in known]
        if unknown:
            raise ValueError(
                f"Sequential: no population has {', '.join(unknown)} to record. There are: {', '.join(sorted(known))}."
            )
        return self._run(x, state, record, None)

    @torch.no_grad()
    def explain(self, x: Tensor | Events, state: Sequence[Any] | None = None, *, timed: bool = True) -> Explanation:
        """Runs x [T, B, *N] and tells what each layer did; print the result.

        Density of the input, path, operations and bytes, from the same kernels; "of dense": share of the multiply-accumulates of the same
        layer without spikes. A spike that enters a pooling window counts once for each synapse behind the window. timed: whether to run
        once before, so that the times hold no compilation.
        """
        if timed:
            self._run(x, state, (), None)
        watch: dict[int, Work] = {}
        done = self._run(x, state, (), watch)
        return Explanation(done.output, names_of(list(self.layers)), watch)

    def _run(
        self,
        x: Tensor | Events,
        state: Sequence[Any] | None,
        record: Sequence[str],
        watch: dict[int, Work] | None,
    ) -> Run:
        """See `run`. watch: filled with what each layer did, by its place, if given."""
        states: list[Any] = [None] * len(self.layers) if state is None else list(state)
        fused = self.fused and set(record) <= {"rate"}
        after: list[Any] = []
        records: dict[str, Tensor] = {}
        while len(after) < len(self.layers):
            k = len(after)
            stages = self._stages(x, states, k) if fused else []
            if stages:
                x, ended = run_together(stages, x, self._dtype(x), watch is not None)
                after += ended
                records |= _rates(stages, k, x) if record else {}
                if watch is not None:
                    watch |= {k + i: stage.work for i, stage in enumerate(stages)}
            else:
                layer, dense = self.layers[k], x.to_dense(self._dtype(x)) if isinstance(x, Events) else x
                call = partial(_alone, layer, dense, states[k], record)
                if watch is None:
                    x, ended, found = call()
                else:
                    (x, ended, found), watch[k] = watched(layer, call, dense)
                after.append(ended)
                records |= {f"{k}.{name}": value for name, value in found.items()}
        assert isinstance(x, Tensor)
        return Run(x, tuple(after), records)

    def _stages(self, x: Tensor | Events, states: Sequence[Any], k: int) -> list[Stage]:
        """Stages of the layers from k on that the engine runs as one."""
        if not can_run(x):
            return []
        if isinstance(x, Tensor) and x.shape[0] > 1 and x.stride(0) == 0 and isinstance(self.layers[k], StatelessLayer):
            return []  # the same in every step: a layer without memory computes it once
        return stages_from(list(self.layers)[k:], states[k:], Place(x.shape[0], tuple(x.shape[1:]), self._dtype(x)))

    def _dtype(self, x: Tensor | Events) -> torch.dtype:
        """The type of the numbers that x brings; events have the weights' own."""
        if isinstance(x, Tensor):
            return x.dtype
        return next((p.dtype for p in self.parameters()), torch.get_default_dtype())

    def stream(self, shape: Sequence[int] | None = None, state: Sequence[Any] | None = None) -> Stream:
        """The network as something that takes one time step of one sample at a time; see `Stream`.

        shape: of a sample's input, [*N]; known without it where the first layer is `Linear`. state: to go on from (rest if None).
        """
        first = self.layers[0]
        if shape is None:
            if not isinstance(first, Linear):
                raise ValueError("stream: give the shape of a sample's input, such as net.stream((1, 28, 28)).")
            shape = (first.in_features,)
        dtype = next((p.dtype for p in self.parameters()), torch.get_default_dtype())
        return Stream(list(self.layers), tuple(shape), dtype, state)

    def _recordable(self) -> set[str]:
        """Names that `record` may hold."""
        names = [
            m.program.state_names if isinstance(m, Neuron) else m.state_names
            for m in self.modules()
            if isinstance(m, Neuron | Cell)
        ]
        return {"input", "output", "rate"}.union(*names)

    @torch.no_grad()
    def calibrate(self, x: Tensor, rate: float = TARGET_RATE) -> "Sequential":
        """Scales each layer's weights so that its neurons fire at `rate` (share of steps) on the sample x [T, B, *N]. Returns self."""
        calibrate(list(self.layers), x, rate)
        return self


def _alone(layer: nn.Module, x: Tensor, state: Any, record: Sequence[str]) -> tuple[Tensor, Any, dict[str, Tensor]]:
    """One layer by its own verbs: output, state after it, records."""
    if isinstance(layer, Neuron | Recurrent):
        neuron = layer.neuron if isinstance(layer, Recurrent) else layer
        run = (
            layer.run if isinstance(layer, Recurrent) else layer.run_as_given
        )  # the diagnosis of NaN is the training's
        done = run(x, state, [name for name in record if name in neuron.program.state_names])
        more = {"input": x, "output": done.output, "rate": done.output.detach().mean()}
        return done.output, done.state, done.records | {name: v for name, v in more.items() if name in record}
    if isinstance(layer, Cell):
        done = layer.run(x, state, [name for name in record if name in layer.state_names])
        more = {"input": x, "output": done.output} | ({"rate": done.output.detach().mean()} if layer.fires else {})
        return done.output, done.state, done.records | {name: v for name, v in more.items() if name in record}
    if isinstance(layer, StatelessLayer | Verbs):
        inner = getattr(layer, "_recordable", None)  # a network, or a layer that holds some
        own = [] if inner is None else [name for name in record if name in inner()]
        done = layer.run(x, state, own)
        return done.output, done.state, done.records
    return layer(x), {}, {}


def _rates(stages: Sequence[Stage], first: int, output: Tensor) -> dict[str, Tensor]:
    """Share of steps with a spike, of each population in a chain that began with layer `first`."""
    found = {}
    for k, stage in enumerate(stages):
        if stage.work.updates:
            last = stage is stages[-1]
            found[f"{first + k}.rate"] = (
                output.detach().mean() if last else torch.tensor(stage.work.spikes / stage.work.updates)
            )
    return found
