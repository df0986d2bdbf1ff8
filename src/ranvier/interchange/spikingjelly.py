"""Networks of SpikingJelly: weights of a state dict into a network of ours."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ranvier.errors import RanvierError
from ranvier.interchange.weights import Imported, by_module, place_weights, read_state
from ranvier.layers.sequential import Sequential
from ranvier.neurons.lif import LIF
from ranvier.neurons.neuron import Neuron


def from_spikingjelly(source: Mapping[str, Any] | str | Path, net: Sequential) -> Imported:
    """Places the weights of a SpikingJelly network into `net`, layer by layer in order.

    Its `LIFNode` and `IFNode` store nothing in a state dict: build `net` with `presets.spikingjelly_lif` and their numbers. The w of each
    `ParametricLIFNode` (1/tau = sigmoid(w), tau in steps; Fang et al. 2021) becomes tau_mem of the LIF that stands in its turn among the
    neurons of `net`, so `net` then needs as many LIF as there are w.

    Raises `RanvierError` naming what has no place; batch normalisation must be folded into its convolution first.
    """
    state = read_state(source)
    modules = by_module(state)
    normalised = [name for name, tensors in modules.items() if "running_mean" in tensors]
    if normalised:
        raise RanvierError(
            f"from_spikingjelly: {', '.join(normalised[:4])} normalise batches. Fold them into the layers before "
            "(torch.nn.utils.fusion.fuse_conv_bn_eval) and give that state dict."
        )
    learned = [f"{name}.w" if name else "w" for name, tensors in modules.items() if set(tensors) == {"w"}]
    neurons = [m for m in net.modules() if isinstance(m, Neuron) and m.fires] if learned else []
    if len(neurons) != len(learned) or not all(isinstance(n, LIF) for n in neurons):
        raise RanvierError(
            f"from_spikingjelly: there are {len(learned)} parametric neurons, the network has {len(neurons)} that fire. "
            "Give it one LIF for each, such as presets.spikingjelly_lif()."
        )
    rows = []
    for name, neuron in zip(learned, neurons, strict=True):
        tau = neuron.dt / float(torch.sigmoid(state[name].double()))
        rows.append((name, f"LIF.tau_mem = {tau:g} s", neuron, tau))
    placed = place_weights(state, net, ignore=learned)
    for _, _, neuron, tau in rows:
        neuron.tau_mem = tau
    return Imported(net, (*placed.rows, *((name, text) for name, text, _, _ in rows)))
