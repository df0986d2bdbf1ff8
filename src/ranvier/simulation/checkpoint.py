"""The state of a network as a value: what a run goes on from, and its file."""

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from ranvier.files import UNREADABLE, write_atomic
from ranvier.simulation.engine import Engine
from ranvier.simulation.learned import begins

EARLIER = 4096  # steps after which a history began anew, in files that do not say where theirs begins

State = dict[str, np.ndarray]


def told(value: Any) -> str:
    """What a value is, numbers by their digest, as far as another process would say the same of its equal."""
    value = value.detach().cpu().numpy() if isinstance(value, Tensor) else value
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{value.shape}{hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()}"
    if isinstance(value, Mapping):
        return told([(key, value[key]) for key in sorted(value, key=str)])
    if isinstance(value, list | tuple):
        return f"({', '.join(map(told, value))})"
    if callable(value):
        return getattr(value, "__qualname__", type(value).__name__)
    return f"{type(value).__name__}{told(vars(value))}" if hasattr(value, "__dict__") else repr(value)


def state_of(engine: Engine, description: str, values: str = "") -> State:
    """Everything that changes in time, by name; copies. description, values: what else decides whether it fits, parts and their numbers."""
    steps, neurons = engine.in_flight()
    state: State = {
        "network": _digest(description),
        "values": _digest(values),
        "step": np.array(engine.step),
        "flying.step": steps,
        "flying.neuron": neurons,
    }
    for p in engine.placed:
        for name in p.states:
            state[f"{p.population.name}.{name}"] = p.field(engine.data, p.state_field(name))
        if p.population.timed is None and not p.population.is_source:
            state[f"{p.population.name}.current"] = np.array(p.population.current)
    learned = engine.learning
    for k, projection in learned.projections():
        state[f"{projection.name}.synapses"] = learned.states_of(k, engine.rows.states).copy()
    state["visits"] = learned.visits[:, 0].copy()
    state["history"], state["history.ends"] = learned.histories()
    state["history.begins"] = np.array(begins(engine.step))
    state["modulators"] = learned.moods[0].copy()
    state["reward.step"], state["reward.modulator"], state["reward.amount"] = (a.copy() for a in learned.rewards)
    return state


def restore(engine: Engine, state: Mapping[str, np.ndarray], description: str, values: str = "") -> None:
    """Puts a network into a state; refuses one of another network, and changes nothing then."""
    if not isinstance(state, Mapping):
        raise TypeError(
            f"Network.restore: state must be what state() gave, got {type(state).__name__}. For a file write net.load(path)."
        )
    own = state_of(engine, description, values)
    if "step" in state:
        state = _completed(state, own)
    missing, more = sorted(set(own) - set(state)), sorted(set(state) - set(own))
    if missing or more:
        what = f"lacks {missing[0]}" if missing else f"has {more[0]} besides"
        raise ValueError(f"this state {what}: it is of another network.")
    if not np.array_equal(state["network"], own["network"]):
        raise ValueError("this state is of another network: a size, a parameter, a connection, the seed or dt differs.")
    if not np.array_equal(state["values"], own["values"]):
        raise ValueError(
            "this state is of another network: a weight, a delay, a link or a parameter of a neuron differs."
        )
    loose = ("flying.step", "flying.neuron", "history", "reward.step", "reward.modulator", "reward.amount")
    for name, value in own.items():
        if name not in loose and np.shape(state[name]) != value.shape:
            raise ValueError(f"this state's {name} has shape {np.shape(state[name])}, expected {value.shape}.")
        if np.asarray(state[name]).dtype.kind == "f" and np.isnan(state[name]).any():
            raise ValueError(f"this state's {name} holds NaN, from which no network goes on.")
    step = int(state["step"])
    steps, neurons = np.asarray(state["flying.step"], np.int64), np.asarray(state["flying.neuron"], np.int32)
    if step < 0 or steps.shape != neurons.shape or (steps.size and not (0 <= steps.min() and steps.max() < step)):
        raise ValueError("this state's spikes in flight do not belong to its step.")
    if neurons.size and not (0 <= neurons.min() and neurons.max() < engine.neurons):
        raise ValueError("this state's spikes in flight are of neurons that the network does not have.")
    visits, history = np.asarray(state["visits"], np.int64), _history(state, step)
    if visits.size and not (2 * begins(step) <= visits.min() and visits.max() <= 2 * step):
        raise ValueError("this state's last visits to synapses do not belong to its step.")
    rewards = [np.asarray(state[f"reward.{part}"]) for part in ("step", "modulator", "amount")]
    if (
        len({r.shape for r in rewards}) > 1
        or rewards[0].ndim != 1
        or (
            rewards[0].size
            and not (
                0 <= rewards[1].min()
                and rewards[1].max() < len(engine.learning.fading)
                and (np.diff(rewards[0]) >= 0).all()
            )
        )
    ):
        raise ValueError("this state's rewards do not belong to the network's modulators.")
    engine.step = step
    for p in engine.placed:
        for name in p.states:
            p.write(engine.data, p.state_field(name), state[f"{p.population.name}.{name}"])
        if f"{p.population.name}.current" in own:
            current = np.array(state[f"{p.population.name}.current"], np.float64)
            p.population.current = current if current.ndim else float(current)
    learned = engine.learning
    for k, projection in learned.projections():
        learned.states_of(k, engine.rows.states)[:] = state[f"{projection.name}.synapses"]
    learned.visits[:] = visits[:, None]
    learned.remember(history, np.asarray(state["history.ends"], np.int64))
    learned.moods[:] = np.asarray(state["modulators"])
    learned.rewards = rewards[0].astype(np.int64), rewards[1].astype(np.int64), rewards[2].astype(np.float64)
    engine.launch(steps, neurons)


def _completed(state: Mapping[str, np.ndarray], own: State) -> State:
    """With what files of earlier versions do not hold: digests of numbers, currents, and where histories begin."""
    absent = {name: value for name, value in own.items() if name == "values" or name.endswith(".current")}
    began = max(0, int(state["step"]) - 1) // EARLIER * EARLIER
    return absent | {"history.begins": np.array(began)} | dict(state)


def _digest(text: str) -> np.ndarray:
    return np.frombuffer(hashlib.sha256(text.encode()).digest(), np.uint8)


def _history(state: Mapping[str, np.ndarray], step: int) -> np.ndarray:
    """What `Learned.remember` takes: entries counted from where a history begins now."""
    history, ends = np.asarray(state["history"], np.int64), np.asarray(state["history.ends"], np.int64)
    history = history + int(state["history.begins"]) - begins(step)
    counts = np.diff(ends, prepend=0)
    whole = history.ndim == 1 and counts.sum() == len(history) and not (counts < 0).any()
    if not whole or (len(history) and not (0 <= history.min() and history.max() < step - begins(step))):
        raise ValueError("this state's histories of spikes do not belong to its step.")
    return history.astype(np.uint16)


def save(path: str | Path, state: Mapping[str, np.ndarray]) -> None:
    """Writes a state to one file, under a temporary name first."""
    whole = io.BytesIO()
    write: Any = np.savez
    write(whole, **state)
    write_atomic(Path(path), whole.getvalue())


def load(path: str | Path) -> State:
    """Reads what `save` wrote. Numbers alone: nothing in the file is executed."""
    try:
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except UNREADABLE as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise ValueError(f"{path}: no state of a network, or a truncated one ({error}).") from None
