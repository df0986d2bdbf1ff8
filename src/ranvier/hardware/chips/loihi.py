"""Intel's Loihi, the first one."""

import math
from collections.abc import Iterator

from ranvier.equations.options import ToValue
from ranvier.hardware.chips.chip import Chip, Violation, range_of, steps_of, whole_scales
from ranvier.hardware.chips.projection import Projection
from ranvier.hardware.plan import Op, Population

DAVIES = 'Davies et al. (2018), "Loihi: a neuromorphic manycore processor with on-chip learning", IEEE Micro 38(1)'
NENGO = "nengo-loihi, nengo_loihi/block.py: MAX_COMPARTMENTS 1024, MAX_IN_AXONS 4096, MAX_SYNAPSE_BITS 1048576"
EMULATOR = (
    "brian2_loihi, loihi_neuron_group.py: refractory 1 to 64, v = 0 after a spike; loihi_synapses.py: exponents -8 to 7"
)
CORES, COMPARTMENTS, AXONS, SYNAPSE_BITS = 128, 1024, 4096, 2**20
WEIGHT_BITS, EXPONENTS, REFRACTORY = 8, 15, 64


class Loihi(Chip):
    """Current-based LIF: u decays and gains the weights, v decays and gains u; spike where v > v_threshold, v <- 0.

    Weights: 8 bit, signed, times 2^(6 + exponent), exponent -8 to 7 for a group of synapses.
    """

    title = "Loihi"
    unchecked = (
        "the input is taken to be spikes",
        "the chip fires where v > threshold, and its input reaches v in the same step; rounding goes away from zero",
        "how populations are laid out on cores, and what shares of a core's tables delays and tags take",
    )

    def find(self, ops: list[Op], parts: list[Projection]) -> Iterator[Violation]:
        yield from self.spiking(ops, DAVIES)
        for part in parts:
            if part.fan_in > AXONS:
                yield self.broken(part.op, f"{AXONS} input axons a core", f"one neuron has {part.fan_in} inputs", NENGO)
            yield from self.weight_bits(part, WEIGHT_BITS, DAVIES)
            yield from self._scales(part)
            if part.target is not None:
                yield from self._population(part.target)
        neurons = sum(op.size for op in ops if isinstance(op, Population))
        if neurons > CORES * COMPARTMENTS:
            limit = f"{CORES} cores of {COMPARTMENTS} compartments"
            yield self.broken(None, limit, f"it has {neurons} neurons", DAVIES)
        bits = sum(part.synapses for part in parts) * WEIGHT_BITS
        if bits > CORES * SYNAPSE_BITS:
            limit = f"{CORES} cores with {SYNAPSE_BITS} bits of synapses"
            yield self.broken(None, limit, f"its synapses take {bits} bits, each stored by itself", NENGO)

    def _scales(self, part: Projection) -> Iterator[Violation]:
        scales = whole_scales(part.weights)
        if not scales:
            return
        ratios = [math.log2(s / scales[0]) for s in scales]
        if any(abs(r - round(r)) > 1e-4 for r in ratios) or max(ratios) > EXPONENTS:
            limit = f"scales of a population's weights that differ by powers of two, up to 2^{EXPONENTS}"
            value = 'its weights have other scales (quantise with per="layer" or power_of_two=True)'
            yield self.broken(part.op, limit, value, EMULATOR)

    def _population(self, op: Population) -> Iterator[Violation]:
        yield from self.model(op, ("CubaLIF", "LIF", "IF", "LI", "Accumulator"), (ToValue,), EMULATOR)
        if steps_of(op) > REFRACTORY:
            yield self.broken(
                op, f"refractory periods of 1 to {REFRACTORY} steps", f"it has {steps_of(op)} steps", EMULATOR
            )
        rest, reset = range_of(op, "v_leak"), range_of(op, "v_reset")
        if rest is not None and reset is not None and rest != reset:
            yield self.broken(
                op, "a reset to the resting potential", f"v_reset is {reset[0]:g}, v_leak {rest[0]:g}", EMULATOR
            )
