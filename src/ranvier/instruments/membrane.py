"""What a recording electrode sees: the states of one neuron under a protocol."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ranvier.instruments.protocols import Stimulus
from ranvier.instruments.running import constants, input_dimension, run, stimulus_of
from ranvier.instruments.system import checked_states, firing_levels
from ranvier.neurons.neuron import Neuron
from ranvier.units import Dimension


@dataclass(frozen=True, eq=False)
class MembraneTrace:
    """A recording of one neuron, in SI units.

    times: [T + 1], k dt.  current: input of each step, [T].  states: each state by name at those times, [T + 1]; the first value is where
    the neuron began.  spikes: spike times, [n]; a spike of step t has the time t dt, where the step begins, as everywhere in Ranvier: the
    last value before the reset stands at that time.  levels: value of the membrane at which each spike was fired, [n], NaN where the
    model has no reset: the recorded membrane has been reset by the end of the step and never shows it.  dt: [s].  membrane: name of the
    state that fires.  dimensions: of each state, and of "input".
    """

    times: np.ndarray
    current: np.ndarray
    states: Mapping[str, np.ndarray]
    spikes: np.ndarray
    levels: np.ndarray
    dt: float
    membrane: str
    dimensions: Mapping[str, Dimension]

    @property
    def v(self) -> np.ndarray:
        """The state that fires, [T + 1], whatever its name."""
        return self.states[self.membrane]

    @property
    def rate(self) -> float:
        """Spikes over the duration of the recording [Hz]."""
        return len(self.spikes) / (len(self.current) * self.dt)


def membrane_trace(
    neuron: Neuron,
    current: Stimulus | np.ndarray | float,
    *,
    duration: float = 0.5,
    start: Mapping[str, float] | None = None,
) -> MembraneTrace:
    """Records every state of a neuron.

    Args:
        neuron: one neuron of any model; it is not changed.
        current: a protocol such as `Step(1e-9, start=0.1)`, a number that is held, or the input of each step [T].
        duration: seconds.
        start: states to begin with, by name; others begin at rest.

    Raises:
        TypeError: `neuron` is no Neuron object, or `current` none of these.
        ValueError: parameters that differ between neurons, a current that does not fit the duration or is not finite, or an unknown state.

    Example:
        >>> import ranvier as rv
        >>> from ranvier.instruments import Step, membrane_trace
        >>> trace = membrane_trace(rv.LIF(dt=0.1e-3), Step(2.0, start=0.1), duration=0.2)
        >>> len(trace.spikes), round(float(trace.v.max()), 2)
        (7, 1.0)
    """
    constants("membrane_trace", neuron)
    x = stimulus_of("membrane_trace", current, duration, neuron.dt)
    spikes, found = run(neuron, x[:, None], checked_states("membrane_trace", neuron, start))
    states = {name: values[:, 0] for name, values in found.items()}
    steps = np.flatnonzero(spikes[:, 0])
    return MembraneTrace(
        np.arange(len(x) + 1) * neuron.dt,
        x,
        states,
        steps * neuron.dt,
        firing_levels(neuron, {name: values[steps] for name, values in states.items()}),
        neuron.dt,
        neuron.declaration.membrane,
        {**{name: neuron.declaration.dimensions[name] for name in states}, "input": input_dimension(neuron)},
    )
