"""SynSense's Xylo Audio 2."""

import math
from collections.abc import Iterator

from ranvier.equations.options import Subtract
from ranvier.hardware.chips.chip import Chip, Violation, range_of
from ranvier.hardware.chips.projection import Projection
from ranvier.hardware.plan import Op, Parallel, Population

ROCKPOOL = 'Rockpool documentation, "Overview of the Xylo family", rockpool.ai/devices/xylo-overview.html'
INPUTS, HIDDEN, OUTPUTS, WEIGHT_BITS, FAN_OUT = 16, 1000, 8, 8, 64
SHARE = 0.1  # of a time constant, by which the nearest that the chip has may differ


class Xylo(Chip):
    """LIF neurons with exponential synapses; decays are shifts, s <- s - (s >> dash), so a time constant is dt * 2^dash.

    Source: Rockpool's documentation, and Bos and Muir (2022), arXiv 2208.12991.
    """

    title = "Xylo"
    unchecked = (
        "the input is taken to be spikes",
        "spikes a neuron and step (31 at most, 1 of an output), the fan-out of 32 on average, and the range of thresholds and biases",
    )

    def find(self, ops: list[Op], parts: list[Projection]) -> Iterator[Violation]:
        yield from self.spiking(ops, ROCKPOOL)
        inputs = math.prod(ops[0].before)
        if inputs > INPUTS:
            yield self.broken(ops[0], f"{INPUTS} input channels", f"the network has {inputs} inputs", ROCKPOOL)
        for part in parts:
            yield from self.weight_bits(part, WEIGHT_BITS, ROCKPOOL)
            if part.delay:
                yield self.broken(
                    part.op, "synapses without delays", f"its longest delay is {part.delay} steps", ROCKPOOL
                )
            if part.target is not None:
                yield from self._population(part.target)
        populations = [op for op in ops if isinstance(op, Population)]
        if populations and populations[-1].size > OUTPUTS:
            yield self.broken(
                populations[-1], f"{OUTPUTS} output neurons", f"it has {populations[-1].size} neurons", ROCKPOOL
            )
        hidden = sum(op.size for op in populations[:-1])
        if hidden > HIDDEN:
            yield self.broken(
                None, f"{HIDDEN} hidden neurons", f"it has {hidden} neurons in front of the last layer", ROCKPOOL
            )
        if not any(isinstance(op, Parallel) for op in ops):  # a neuron in front of branches reaches what both lead to
            yield from self._fan_out(parts)

    def _fan_out(self, parts: list[Projection]) -> Iterator[Violation]:
        """Synapses of a hidden neuron onto others: those onto outputs lie in a memory of their own."""
        for part, behind in zip(parts, [*parts[1:], None], strict=True):
            onward = 0 if behind is None or behind is parts[-1] else behind.fan_out
            reached = onward + _recurrent(part)
            if part is not parts[-1] and reached > FAN_OUT:
                limit = f"a fan-out of at most {FAN_OUT} of a hidden neuron"
                yield self.broken(part.target, limit, f"one neuron reaches {reached} others", ROCKPOOL)

    def _population(self, op: Population) -> Iterator[Violation]:
        yield from self.model(op, ("CubaLIF", "LIF", "Synaptic", "LI"), (Subtract,), ROCKPOOL)
        for name in ("tau_mem", "tau_syn"):
            found = range_of(op, name)
            for tau in () if found is None else found[: 1 if found[0] == found[1] else 2]:
                dash = max(0, round(math.log2(tau / op.model.dt)))
                if abs(op.model.dt * 2**dash / tau - 1) > SHARE:
                    value = f"{name} is {tau:g} s, the nearest {op.model.dt * 2**dash:g} s"
                    yield self.broken(op, f"time constants of dt * 2^n = {op.model.dt:g} s * 2^n", value, ROCKPOOL)


def _recurrent(part: Projection) -> int:
    """Neurons of its own population that a neuron reaches."""
    target = part.target
    return 0 if target is None or target.recurrent is None else target.size
