"""Running one neuron under many currents at once, for all instruments: the neuron's own step, in float64, every state recorded."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from ranvier.equations.options import CurrentInput
from ranvier.instruments.protocols import Stimulus
from ranvier.neurons.neuron import Neuron
from ranvier.units import Dimension

VALUES = 1 << 19  # of a record that are held at a time
TRIAL = 1000  # steps after which a search looks who has fired


def constants(where: str, neuron: Any) -> dict[str, float]:
    """Every parameter of one neuron as a number.

    Raises:
        TypeError: `neuron` is no `Neuron`.
        ValueError: a parameter differs between neurons.
    """
    if not isinstance(neuron, Neuron):
        given = neuron.__name__ if isinstance(neuron, type) else type(neuron).__name__
        hint = f"{given}()" if isinstance(neuron, type) and issubclass(neuron, Neuron) else "rv.LIF()"
        raise TypeError(f"{where}: neuron must be a Neuron object, got {given}. Write {hint}.")
    found = {}
    for name, value in neuron.parameter_values().items():
        if isinstance(value, torch.Tensor) and value.dim():
            raise ValueError(
                f"{where}: looks at one neuron, but {name} has shape {tuple(value.shape)}. "
                f"Make one with a single value, such as {type(neuron).__name__}({name}={float(value.detach().flatten()[0]):g})."
            )
        found[name] = float(value.detach() if isinstance(value, torch.Tensor) else value)
    return found


def input_dimension(neuron: Neuron) -> Dimension:
    """Dimension of the input: of a current that enters `dynamics`, or of an impulse that `receive` takes once a step."""
    return neuron.declaration.input_dimension("dynamics" if takes_current(neuron) else "receive")


def takes_current(neuron: Neuron) -> bool:
    """Whether the input is a current in the equations, rather than an impulse between them."""
    return isinstance(neuron.options.drive, CurrentInput)


def stimulus_of(where: str, stimulus: Any, duration: float, dt: float) -> np.ndarray:
    """Input of each step [T]: of a protocol, of a number that is held, or as it was given for each step.

    Raises:
        TypeError: neither of these.
        ValueError: no step, a number of steps that does not fit the duration, or values that are not finite.
    """
    check_duration(where, duration, dt)
    if isinstance(stimulus, Stimulus):
        found = np.asarray(stimulus.current(duration, dt), dtype=np.float64)
    else:
        try:
            found = np.asarray(stimulus, dtype=np.float64)
        except (TypeError, ValueError):
            raise TypeError(
                f"{where}: the current must be a number, an array [T] or a protocol such as Step(1e-9, start=0.1), "
                f"got {type(stimulus).__name__}."
            ) from None
    steps = round(duration / dt)
    found = np.full(steps, float(found)) if found.ndim == 0 else found
    if found.shape != (steps,):
        raise ValueError(
            f"{where}: the current has shape {found.shape}, but {duration:g} s in steps of {dt:g} s are ({steps},). "
            f"Give duration={found.size * dt:g}, or one value a step."
        )
    if not np.isfinite(found).all():
        raise ValueError(f"{where}: the current contains NaN or inf. Find them with np.isfinite(current).")
    return found


def currents_of(where: str, name: str, values: Any) -> np.ndarray:
    """Finite numbers [K], at least one.

    Raises:
        ValueError: anything else.
    """
    found = np.atleast_1d(np.asarray(values, dtype=np.float64))
    if found.ndim != 1 or not found.size or not np.isfinite(found).all():
        raise ValueError(
            f"{where}: {name} must be finite numbers [K], got {found}. Use for example np.linspace(0, 1e-9, 21)."
        )
    return found


def check_duration(where: str, duration: float, dt: float) -> None:
    """Refuses a duration that is not a finite number of seconds of at least one step."""
    if not (math.isfinite(duration) and round(duration / dt) >= 1):
        raise ValueError(
            f"{where}: duration must last one step of {dt:g} s or more, got {duration} s. Use duration=0.5."
        )


def run(
    neuron: Neuron, x: np.ndarray, start: Mapping[str, np.ndarray] | None = None
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Spikes, bool [T, K], and each declared state at the start of every step and at the end, [T + 1, K], for input x [T, K].

    start: states to begin with, [K] each; others begin at rest.
    """
    names = tuple(neuron.declaration.states)
    blocks = list(_blocks(neuron, x, start, names))
    spikes = np.concatenate([fired for _, fired, _ in blocks])
    states = {
        name: np.concatenate([blocks[0][0][name][None], *(records[name] for _, _, records in blocks)]) for name in names
    }
    return spikes, states


def spikes_of(neuron: Neuron, x: np.ndarray) -> np.ndarray:
    """Spikes, bool [T, K], for input x [T, K] from rest. Memory does not grow with the number of states."""
    return np.concatenate([fired for _, fired, _ in _blocks(neuron, x, None, tuple(neuron.declaration.states))])


def first_firing(neuron: Neuron, currents: np.ndarray, steps: int) -> int:
    """Index of the first of the constant inputs [K], which rise, that makes a neuron at rest fire; K if none does.

    What lies above one that has fired is not followed further.
    """
    count, found = len(currents), len(currents)
    state = neuron.initial_state((1, count), torch.empty(0, dtype=torch.float64))
    names = tuple(neuron.declaration.states)
    with torch.no_grad():
        for t in range(0, steps, TRIAL):
            x = torch.from_numpy(np.array(currents[:found])).expand(min(TRIAL, steps - t), 1, found).contiguous()
            done = neuron.run(x, {name: value[:, :found].contiguous() for name, value in state.items()}, record=names)
            fired = (done.output[:, 0] > 0).any(0).numpy()
            found = int(np.argmax(fired)) if fired.any() else found
            state = done.state
            if found == 0:
                break
    return found


def _blocks(
    neuron: Neuron, x: np.ndarray, start: Mapping[str, np.ndarray] | None, names: Sequence[str]
) -> Iterator[tuple[dict[str, np.ndarray], np.ndarray, dict[str, np.ndarray]]]:
    """State at the start, spikes and records of one stretch of time after another.

    Every instrument asks for the same outputs, so that one compiled kernel serves them all.
    """
    steps, count = x.shape
    state = neuron.initial_state((1, count), torch.empty(0, dtype=torch.float64))
    for name, values in (start or {}).items():
        state[name] = torch.from_numpy(np.array(values, dtype=np.float64)).reshape(1, count)
    length = max(1, VALUES // count)
    with torch.no_grad():
        for t in range(0, steps, length):
            block = torch.from_numpy(np.array(x[t : t + length])).unsqueeze(1)
            before = {name: state[name][0].numpy().copy() for name in names}
            done = neuron.run(block, state, record=names)
            state = done.state
            fired = done.output[:, 0].numpy() > 0 if neuron.fires else np.zeros(block[:, 0].shape, bool)
            yield before, fired, {name: done.records[name][:, 0].numpy() for name in names}
