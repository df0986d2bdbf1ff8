"""The response to steps of current: what one reads the passive properties, the sag and the delay of the first spike from."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ranvier.instruments.protocols import Step
from ranvier.instruments.running import check_duration, constants, currents_of, input_dimension, run
from ranvier.neurons.neuron import Neuron
from ranvier.units import Dimension


@dataclass(frozen=True, eq=False)
class StepResponse:
    """Responses to K steps of current, in SI units.

    times: [T + 1].  amplitudes: [K].  currents: input, [T, K].  membrane: [T + 1, K].  spikes: times of each response.
    baseline: membrane just before the step, [K].  steady: at the end of the step, [K].  peaks: the value farthest from the baseline during
    the step, [K]: beyond `steady` where the response sags.  latencies: from the step to the first spike [s], NaN without one, [K].
    dimensions: of "membrane" and "input".
    """

    times: np.ndarray
    amplitudes: np.ndarray
    currents: np.ndarray
    membrane: np.ndarray
    spikes: tuple[np.ndarray, ...]
    baseline: np.ndarray
    steady: np.ndarray
    peaks: np.ndarray
    latencies: np.ndarray
    dimensions: dict[str, Dimension]


def step_response(
    neuron: Neuron,
    amplitudes: Any,
    *,
    start: float = 0.1,
    stop: float = 0.4,
    duration: float = 0.5,
    baseline: float = 0.0,
) -> StepResponse:
    """Injects steps of current from `start` to `stop`, all amplitudes side by side.

    (steady - baseline)/amplitude of a step that does not fire is the input resistance.

    Args:
        neuron: one neuron of any model.
        amplitudes: inputs during the step, [K].
        start, stop, duration: seconds.
        baseline: input before and after.

    Raises:
        TypeError: `neuron` is no Neuron object.
        ValueError: parameters that differ between neurons, amplitudes that are not finite, or not 0 <= start < stop <= duration.

    Example:
        >>> import ranvier as rv
        >>> response = step_response(rv.LIF(r=0.5), [-1.0, 1.0])
        >>> response.steady.round(3).tolist()
        [-0.5, 0.5]
    """
    constants("step_response", neuron)
    tried = currents_of("step_response", "amplitudes", amplitudes)
    check_duration("step_response", duration, neuron.dt)
    dt = neuron.dt
    first, last = round(start / dt), round(stop / dt)
    if not 0 <= first < last <= round(duration / dt):
        raise ValueError(
            f"step_response: must have 0 <= start < stop <= duration, got start={start}, stop={stop}, duration={duration} s. "
            "Use start=0.1, stop=0.4, duration=0.5."
        )
    x = np.column_stack([Step(a, start, stop, baseline).current(duration, dt) for a in tried.tolist()])
    fired, states = run(neuron, x)
    v = states[neuron.declaration.membrane]
    during = v[first : last + 1] - v[first]
    spikes = tuple(np.flatnonzero(fired[:, k]) * dt for k in range(len(tried)))
    after = [train[train >= (first - 0.5) * dt] for train in spikes]
    return StepResponse(
        np.arange(len(v)) * dt,
        tried,
        x,
        v,
        spikes,
        v[first].copy(),
        v[last].copy(),
        v[first] + np.take_along_axis(during, np.abs(during).argmax(0)[None], 0)[0],
        np.array([train[0] - first * dt if len(train) else np.nan for train in after]),
        {"membrane": neuron.declaration.dimensions[neuron.declaration.membrane], "input": input_dimension(neuron)},
    )
