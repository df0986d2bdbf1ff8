"""A network is looked over before it is built: numbers that lack their unit, weights that a rule forbids, forgotten wires."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ranvier.neurons.neuron import Neuron
from ranvier.plasticity.rule import Rule, learning
from ranvier.simulation.distributions import LogNormal
from ranvier.simulation.population import Population
from ranvier.simulation.projection import Drive, Projection, dimension_of
from ranvier.simulation.timed import BLOCK
from ranvier.units import NAMED

LONG = 1.0  # seconds of a delay that nobody means
JUMP, PULL = (
    100.0,
    1e5,
)  # times the voltages of a model: what no weight in volts, no other weight or current comes to that has its unit
PHYSICAL = 0.5  # volts between all voltages of a model in physical units; others may be in any unit


def check(
    populations: Sequence[Population], projections: Sequence[Projection], drives: Sequence[Drive], dt: float
) -> None:
    """Raises ValueError for what cannot be meant; warns of neurons that nothing reaches."""
    for p in populations:
        _check_voltages(p)
        _check_current(p, dt)
        _check_start(p)
    for c in projections:
        _check_delay(c, dt)
        _check_weight(c.name, c.post, c, c.weight)
        _check_rule(c)
    for d in drives:
        if d.rate is not None:
            _check_weight(d.name, d.post, d, d.weight)
    if projections:
        for p in populations:
            if not p.is_source and not _reached(p, projections, drives):
                warnings.warn(
                    f"Network: nothing reaches {p.name}: no projection, drive, noise or current, and its states start at rest. "
                    f"Write net.connect(..., {p.name}), or leave it out.",
                    stacklevel=4,
                )


def _reached(p: Population, projections: Sequence[Projection], drives: Sequence[Drive]) -> bool:
    current = p.timed is not None or bool(np.any(p.current))
    return current or bool(p.starts or p.some_starts) or any(given.post is p for given in (*projections, *drives))


# ---- units -----------------------------------------------------------------------------------------------------------


def _span(model: Neuron) -> float | None:
    """Volts between the lowest and the highest voltage of a model in physical units; None for others."""
    kinds = model.declaration.dimensions
    volts = [
        _largest(model.parameter_value(k), signed=True)
        for k in model.declaration.parameters
        if kinds[k] == NAMED["voltage"]
    ]
    span = max(volts) - min(volts) if volts else 0.0
    return span if 0 < span < PHYSICAL else None


def _resistance(model: Neuron) -> float | None:
    known = model.declaration.parameters
    if "r" in known:
        return _largest(model.parameter_value("r"))
    return 1 / _largest(model.parameter_value("g_leak")) if "g_leak" in known else None


def _largest(value: Any, signed: bool = False) -> float:
    array = value.detach().cpu().numpy() if hasattr(value, "detach") else np.asarray(value, np.float64)
    return float(array.flat[0] if signed else np.abs(array).max(initial=0))


def _check_voltages(p: Population) -> None:
    """Some voltages of a model in volts and others in millivolts are a slip; all in one unit of the user's own are not."""
    if not isinstance(p.model, Neuron):
        return
    declared = p.model.declaration
    volts = {
        k: _largest(p.model.parameter_value(k))
        for k in declared.parameters
        if declared.dimensions[k] == NAMED["voltage"]
    }
    usual = max((abs(float(declared.parameters[k].default)) for k in volts), default=0.0)
    small = [k for k, size in volts.items() if 0 < size < PHYSICAL]
    large = [k for k, size in volts.items() if size > JUMP * usual]
    if 0 < usual < PHYSICAL and small and large:
        given = {k: float(np.ravel(p.model.parameter_value(k))[0]) for k in (large[0], small[0])}
        told = [f"{k} = {value:g} V" for k, value in given.items()]
        raise ValueError(
            f"{p.name}: {type(p.model).__name__} has {told[0]} beside {told[1]}. "
            f"Numbers are in SI units: write {large[0]}={given[large[0]]:g} * mV, or whichever unit is meant."
        )


def _check_current(p: Population, dt: float) -> None:
    if not isinstance(p.model, Neuron) or not (p.timed or np.any(p.current)):
        return
    current = _largest(p.timed.table(0, BLOCK, dt) if p.timed else p.current)
    span, r = _span(p.model), _resistance(p.model)
    if span is not None and r is not None:
        _refuse(f"{p.name}: a current of {current:g} A", current * r, span, PULL, f"inject({current:g} * pA)")


def _check_start(p: Population) -> None:
    if not isinstance(p.model, Neuron) or not p.starts:
        return
    span = _span(p.model)
    for key, value in p.starts.items():
        if (
            span is None
            or key not in p.model.declaration.states
            or p.model.declaration.dimensions[key] != NAMED["voltage"]
        ):
            continue
        size = max(map(abs, value.constants)) if hasattr(value, "kind") else _largest(value)
        if size > JUMP * span:
            raise ValueError(
                f"{p.name}: {key} starts at {size:g} V, where the voltages of the model lie within {span:g} V. "
                f"Numbers are in SI units: write initialize({key}={size:g} * mV), or whichever unit is meant."
            )


def _check_weight(name: str, post: Population, given: Projection | Drive, weight: Any) -> None:
    w = weight.high if hasattr(weight, "kind") and np.isfinite(weight.high) else weight
    if hasattr(w, "kind"):
        w = np.exp(min(w.mu, 700.0)) if isinstance(w, LogNormal) else w.constants[0]
    assert isinstance(post.model, Neuron)
    size, span, r = _largest(w), _span(post.model), _resistance(post.model)
    if span is None or not size:
        return
    dimension = dimension_of(post, given.synapse)
    if dimension == NAMED["voltage"]:
        _refuse(f"{name}: a weight of {size:g} V", size, span, JUMP, f"weight={size:g} * mV")
    elif dimension == NAMED["current"] and r is not None:
        _refuse(f"{name}: a weight of {size:g} A", size * r, span, PULL, f"weight={size:g} * pA")
    elif dimension == NAMED["conductance"] and r is not None:
        _refuse(f"{name}: a weight of {size:g} S", size * r * span, span, PULL, f"weight={size:g} * nS")


def _refuse(what: str, volts: float, span: float, most: float, instead: str) -> None:
    if volts > most * span:
        raise ValueError(
            f"{what} would move the membrane by {volts:.3g} V, where the voltages of the model lie within {span:g} V. "
            f"Numbers are in SI units: write {instead}, or whichever unit is meant."
        )


def _check_delay(c: Projection, dt: float) -> None:
    delay = c.delay
    if hasattr(delay, "kind"):
        longest = delay.high if np.isfinite(delay.high) else delay.constants[0]
    else:
        longest = float(np.max(delay, initial=0.0))
    if longest >= LONG and longest > 100 * dt:
        raise ValueError(
            f"{c.name}: a delay of {longest:g} s is no delay of a synapse. Numbers are in seconds: write delay={longest:g} * ms."
        )


# ---- rules -----------------------------------------------------------------------------------------------------------


def _check_rule(c: Projection) -> None:
    rule = c.plasticity
    if rule is None:
        return
    name = type(rule).__name__
    if not changes_weights(rule):
        return
    if c.pre.excitatory is not None and (rule.w_min < 0 if c.pre.excitatory else rule.w_max > 0):
        kind, want = ("excitatory", "w_min=0") if c.pre.excitatory else ("inhibitory", "w_max=0")
        raise ValueError(
            f"{c.name}: {c.pre.name} is {kind} (Dale's law), but {name} lets weights change within [{rule.w_min:g}, {rule.w_max:g}]. Give it {want}."
        )
    if not hasattr(c.weight, "kind") and np.size(c.weight):
        check_bounds(c, float(np.min(c.weight)), float(np.max(c.weight)))


def check_bounds(c: Projection, low: float, high: float) -> None:
    """Refuses weights that start beyond the bounds of their rule; low, high: the smallest and the largest."""
    rule = c.plasticity
    assert rule is not None
    room = 1e-6 * (rule.w_max - rule.w_min)  # a float32 of a bound is no weight beyond it
    if low < rule.w_min - room or high > rule.w_max + room:
        raise ValueError(
            f"{c.name}: weights must start within [{rule.w_min:g}, {rule.w_max:g}], the bounds of {type(rule).__name__}, got {low:g} to {high:g}. "
            "Give the rule other bounds, as in w_max=..., or smaller weights; a distribution takes low=... and high=..."
        )


def changes_weights(rule: Rule) -> bool:
    """Whether a rule changes weights, and not only what a spike sends."""
    found = learning(type(rule))
    return any("w" in changes for changes in (found.on_pre, found.on_post, found.each_step))
