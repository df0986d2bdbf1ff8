"""`estimate`: what a network would cost, in a model of technology, beside the same network without spikes."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from ranvier.energy.count import Count, Counts, address_bits, footprint, neurons
from ranvier.energy.reach import delayed, reached, touched
from ranvier.energy.result import LEVELS, Comparison, Energy, Estimate, LayerEnergy
from ranvier.energy.simulated import count_run
from ranvier.energy.technologies import FLOAT32, Horowitz45, Numbers, Technology
from ranvier.energy.walk import Synapses, Visit, walk
from ranvier.layers import Recurrent, Sequential
from ranvier.layers.scale import Scale
from ranvier.neurons.neuron import Neuron
from ranvier.simulation.network import Network
from ranvier.simulation.run import Run
from ranvier.spikes import Events

DEFAULT_BITS = 8


def estimate(
    net: Sequential | Network,
    x: Tensor | Events | Run,
    technology: Technology | None = None,
    *,
    bits: int | None = None,
    passes: int = 1,
    accuracy: float | None = None,
) -> Estimate:
    """Operations and memory accesses of a network on x [T, B, *N], and the energy they would cost; print the result.

    Of a simulated `Network` x is a `Run` of it, which is the sample; see `count_run` for what it counts. A graph of rates has no number of passes
    of its own for a stretch of time, so `passes` stays 1 there and `break_even_passes` tells how many passes cost what the run does.

    technology: `Horowitz45()` by default. bits: of the quantised comparison; by default what `quantise` gave the weights, else 8. passes: how
    often the network without spikes computes every layer for a sample: 1 where x shows a picture T times, T where every step is a new
    frame; `break_even_passes` tells how many make both cost the same. accuracy: share of right decisions, to stand beside the energy.

    Three levels, each with all of the one before, since the verdict depends on what is counted:

    - operations: an addition (AC) for each spike and each synapse that is not zero; a multiply-accumulate (MAC) for each value that is not
      zero, in every step, where a layer's input holds anything but 0 and 1. Without spikes: `passes` MACs for each synapse.
    - weights: one read of a weight for each of these operations, without reuse, in both networks.
    - everything: each neuron step, with or without input, reads and writes the states and does the arithmetic of the equations; each
      event is written and read once as an address of ceil(log2 inputs) bits; each value, in both networks, once a step or a pass.

    A machine that steps a neuron only where an event arrives would take `arrivals` of the `updates`; they are counted and not priced.
    A spike that enters an average or sum pooling counts once for each synapse behind the window. The network without spikes skips no zeros.
    A model of real numbers alone (`Counts.spiking`) is its own network without spikes: both cost the same, and no break-even is sought.
    Left out in both: biases, delay lines, addressing, clocks, leakage, the way between chips. Nothing is measured.

    Raises TypeError for what is no `Sequential` or no input, ValueError for an input without steps, for bits, passes or accuracy out of
    range, RanvierError for a layer whose work cannot be counted.

    >>> from ranvier import LI, LIF
    >>> net = Sequential(Linear(20, 10), LIF(), Linear(10, 2), LI())
    >>> found = estimate(net, (torch.rand((25, 4, 20)) < 0.1).float())
    >>> round(found.float32.break_even[0], 2)  # spikes a synapse and sample, operations alone
    5.11
    """
    counts = count(net, x)
    return price(counts, technology, bits=bits_of(net) if bits is None else bits, passes=passes, accuracy=accuracy)


def count(net: Sequential | Network, x: Tensor | Events | Run) -> Counts:
    """What every layer with synapses or neurons does on x [T, B, *N], layer by layer; see `estimate` for what is counted."""
    if isinstance(net, Network):
        return count_run(net, x)
    if isinstance(x, Run):
        raise TypeError(
            f"estimate: a run belongs to a Network, got {type(net).__name__}. Give x, a tensor or Events [T, B, *N]."
        )
    found: list[Count] = []
    steps = samples = 0
    before: Visit | None = None
    for visit in walk(net, x, "estimate"):
        if not steps:
            steps, samples = visit.x.shape[:2]
        counted = _counted(visit)
        for c in counted:
            c.arrivals = _arrivals(visit, before)
        found, before = found + counted, visit
    return Counts(found, samples, steps, footprint([net]))


def bits_of(net: nn.Module | Network) -> int:
    """Bits of the weights that `quantise` left, the most where layers differ; 8 for a network in floating point."""
    if isinstance(net, Network):
        return DEFAULT_BITS
    found = [int(vars(m)["weight_bits"]) for m in net.modules() if "weight_bits" in vars(m)]
    return max(found, default=DEFAULT_BITS)


def price(
    counts: Counts,
    technology: Technology | None = None,
    *,
    bits: int = DEFAULT_BITS,
    passes: int = 1,
    accuracy: float | None = None,
) -> Estimate:
    """The estimate for work that was counted elsewhere; arguments as in `estimate`."""
    _check(bits, passes, accuracy)
    technology = Horowitz45() if technology is None else technology
    layers = tuple(_layer(c, counts, technology, passes) for c in counts.layers)
    fed = [c for c in counts.layers if c.synapses and not c.analog]
    synapses = sum(c.synapses for c in fed)
    return Estimate(
        layers=layers,
        float32=_compare(counts, technology, FLOAT32, passes),
        quantised=_compare(counts, technology, Numbers(bits, floating=False), passes),
        technology=technology,
        samples=counts.samples,
        steps=counts.steps,
        passes=passes,
        footprint=counts.footprint,
        spikes_per_synapse=sum(c.additions for c in fed) / counts.samples / synapses if synapses else None,
        accuracy=accuracy,
        spiking=counts.spiking,
    )


def _counted(visit: Visit) -> list[Count]:
    layer, place = visit.layer, visit.place
    if isinstance(layer, Synapses):
        synapses = (1 if isinstance(layer, Scale) else layer.fan_in) * visit.output[0, 0].numel()
        return [_synapses(Count(place, type(layer).__name__), visit.x, visit.events, synapses, layer)]
    if isinstance(layer, Recurrent):
        whole = neurons(place, layer.neuron, visit.output.numel())
        whole.name = type(layer).__name__
        sent = delayed(visit.output)
        events = sent if layer.neuron.fires else None
        return [_synapses(whole, sent, events, layer.size**2, layer)]
    return [neurons(place, layer, visit.output.numel())] if isinstance(layer, Neuron) else []


def _arrivals(visit: Visit, before: Visit | None) -> int | None:
    """Neuron steps in which any event arrives; None where the layer has no neurons, or the one before it no synapses."""
    neurons = isinstance(visit.layer, Neuron | Recurrent)
    if not neurons or before is None or before.output is not visit.x or not isinstance(before.layer, Synapses):
        return None
    arrived = touched(before.layer, before.x)
    if isinstance(visit.layer, Recurrent):
        arrived = arrived | touched(visit.layer, delayed(visit.output))
    return int(arrived.sum())


def _synapses(c: Count, x: Tensor, events: Tensor | None, synapses: int, layer: Synapses | Recurrent) -> Count:
    arriving = (x != 0).to(x.dtype) if events is None else events
    operations = round(float(reached(layer, arriving).sum()))
    c.inputs, c.synapses = x[0, 0].numel(), synapses
    c.events = round(float(arriving.sum(dtype=torch.float64)))
    c.additions, c.multiplications = (operations, 0) if events is not None else (0, operations)
    c.values = x.numel() if events is None else 0
    return c


def _spent(c: Count, t: Technology, n: Numbers) -> Energy:
    """Energy of a layer on all samples [pJ]."""
    synaptic = c.additions * t.add(n) + c.multiplications * t.multiply_add(n)
    read = (c.additions + c.multiplications) * t.weight(n.bits)
    own = Numbers(n.sum_bits, n.floating)
    step = c.adds * t.add(own) + c.multiplies * t.multiply(own) + 2 * c.states * t.state(own.bits)
    arriving = c.values * t.state(n.bits) if c.analog else c.events * t.state(address_bits(c.inputs))
    return Energy(synaptic, read, c.updates * step + 2 * arriving)


def _dense(c: Count, t: Technology, n: Numbers, passes: int) -> Energy:
    """Energy of a layer without spikes on one sample [pJ]."""
    made = 1 if c.once else passes
    macs = made * c.synapses
    return Energy(macs * t.multiply_add(n), macs * t.weight(n.bits), 2 * made * c.inputs * t.state(n.bits))


def _layer(c: Count, counts: Counts, t: Technology, passes: int) -> LayerEnergy:
    samples = counts.samples
    arriving = c.values if c.analog else c.events
    states = c.updates * c.states
    spiking = _spent(c, t, FLOAT32).share(samples)
    return LayerEnergy(
        place=c.place,
        name=c.name,
        dense=(1 if c.once else passes) * c.synapses if counts.spiking else (c.additions + c.multiplications) / samples,
        additions=c.additions / samples,
        multiplications=c.multiplications / samples,
        updates=c.updates / samples,
        arrivals=None if c.arrivals is None else c.arrivals / samples,
        reads=(c.additions + c.multiplications + states + arriving) / samples,
        writes=(states + arriving) / samples,
        spiking=spiking,
        without=_dense(c, t, FLOAT32, passes) if counts.spiking else spiking,
    )


def _compare(counts: Counts, t: Technology, n: Numbers, passes: int) -> Comparison:
    spiking = sum((_spent(c, t, n) for c in counts.layers), Energy()).share(counts.samples)
    if not counts.spiking:
        never = (None,) * len(LEVELS)
        return Comparison(n.label, spiking, spiking, never, never, passes)
    without = sum((_dense(c, t, n, passes) for c in counts.layers), Energy())
    once = sum((_dense(c, t, n, 1) for c in counts.layers if c.once), Energy())
    fixed, slope = _fixed(counts, t, n), _slope(counts.layers, t, n)
    found = tuple(_crossing(fixed.upto(k), slope.upto(k), without.upto(k)) for k in range(len(LEVELS)))
    rates = tuple(None if s is None else s / counts.steps for s in found)
    return Comparison(n.label, spiking, without, found, rates, passes, once)


def _fixed(counts: Counts, t: Technology, n: Numbers) -> Energy:
    """Energy of a sample that does not follow the spikes [pJ]: neuron steps, and layers that values come into."""
    silent = [c if c.analog else replace(c, events=0, additions=0) for c in counts.layers]
    return sum((_spent(c, t, n) for c in silent), Energy()).share(counts.samples)


def _slope(layers: list[Count], t: Technology, n: Numbers) -> Energy:
    """Energy of one spike on every synapse that spikes come to [pJ]."""
    total = Energy()
    for c in layers:
        if c.synapses and not c.analog:
            events = c.events / c.additions * c.synapses if c.additions else c.inputs
            addresses = 2 * events * t.state(address_bits(c.inputs))
            total += Energy(c.synapses * t.add(n), c.synapses * t.weight(n.bits), addresses)
    return total


def _crossing(fixed: float, slope: float, without: float) -> float | None:
    """Spikes a synapse at which both cost the same; None where there is no such number."""
    return (without - fixed) / slope if slope > 0 and without > fixed else None


def _check(bits: Any, passes: Any, accuracy: float | None) -> None:
    if isinstance(bits, bool) or not isinstance(bits, int) or not (1 <= bits <= 16 or bits == 32):
        raise ValueError(f"estimate: bits must be 1 to 16, or 32, got {bits!r}. Write bits=8.")
    if isinstance(passes, bool) or not isinstance(passes, int) or passes < 1:
        raise ValueError(
            f"estimate: passes must be a whole number of at least 1, got {passes!r}. Write passes=1 for a picture shown over all steps, "
            "passes=len(x) where every step is a new frame."
        )
    if accuracy is not None and not 0 <= accuracy <= 1:
        raise ValueError(f"estimate: accuracy must lie in [0, 1], got {accuracy!r}. Give the share of right decisions.")
