"""SynSense's Xylo Audio 2."""

import math
from collections.abc import Iterator

from ranvier.equations.options import Subtract
from ranvier.hardware.chips.chip import Chip, Violation, range_of
from ranvier.hardware.chips.projection import Projection
from ranvier.hardware.plan import Op, Population

BOS = 'Bos and Muir (2022), "Sub-mW neuromorphic SNN audio processing applications with Rockpool and Xylo", arXiv 2208.12991'
ROCKPOOL = 'Rockpool documentation, "Overview of the Xylo family": decay by bit shift'
INPUTS, HIDDEN, OUTPUTS, WEIGHT_BITS = 16, 1000, 8, 8
SHARE = 0.1  # of a time constant, by which the nearest that the chip has may differ


class Xylo(Chip):
    """LIF neurons with exponential synapses; decays are shifts, s <- s - (s >> dash), so a time constant is dt * 2^dash."""

    title = "Xylo"
    unchecked = (
        "the input is taken to be spikes",
        "fan-out of a hidden neuron, spikes a neuron and step, and the range of thresholds and biases",
    )

    def find(self, ops: list[Op], parts: list[Projection]) -> Iterator[Violation]:
        yield from self.spiking(ops, BOS)
        inputs = math.prod(ops[0].before)
        if inputs > INPUTS:
            yield self.broken(ops[0], f"{INPUTS} input channels", f"the network has {inputs} inputs", BOS)
        for part in parts:
            yield from self.weight_bits(part, WEIGHT_BITS, BOS)
            if part.delay:
                yield self.broken(part.op, "synapses without delays", f"its longest delay is {part.delay} steps", BOS)
            if part.target is not None:
                yield from self._population(part.target)
        populations = [op for op in ops if isinstance(op, Population)]
        if populations and populations[-1].size > OUTPUTS:
            yield self.broken(
                populations[-1], f"{OUTPUTS} output neurons", f"it has {populations[-1].size} neurons", BOS
            )
        hidden = sum(op.size for op in populations[:-1])
        if hidden > HIDDEN:
            yield self.broken(
                None, f"{HIDDEN} hidden neurons", f"it has {hidden} neurons in front of the last layer", BOS
            )

    def _population(self, op: Population) -> Iterator[Violation]:
        yield from self.model(op, ("CubaLIF", "LIF", "Synaptic", "LI"), (Subtract,), BOS)
        for name in ("tau_mem", "tau_syn"):
            found = range_of(op, name)
            for tau in () if found is None else found[: 1 if found[0] == found[1] else 2]:
                dash = max(0, round(math.log2(tau / op.model.dt)))
                if abs(op.model.dt * 2**dash / tau - 1) > SHARE:
                    value = f"{name} is {tau:g} s, the nearest {op.model.dt * 2**dash:g} s"
                    yield self.broken(op, f"time constants of dt * 2^n = {op.model.dt:g} s * 2^n", value, ROCKPOOL)
