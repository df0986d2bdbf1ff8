"""SpiNNaker, the first one, with sPyNNaker."""

from collections.abc import Iterator

from ranvier.equations.options import ImpulseInput, ToValue
from ranvier.hardware.chips.chip import INPUTS, Chip, Violation
from ranvier.hardware.chips.projection import Projection
from ranvier.hardware.plan import Op, Population

FURBER = 'Furber et al. (2014), "The SpiNNaker project", Proceedings of the IEEE 102(5)'
RHODES = 'Rhodes et al. (2018), "sPyNNaker: a software package for running PyNN simulations on SpiNNaker", Frontiers in Neuroscience 12'
CONSTANTS = (
    "sPyNNaker, constants.py: MAX_SUPPORTED_DELAY_TICS 16, MAX_DELAY_BLOCKS 8, MAX_TIMER_TICS_SUPPORTED_PER_BLOCK 16"
)
WEIGHTS = "sPyNNaker, synapse structures: a weight is 16 of the 32 bits of a synapse"
NEURON_LIMIT = f"{FURBER}; sPyNNaker, _model_based_max_atoms_per_core = 256"
WEIGHT_BITS, DELAY = 16, 16 + 8 * 16
CORES = 1036800
NEURONS = 256


class SpiNNaker(Chip):
    """ARM cores with 32-bit fixed point (s16.15) that run the neuron models of sPyNNaker; other models need C code of their own."""

    title = "SpiNNaker"
    unchecked = (
        "the input is taken to be spikes",
        "memory and spike traffic of each core, real time with steps below 1 ms, and the range of s16.15",
    )

    def find(self, ops: list[Op], parts: list[Projection]) -> Iterator[Violation]:
        yield from self.spiking(ops, FURBER)
        for part in parts:
            yield from self.weight_bits(part, WEIGHT_BITS, WEIGHTS)
            if part.delay > DELAY:
                limit = f"delays of at most {DELAY} steps, with delay extensions"
                yield self.broken(part.op, limit, f"its longest is {part.delay} steps", CONSTANTS)
            if part.target is not None:
                yield from self._population(part.target)
        neurons = sum(op.size for op in ops if isinstance(op, Population))
        if neurons > CORES * NEURONS:
            yield self.broken(None, f"{CORES} cores of {NEURONS} neurons", f"it has {neurons} neurons", NEURON_LIMIT)

    def _population(self, op: Population) -> Iterator[Violation]:
        models = ("LIF", "CubaLIF", "ConductanceLIF", "Izhikevich", "LI")
        yield from self.model(op, models, (ToValue,), RHODES)
        drive = type(op.model.options.drive)
        if type(op.model).__name__ in ("LIF", "LI") and drive is not ImpulseInput:
            limit = "impulses (IF_curr_delta) or exponential currents (CubaLIF) as a LIF's input"
            yield self.broken(op, limit, f"its input is {INPUTS[drive]} of one step", RHODES)
