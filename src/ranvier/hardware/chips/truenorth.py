"""IBM's TrueNorth."""

from collections.abc import Iterator

from ranvier.equations.options import NoReset, Subtract, ToValue
from ranvier.hardware.chips.chip import Chip, Violation
from ranvier.hardware.chips.projection import Projection, distinct
from ranvier.hardware.plan import Op, Population

MEROLLA = 'Merolla et al. (2014), "A million spiking-neuron integrated circuit with a scalable communication network and interface", Science 345'
CASSIDY = (
    'Cassidy et al. (2013), "Cognitive computing building block: a versatile and efficient digital neuron model", IJCNN'
)
AKOPYAN = 'Akopyan et al. (2015), "TrueNorth: design and tool flow of a 65 mW 1 million neuron programmable neurosynaptic chip", IEEE TCAD 34'
DRIVER = "pytruenorth, truenorth.py, which runs networks on the chip"
WEIGHTS = f"{CASSIDY}; {DRIVER}: a weight is a sign and 8 bits"
DELAYS = f"{AKOPYAN}; {DRIVER}: dest_delay, at most 15; a spike carries 4 bits of time"
CORES, AXONS, NEURONS, VALUES, WEIGHT_BITS, DELAY = 4096, 256, 256, 4, 9, 15


class TrueNorth(Chip):
    """Cores of 256 axons, a binary crossbar and 256 neurons that add whole numbers and lose a constant each step.

    A neuron has four weights, one for each type of axon; an axon has one type for all neurons of the core.
    """

    title = "TrueNorth"
    unchecked = (
        "the input is taken to be spikes",
        "whether one type of axon fits all neurons of a core: an input that excites some and inhibits others takes two axons",
        "stochastic thresholds, leaks and synapses, which the chip has besides",
    )

    def find(self, ops: list[Op], parts: list[Projection]) -> Iterator[Violation]:
        yield from self.spiking(ops, MEROLLA)
        for part in parts:
            if part.fan_in > AXONS:
                yield self.broken(part.op, f"{AXONS} axons a core", f"one neuron has {part.fan_in} inputs", MEROLLA)
            if part.fan_out > NEURONS:
                limit = f"one core of {NEURONS} neurons that a neuron's spikes go to"
                yield self.broken(part.op, limit, f"one source reaches {part.fan_out} neurons", MEROLLA)
            if part.delay > DELAY:
                yield self.broken(
                    part.op, f"delays of 1 to {DELAY} steps", f"its longest is {part.delay} steps", DELAYS
                )
            yield from self.weight_bits(part, WEIGHT_BITS, WEIGHTS)
            for op, weights in part.weights:
                if (found := distinct(weights)) > VALUES:
                    yield self.broken(
                        op, f"{VALUES} weights a neuron", f"one neuron has {found} different weights", CASSIDY
                    )
            if part.target is not None:
                yield from self.model(part.target, ("IF", "Accumulator"), (ToValue, Subtract, NoReset), CASSIDY)
        neurons = sum(op.size for op in ops if isinstance(op, Population))
        if neurons > CORES * NEURONS:
            yield self.broken(None, f"{CORES} cores of {NEURONS} neurons", f"it has {neurons} neurons", MEROLLA)
