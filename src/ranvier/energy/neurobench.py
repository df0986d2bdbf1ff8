"""NeuroBench's complexity metrics, by its definitions."""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ranvier.energy.count import footprint
from ranvier.energy.reach import delayed, reached
from ranvier.energy.walk import Visit, walk
from ranvier.layers import Conv2d, Linear, Recurrent, SegmentLinear, Sequential
from ranvier.neurons.neuron import Neuron
from ranvier.spikes import Events

SOURCE = "J. Yik et al. (2025), The neurobench framework for benchmarking neuromorphic computing algorithms and systems, Nat. Commun. 16, 1545"


@dataclass(frozen=True, repr=False)
class NeuroBench:
    """Result of `neurobench`. footprint: bytes. The last three: a sample on average."""

    parameters: int
    footprint: int
    connection_sparsity: float
    activation_sparsity: float
    dense: float
    effective_macs: float
    effective_acs: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    def __repr__(self) -> str:
        return (
            f"footprint {self.footprint:,} bytes ({self.parameters:,} parameters), connection sparsity {self.connection_sparsity:.4f}, "
            f"activation sparsity {self.activation_sparsity:.4f}\n"
            f"synaptic operations a sample: dense {self.dense:,.1f}, effective MACs {self.effective_macs:,.1f}, "
            f"effective ACs {self.effective_acs:,.1f}"
        )


def neurobench(net: Sequential, x: Tensor | Events) -> NeuroBench:
    """NeuroBench's algorithm metrics of a network on one batch x [T, B, *N], as its harness 2.3.0 counts them.

    - footprint: bytes of all parameters and buffers, zeros included.
    - connection sparsity: share of the weights that are zero, biases left aside, rounded to four digits.
    - activation sparsity: share of zeros among the outputs of all spiking neurons (and of torch's ReLU and Sigmoid), over steps and samples.
    - synaptic operations, summed over steps and averaged over samples: values that are not zero times the weights behind them that are
      not zero (effective), and all times all (dense; neither counts the border around a picture). A step is of accumulates (ACs) where
      all values that come into a layer, over the whole batch, are -1, 0 or 1, else of multiply-accumulates (MACs).

    Pooling is not folded into the synapses behind it, so that an average of spikes makes MACs here; `estimate` counts by spike. Because a
    step is judged over a batch, MACs and ACs of such layers depend on who is in it.

    Raises as `estimate`, and ValueError where no layer has weights.

    >>> from ranvier import LIF
    >>> net = Sequential(Linear(3, 2), LIF())
    >>> found = neurobench(net, torch.ones((5, 1, 3)))
    >>> found.dense, found.effective_macs, found.effective_acs
    (30.0, 0.0, 30.0)
    """
    dense = macs = acs = 0.0
    zeros = weights = silent = outputs = 0
    samples = 0
    for visit in walk(net, x, "neurobench"):
        samples = samples or visit.x.shape[1]
        layer = visit.layer
        if isinstance(layer, Linear | Conv2d | SegmentLinear | Recurrent):
            zeros, weights = zeros + int((layer.weight == 0).sum()), weights + layer.weight.numel()
            every, reach, spikes = _operations(visit, layer)
            dense += float(every.sum())
            acs += float(reach[spikes].sum())
            macs += float(reach[~spikes].sum())
        if _activates(layer):
            silent, outputs = silent + int((visit.output == 0).sum()), outputs + visit.output.numel()
    if not weights:
        raise ValueError(
            "neurobench: no layer has weights, so that connection sparsity is not defined. Give a network with synapses."
        )
    return NeuroBench(
        parameters=sum(p.numel() for p in net.parameters()),
        footprint=footprint([net]),
        connection_sparsity=round(zeros / weights, 4),
        activation_sparsity=silent / outputs if outputs else 0.0,
        dense=dense / samples,
        effective_macs=macs / samples,
        effective_acs=acs / samples,
    )


def _operations(visit: Visit, layer: Linear | Conv2d | SegmentLinear | Recurrent) -> tuple[Tensor, Tensor, Tensor]:
    """Dense and effective operations of each step, and whether its values are those of spikes; all [T]."""
    x = delayed(visit.output) if isinstance(layer, Recurrent) else visit.x
    every, reach = reached(layer, torch.ones_like(x), all_synapses=True), reached(layer, (x != 0).to(x.dtype))
    return every, reach, ((x == 0) | (x.abs() == 1)).flatten(1).all(1)


def _activates(layer: nn.Module) -> bool:
    """Whether a layer's outputs count as activations."""
    neuron = layer.neuron if isinstance(layer, Recurrent) else layer
    return neuron.fires if isinstance(neuron, Neuron) else isinstance(neuron, nn.ReLU | nn.Sigmoid)
