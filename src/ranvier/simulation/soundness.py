"""A network is looked over before it is built: numbers that lack their unit, weights that a rule forbids, forgotten wires."""

import warnings
from collections.abc import Sequence

import numpy as np

from ranvier.plasticity.rule import Rule, learning
from ranvier.simulation.population import Population
from ranvier.simulation.projection import Drive, Projection
from ranvier.simulation.slips import check_units

LONG = 1.0  # seconds of a delay that nobody means


def check(
    populations: Sequence[Population], projections: Sequence[Projection], drives: Sequence[Drive], dt: float
) -> None:
    """Raises ValueError for what cannot be meant; warns of neurons that nothing reaches."""
    check_units(populations, projections, drives, dt)
    for c in projections:
        _check_delay(c, dt)
        _check_rule(c)
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
