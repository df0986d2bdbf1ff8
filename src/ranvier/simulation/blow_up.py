"""A network whose numbers have left the finite: which neuron, in which step."""

from collections.abc import Mapping, Sequence

import numpy as np

from ranvier.simulation.checkpoint import restore, state_of
from ranvier.simulation.engine import Chunk, Engine, Probe
from ranvier.simulation.memory import Placed

KEPT = (
    1 << 23
)  # bytes of plastic synapses and their histories from which on a copy for each chunk would cost too much time


def kept(engine: Engine) -> Mapping[str, np.ndarray] | None:
    """What `still_finite` goes back to; None where it would be large."""
    return state_of(engine, "") if engine.learning.bytes <= KEPT else None


def still_finite(
    engine: Engine, before: Mapping[str, np.ndarray] | None, chunk: Chunk, probes: Sequence[Probe], spikes: bool
) -> tuple[Chunk, FloatingPointError | None]:
    """A chunk that has just run; or, where a state is not finite any more, what ran while all were, and the error to raise.

    before: the state before the chunk, where it was kept; the engine then goes back to the last finite one.
    """
    bad = engine.blown_up()
    if bad is None:
        return chunk, None
    if before is None:
        when = f"before {engine.step * engine.dt:g} s"
    else:
        chunk, bad = _located(engine, before, chunk, probes, spikes)
        when = f"in the step from {engine.step * engine.dt:g} to {(engine.step + 1) * engine.dt:g} s"
    placed, state, neuron = bad
    return chunk, FloatingPointError(
        f"{placed.population.name}: {state} of neuron {neuron} is not finite any more, {when}. "
        "Use a smaller dt or smaller weights, or another integrator."
    )


def _located(
    engine: Engine, before: Mapping[str, np.ndarray], chunk: Chunk, probes: Sequence[Probe], spikes: bool
) -> tuple[Chunk, tuple[Placed, str, int]]:
    """Goes back from a state that is not finite to the last that is; what ran until then, and what breaks in the next step.

    before: a finite state; chunk: what ran since.
    """
    broken = engine.blown_up()
    assert broken is not None
    first, finite = int(before["step"]), before
    low, high = first, engine.step  # the state is finite before step `low` and not before `high`
    while high - low > 1:
        middle = (low + high) // 2
        restore(engine, finite, "")
        engine.advance(middle - low, (), False)
        found = engine.blown_up()
        if found is None:
            low, finite = middle, state_of(engine, "")
        else:
            high, broken = middle, found
    restore(engine, before, "")
    nothing = Chunk(chunk.steps[:0], chunk.neurons[:0], [s[:0] for s in chunk.samples])
    return engine.advance(low - first, probes, spikes) if low > first else nothing, broken
