"""A chain of layers."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ranvier.layers.delays import Delays
from ranvier.layers.initialise import TARGET_RATE, calibrate, initialise, spikes_sample, values_sample
from ranvier.layers.layer import StatelessLayer
from ranvier.layers.recurrent import Recurrent
from ranvier.layers.segment import SegmentLinear
from ranvier.neurons.neuron import Neuron
from ranvier.neurons.verbs import Run, Verbs


class Sequential(Verbs):
    """Layers in a row, each fed by the one before. x: [T, B, *N].

    Layers are synapses (`Linear`, `Conv2d`), neurons, `Recurrent`, pooling, `Flatten`, `Dropout`, or any torch module that maps
    [T, B, *N] to [T, B, *M]. Weights are scaled when the network is made, so that each neuron fires at a healthy rate
    (`rate`, share of steps; None leaves them). The first input is taken to be values of mean square 1, or, with `input_rate`, spikes
    in that share of steps; `calibrate(x)` scales by a sample of the real input instead.

    >>> net = Sequential(Linear(64, 32), LIF(), Linear(32, 10), LI())
    """

    def __init__(self, *layers: nn.Module, rate: float | None = TARGET_RATE, input_rate: float | None = None) -> None:
        super().__init__()
        if not layers:
            raise ValueError(
                "Sequential needs at least one layer. Write Sequential(Linear(64, 10), LIF()), for example."
            )
        for k, layer in enumerate(layers):
            if not isinstance(layer, nn.Module):
                raise TypeError(f"Sequential: layer {k} must be a module, got {layer!r}. Write LIF() with brackets.")
        self.layers = nn.ModuleList(layers)
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

    def run(self, x: Tensor, state: Sequence[Any] | None = None, record: Sequence[str] = ()) -> Run:
        """Runs x from `state` (rest if None).

        record: names of states to record in every population that has them; "output" records each population's output, "input"
        the current into it. Keys of `Run.records` are "<layer index>.<name>".
        """
        if state is not None and len(state) != len(self.layers):
            raise ValueError(
                f"Sequential: state has {len(state)} entries, the network {len(self.layers)} layers. Start from initial_state(shape)."
            )
        known = self._recordable()
        unknown = [name for name in record if name not in known]
        if unknown:
            raise ValueError(
                f"Sequential: no population has {', '.join(unknown)} to record. There are: {', '.join(sorted(known))}."
            )
        after: list[Any] = []
        records: dict[str, Tensor] = {}
        for k, layer in enumerate(self.layers):
            if isinstance(layer, Neuron | Recurrent):
                neuron = layer.neuron if isinstance(layer, Recurrent) else layer
                own = [name for name in record if name in {str(s) for s in neuron.program.states}]
                done = layer.run(x, None if state is None else state[k], own)
                records |= {f"{k}.{name}": value for name, value in done.records.items()}
                records |= {f"{k}.input": x} if "input" in record else {}
                records |= {f"{k}.output": done.output} if "output" in record else {}
                x = done.output
                after.append(done.state)
            elif isinstance(layer, StatelessLayer | Delays | SegmentLinear | Sequential):
                own = [name for name in record if name in layer._recordable()] if isinstance(layer, Sequential) else ()
                done = layer.run(x, None if state is None else state[k], own)
                records |= {f"{k}.{name}": value for name, value in done.records.items()}
                x = done.output
                after.append(done.state)
            else:
                x = layer(x)
                after.append({})
        return Run(x, tuple(after), records)

    def _recordable(self) -> set[str]:
        """Names that `record` may hold."""
        populations = [m for m in self.modules() if isinstance(m, Neuron)]
        return {"input", "output"} | {str(s) for n in populations for s in n.program.states}

    @torch.no_grad()
    def calibrate(self, x: Tensor, rate: float = TARGET_RATE) -> "Sequential":
        """Scales each layer's weights so that its neurons fire at `rate` (share of steps) on the sample x [T, B, *N]. Returns self."""
        calibrate(list(self.layers), x, rate)
        return self
