"""`convert`: an ordinary network of rectified linear units becomes a spiking network that does the same with rates."""

from typing import Any

import torch
from torch import Tensor, nn

from ranvier.checks import floating_range
from ranvier.conversion.conversion import Choices, Conversion
from ranvier.conversion.emit import Emitter
from ranvier.conversion.input import ConstantCurrent, Input
from ranvier.conversion.neuron import RateIF
from ranvier.conversion.normalise import BATCH, Normalisation, Percentile, Scales, ThresholdBalancing, fixed
from ranvier.conversion.qcfs import QCFS
from ranvier.conversion.simplify import ACTIVATIONS, simplify
from ranvier.conversion.source import Chain, steps_of
from ranvier.conversion.trace import trace
from ranvier.equations.options import NoReset, Reset, Subtract, ToValue
from ranvier.errors import RanvierError
from ranvier.layers import Sequential


def convert(
    model: nn.Module,
    data: Tensor,
    *,
    normalise: Normalisation | None = None,
    reset: Reset | None = None,
    start: float = 0.5,
    input: Input | None = None,
) -> Conversion:
    """Converts a trained network of rectified linear units to integrate-and-fire neurons; nothing is trained.

        activation = scale * rate;  w' = w * scale_before / scale,  b' = b / scale,  threshold 1

    A rate is known to 1/T after T steps. Known are Linear, Conv2d (stride, padding, dilation, groups), batch norm (folded), ReLU, ReLU6,
    Hardtanh(0, m), QCFS, average, adaptive average and max pooling, flatten, dropout (left out), softmax at the end (left out) and sums of two
    branches, as modules, functions or methods of tensors. Anything else is refused by name. The model itself is not changed.

    Args:
        model: a torch module that takes [B, *N] and gives [B, C].
        data: samples [n, *N] of the training data, some hundreds, as the model takes them; they set the scales.
        normalise: how scales are chosen: `Percentile(99.9)` by default, `Percentile(99.9, channelwise=True)`, `MaxActivation()`,
            `ModelBased()` or `ThresholdBalancing()`. QCFS activations bring their own.
        reset: `Subtract()` by default; `ToValue()` loses what exceeds the threshold, so rates are too low.
        start: membrane potential at the start, as a share of the threshold, in [0, 1): 0.5 rounds rates to the nearest 1/T, 0 rounds down.
        input: `ConstantCurrent()` by default, negative values included; or `BernoulliSpikes(seed)`, which adds noise and refuses them.

    Returns:
        A `Conversion`: `.network` is the `Sequential`, `print` shows what was assumed, `.accuracy(x, y, steps)` measures.

    Raises:
        RanvierError: a part of the model cannot become spikes. TypeError, ValueError: an argument is of the wrong kind or out of range.

    Source: Diehl et al., IJCNN (2015); Rueckauer et al., Frontiers in Neuroscience 11:682 (2017); Bu et al., ICLR (2022), for the start.

    >>> from torch import nn
    >>> made = convert(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)), torch.rand(100, 4))
    >>> made.network(made.encode(torch.rand(5, 4), steps=32)).shape
    torch.Size([32, 5, 3])
    """
    if not isinstance(model, nn.Module):
        raise TypeError(
            f"convert: model must be a torch module, got {type(model).__name__}. Give the trained nn.Module."
        )
    floating_range("convert", "data", data)
    for name, given, kind, example in (
        ("normalise", normalise, Normalisation, "Percentile(99.9)"),
        ("input", input, Input, "ConstantCurrent()"),
        ("reset", reset, Subtract | ToValue, "Subtract()"),
    ):
        if given is not None and (isinstance(given, type) or not isinstance(given, kind)):
            why = " An activation cannot be a rate without a reset." if isinstance(given, NoReset) else ""
            raise TypeError(f"convert: {name} must be an object such as {example}, got {given!r}.{why}")
    if not 0 <= start < 1:
        raise ValueError(f"convert: start must be a share of the threshold in [0, 1), got {start}. Write start=0.5.")
    choices = Choices(normalise or Percentile(), reset or Subtract(), float(start), input or ConstantCurrent())
    choices.input.check(data)
    return from_chain(trace(model, data[:2]), data, choices)


def from_chain(chain: Chain, data: Tensor, choices: Choices, scales: Scales | None = None) -> Conversion:
    """As `convert`, of a chain. scales: those of an earlier conversion, if there was one; then one sample of `data` is enough."""
    original = chain
    chain, done = simplify(chain, data[:1])
    if not any(isinstance(step.module, ACTIVATIONS) for step in steps_of(chain)):
        raise RanvierError(
            "convert: the network has no ReLU, so nothing in it could spike; expected ReLU between its layers. Give a trained network of several layers."
        )
    input_scale = choices.input.scale(data)
    balancing = isinstance(choices.normalise, ThresholdBalancing)
    known = dict(scales) if scales is not None else choices.normalise.scales(chain, data)
    known |= fixed(chain)

    def largest(network: Sequential) -> Tensor:
        assert isinstance(choices.normalise, ThresholdBalancing)
        steps = choices.normalise.steps
        found = [_highest(network, choices.input, part, steps, input_scale) for part in data.split(BATCH // 5)]
        return torch.stack(found).max()

    emitter = Emitter(known, choices.reset, choices.start, largest if balancing else None)
    with torch.no_grad():
        network, output_scale = emitter.network(chain, input_scale)
    network.eval().requires_grad_(False)
    fires = isinstance(network[len(network) - 1], RateIF)
    return Conversion(
        network=network,
        source=chain,
        original=original,
        populations=tuple(emitter.populations),
        assumptions=tuple(_assumptions(choices, chain, done, emitter, fires, len(data), scales is not None)),
        output_scale=output_scale,
        input_scale=input_scale,
        choices=choices,
        sample_shape=tuple(data.shape[1:]),
    )


@torch.no_grad()
def _highest(network: Sequential, how: Input, x: Tensor, steps: int, scale: Tensor) -> Tensor:
    """The largest output of a network in any step, for x [n, *N]."""
    return network(how.encode(x, steps, scale)).max()


def _assumptions(
    choices: Choices, chain: Chain, done: list[str], emitter: Emitter, fires: bool, samples: int, again: bool
) -> list[str]:
    """Sentences that tell what the spiking network takes for granted. fires: whether its output is spikes."""
    modules: list[Any] = [step.module for step in steps_of(chain)]
    start, soft = choices.start, isinstance(choices.reset, Subtract)
    found = [
        f"input: {choices.input}",
        "neurons: integrate-and-fire without leak or refractory period; an activation is the scale of its population times its rate, and rates end "
        "at one spike a step",
        f"scales: {choices.normalise}" + ("" if again else f" ({samples} samples)"),
        "reset: by subtraction, what exceeds the threshold is kept"
        if soft
        else "reset: to zero, what exceeds the threshold is lost, so rates are too low",
        f"membranes start at {start:g} of the threshold"
        + (": rates are rounded to the nearest 1/T" if start == 0.5 else ""),
    ]
    trained = [m for m in modules if isinstance(m, QCFS)]
    if trained:
        levels = sorted({m.levels for m in trained})
        fits = "" if start == 0.5 else "; they were trained for a start at 0.5, which this is not"
        found.append(f"QCFS: thresholds are those that were learned, for {' and '.join(map(str, levels))} steps{fits}")
    found += done
    if emitter.values_between:
        found.append(f"currents, not spikes, reach {', '.join(emitter.values_between)}: no ReLU comes before")
    if any(isinstance(m, nn.AvgPool2d) for m in modules):
        found.append("average pooling: of the spikes, by the synapses behind it")
    found.append(
        "decision: the neuron with the most spikes"
        if fires
        else "decision: the highest of the output membranes, which add up their input and do not fire"
    )
    return found
