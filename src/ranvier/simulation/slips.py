"""Numbers that lack their unit, found by what they would do beside the other numbers of a model or of a rule."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ranvier.equations.declaration import ParameterSpec
from ranvier.neurons.neuron import Neuron
from ranvier.simulation.distributions import LogNormal
from ranvier.simulation.population import Population
from ranvier.simulation.projection import Drive, Projection, dimension_of
from ranvier.simulation.timed import BLOCK, Timed
from ranvier.units import NAMED

# Times the voltages of a model: what no weight in volts, no other weight or current comes to that has its unit.
JUMP, PULL = 100.0, 1e5
PHYSICAL = 0.5  # volts between all voltages of a model in physical units; others may be in any unit
SLOW = 200.0  # times its default of a time constant that is hardly meant
# Seconds from which on times are doubted, and from which on they are meant again, as those of an integrator.
LASTS, FOR_EVER = 1.0, 1e4
FINE = 1e-2  # seconds of the steps of a network whose times are in seconds
HUGE = 1e6  # times its default of a capacitance or a conductance


def check_units(
    populations: Sequence[Population], projections: Sequence[Projection], drives: Sequence[Drive], dt: float
) -> None:
    """Raises ValueError for what no unit explains; warns of times that may be meant."""
    for p in populations:
        if isinstance(p.model, Neuron):
            _check_voltages(p, p.model)
            _check_sizes(p, p.model)
            _check_current(p, p.model, dt)
            _check_start(p, p.model)
            _check_times(p.name, type(p.model).__name__, p.model.declaration.parameters, p.model.parameter_value, dt)
            _check_refractory(p, p.model, dt)
    for c in projections:
        _check_weight(c.name, c.post, c, c.weight)
        if c.plasticity is not None:
            rule = c.plasticity
            _check_times(c.name, type(rule).__name__, rule.declared.parameters, rule.values.__getitem__, dt)
    for d in drives:
        if d.rate is not None:
            _check_weight(d.name, d.post, d, d.weight)
        elif dimension_of(d.post, d.synapse) != NAMED["voltage"]:  # volts a second are millivolts a millisecond
            _check_weight(d.name, d.post, d, max(abs(d.weight), d.deviation))
    for given in (*projections, *drives):
        s = given.synapse
        if s is not None:
            _check_times(given.name, type(s).__name__, s.declaration.parameters, s.parameter_value, dt)


def _span(model: Neuron) -> float | None:
    """Volts between the lowest and the highest voltage of a model in physical units; None for others."""
    volts = [_largest(model.parameter_value(k), signed=True) for k in _of(model, "voltage")]
    span = max(volts) - min(volts) if volts else 0.0
    return span if 0 < span < PHYSICAL else None


def _of(model: Neuron, dimension: str) -> list[str]:
    """The parameters of a dimension."""
    return [k for k in model.declaration.parameters if model.declaration.dimensions[k] == NAMED[dimension]]


def _resistance(model: Neuron) -> float | None:
    known = model.declaration.parameters
    if "r" in known:
        return _largest(model.parameter_value("r"))
    return 1 / _largest(model.parameter_value("g_leak")) if "g_leak" in known else None


def _largest(value: Any, signed: bool = False) -> float:
    array = value.detach().cpu().numpy() if hasattr(value, "detach") else np.asarray(value, np.float64)
    return float(array.flat[0] if signed else np.abs(array).max(initial=0))


def _check_voltages(p: Population, model: Neuron) -> None:
    """Some voltages of a model in volts and others in millivolts are a slip; all in one unit of the user's own are not."""
    declared = model.declaration
    volts = {k: _largest(model.parameter_value(k)) for k in _of(model, "voltage")}
    usual = max((abs(float(declared.parameters[k].default)) for k in volts), default=0.0)
    small = [k for k, size in volts.items() if 0 < size < PHYSICAL]
    large = [k for k, size in volts.items() if size > JUMP * usual]
    if 0 < usual < PHYSICAL and small and large:
        given = {k: float(np.ravel(model.parameter_value(k))[0]) for k in (large[0], small[0])}
        told = [f"{k} = {value:g} V" for k, value in given.items()]
        raise ValueError(
            f"{p.name}: {type(model).__name__} has {told[0]} beside {told[1]}. "
            f"Numbers are in SI units: write {large[0]}={given[large[0]]:g} * mV, or whichever unit is meant."
        )


def _check_sizes(p: Population, model: Neuron) -> None:
    if _span(model) is None:
        return
    for kind, unit in (("capacitance", "pF"), ("conductance", "nS")):
        for k in _of(model, kind):
            size, usual = _largest(model.parameter_value(k)), abs(float(model.declaration.parameters[k].default))
            if size > HUGE * usual > 0:
                raise ValueError(
                    f"{p.name}: {type(model).__name__} has {k} = {size:g} {unit[1]}, where {usual:g} {unit[1]} is usual. "
                    f"Numbers are in SI units: write {k}={size:g} * {unit}, or whichever unit is meant."
                )


def _check_times(
    owner: str, model: str, declared: Mapping[str, ParameterSpec], value: Callable[[str], Any], dt: float
) -> None:
    for k, spec in declared.items():
        if not k.startswith("tau") or not isinstance(spec.default, int | float):
            continue
        size = _largest(value(k))
        if LASTS <= size < FOR_EVER and size > SLOW * spec.default:
            _doubt(owner, f"{model} has {k} = {size:g} s, where {spec.default:g} s is usual", f"{k}={size:g} * ms", dt)


def _check_refractory(p: Population, model: Neuron, dt: float) -> None:
    chosen = model.options.refractory
    duration = getattr(chosen, "duration", 0.0)
    if duration >= LASTS:
        kind = type(chosen).__name__
        _doubt(p.name, f"{kind} keeps a neuron silent for {duration:g} s", f"{kind}({duration:g} * ms)", dt)


def _doubt(owner: str, what: str, instead: str, dt: float) -> None:
    if dt <= FINE:
        warnings.warn(f"{owner}: {what}. Numbers are in seconds: write {instead} if that is meant.", stacklevel=7)


def _check_current(p: Population, model: Neuron, dt: float) -> None:
    if not (p.timed or np.any(p.current)):
        return
    span, r = _span(model), _resistance(model)
    if span is not None and r is not None:
        current = _largest(p.current if p.timed is None else _known(p.timed, dt))
        _refuse(f"{p.name}: a current of {current:g} A", current * r, span, PULL, f"inject({current:g} * pA)")


def _known(timed: Timed, dt: float) -> np.ndarray:
    """All that an array over time holds, and what a function says of its first steps."""
    return timed.table(0, BLOCK, dt) if callable(timed.values) else timed.values


def _check_start(p: Population, model: Neuron) -> None:
    span, declared = _span(model), model.declaration
    for key, value in p.starts.items():
        if span is None or key not in declared.states or declared.dimensions[key] != NAMED["voltage"]:
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
