"""A network that lives: one sample, one time step at a time, as data arrive."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ranvier.kernels.cpu.streaming import LinearPart, NeuronPart
from ranvier.layers.linear import Linear
from ranvier.layers.recurrent import Recurrent
from ranvier.layers.shape import Dropout, Flatten
from ranvier.neurons.neuron import Neuron

Part = LinearPart | NeuronPart


class Stream:
    """A network taken step by step; made by `Sequential.stream`. Its outputs are those of `run` on the same input.

    It holds a copy of the weights as they were when it was made, and buffers that every step uses again: populations and `Linear` synapses
    allocate nothing, other layers run by their own `step`. Evaluation mode: `Dropout` passes everything on. Not for several threads at once.

    >>> from ranvier import LI, LIF, Linear, Sequential
    >>> stream = Sequential(Linear(64, 32), LIF(), Linear(32, 10), LI()).stream()
    >>> stream.spike(3, 17)  # events of the step that is going on
    >>> stream.step().shape  # ends it
    torch.Size([10])
    """

    def __init__(
        self, layers: Sequence[nn.Module], shape: Sequence[int], dtype: torch.dtype, state: Sequence[Any] | None
    ) -> None:
        self.shape = tuple(shape)
        self._layers, self._dtype = list(layers), dtype
        self._input = np.zeros(math.prod(self.shape), str(dtype).removeprefix("torch."))
        self._marked: list[int] = []
        self._dense = False  # whether the input is that of a whole step, to be cleared before events are marked
        self._parts: list[Part | _Alone] = []
        self._at: list[Part | _Alone | None] = []  # of each layer, the part that holds its state
        self._build()
        self._output = self._result()
        if state is not None:
            self.reset(state)

    def step(self, x: Tensor | np.ndarray | None = None) -> Tensor:
        """Ends a time step and returns the output [*M] of it, in a buffer that the next step writes over.

        x: the input [*N], spikes or values; None: the events that `spike` marked.
        """
        if x is not None:
            self._take(x)
        elif self._dense:
            self._clear()
        for part in self._parts:
            part()
        for i in self._marked:
            self._input[i] = 0
        self._marked.clear()
        return self._output if isinstance(self._output, Tensor) else self._output.result

    def spike(self, *inputs: int) -> None:
        """Marks events of the step that is going on, by flat input number. An input spikes once in a step."""
        for i in inputs:
            if not 0 <= i < len(self._input):
                raise ValueError(f"stream: there are inputs 0 to {len(self._input) - 1}, got {i}.")
        if self._dense:
            self._clear()
        for i in inputs:
            self._input[i] = 1
            self._marked.append(i)

    @property
    def state(self) -> tuple[Any, ...]:
        """The state of every layer as a value, for a batch of one: what `Sequential.run` takes and returns."""
        return tuple(
            {} if part is None else _state_of(part, layer) for part, layer in zip(self._at, self._layers, strict=True)
        )

    def reset(self, state: Sequence[Any] | None = None) -> None:
        """Goes on from `state`, or from rest."""
        if state is None:
            state = self._rest
        if len(state) != len(self._layers):
            raise ValueError(f"stream: state has {len(state)} entries, the network {len(self._layers)} layers.")
        for part, given in zip(self._at, state, strict=True):
            if isinstance(part, NeuronPart):
                part.set_states(given)
            elif isinstance(part, _Alone):
                part.state = given
        self._clear()

    def _clear(self) -> None:
        """No input in the step that is going on."""
        self._input[:] = 0
        self._marked.clear()
        self._dense = False

    def _take(self, x: Tensor | np.ndarray) -> None:
        if self._marked:
            raise ValueError("stream: give a step either x or events marked by spike(), not both.")
        values = x.detach().numpy() if isinstance(x, Tensor) else np.asarray(x)
        if values.shape != self.shape:
            raise ValueError(
                f"stream: input must be one sample of shape {self.shape} (no time and no batch axis), got {values.shape}."
            )
        self._input[:] = values.reshape(-1)
        self._dense = True

    def _build(self) -> None:
        """Parts layer by layer, each reading what the one before writes."""
        source: np.ndarray | _Alone = self._input
        shape: tuple[int, ...] = self.shape
        for k, layer in enumerate(self._layers):
            if isinstance(layer, Dropout):
                self._at.append(None)
                continue
            if type(layer) is Flatten:
                shape = (math.prod(shape),)
                self._at.append(None)
                continue
            part, shape = self._part(k, layer, source, shape)
            self._parts.append(part)
            self._at.append(part)
            source = part if isinstance(part, _Alone) else part.output
        self._shape_after = shape
        self._rest = self.state

    def _part(
        self, k: int, layer: nn.Module, source: "np.ndarray | _Alone", shape: tuple[int, ...]
    ) -> "tuple[Part | _Alone, tuple[int, ...]]":
        flat = isinstance(source, np.ndarray)
        if flat and type(layer) is Linear and shape == (layer.in_features,):
            return LinearPart(layer.weight, layer.bias, source), (layer.out_features,)
        if flat and source.dtype != np.uint8:
            neuron = layer.neuron if type(layer) is Recurrent else layer
            if isinstance(neuron, Neuron) and neuron.backend != "eager":
                following = next((n for n in self._layers[k + 1 :] if not isinstance(n, Dropout | Flatten)), None)
                as_mask = type(following) is Linear and neuron.fires
                weight = layer.weight if isinstance(layer, Recurrent) else None
                if weight is None or neuron.fires:
                    loop, values, states = neuron.for_stream(shape, self._dtype)
                    if weight is not None:
                        states["last"] = torch.zeros((1, *shape), dtype=self._dtype)
                    return NeuronPart(loop, values, states, source, as_mask, weight), shape
        part = _Alone(layer, source, shape, self._dtype)
        return part, part.shape

    def _result(self) -> "Tensor | _Alone":
        last = self._parts[-1] if self._parts else None
        if isinstance(last, _Alone):
            return last
        output = self._input if last is None else last.output
        return torch.from_numpy(output).view(self._shape_after)


class _Alone:
    """A layer by its own `step`. source: a buffer, or such a layer before it."""

    def __init__(
        self, layer: nn.Module, source: "np.ndarray | _Alone", shape: tuple[int, ...], dtype: torch.dtype
    ) -> None:
        self._layer: Any = layer
        self._source, self._shape, self._dtype = source, shape, dtype
        self.state: Any = None
        with torch.no_grad():
            x = torch.zeros((1, *shape), dtype=dtype)
            if hasattr(layer, "initial_state"):
                self.state = self._layer.initial_state(x.shape, x)
            self.output, _ = self._run(x)
        self.shape = tuple(self.output.shape[1:])

    @property
    def result(self) -> Tensor:
        """Output [*M] of the last step."""
        return self.output[0]

    def __call__(self) -> None:
        source = self._source
        x = source.output if isinstance(source, _Alone) else torch.from_numpy(source).to(self._dtype)
        with torch.no_grad():
            self.output, self.state = self._run(x.reshape(1, *self._shape))

    def _run(self, x: Tensor) -> tuple[Tensor, Any]:
        if hasattr(self._layer, "step"):
            return self._layer.step(x, self.state)
        return self._layer(x.unsqueeze(0))[0], {}


def _state_of(part: Any, layer: nn.Module) -> Any:
    if isinstance(part, NeuronPart):
        return {name: torch.from_numpy(s.copy()) for name, s in part.states.items()}
    return part.state if isinstance(part, _Alone) and part.state is not None else {}
