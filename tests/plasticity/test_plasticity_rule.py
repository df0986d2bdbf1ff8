"""Declaring rules: what may stand in one, and what is said of what may not."""

import math
from typing import Any

import pytest
import torch
from tests.plasticity.protocol import DT, dense, single

from ranvier.equations import ModelError, parameter
from ranvier.plasticity import InhibitorySTDP, PairSTDP, Post, Rule, TsodyksMarkram, modulator, trace, train
from ranvier.units import Time, ms


def test_a_rule_is_a_value():
    assert PairSTDP() == PairSTDP() != PairSTDP(a_plus=0.02, a_minus=0.03)
    assert hash(PairSTDP()) == hash(PairSTDP())
    assert repr(InhibitorySTDP()) == "InhibitorySTDP(w_min=-1, w_max=0, tau=0.02, eta=0.01, rate=5, sign=-1)"


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"tau": 1}, TypeError, "PairSTDP has no parameter tau. It has: w_min, w_max, tau_plus"),
        ({"tau_plus": 0.0}, ValueError, "PairSTDP: tau_plus must be > 0, got 0"),
        ({"mu_plus": -1.0}, ValueError, "PairSTDP: mu_plus must be >= 0, got -1"),
        ({"a_plus": math.nan}, TypeError, "PairSTDP: a_plus must be a number, got nan"),
        ({"w_min": 2.0}, ValueError, "PairSTDP: w_min must lie below w_max, got 2 and 1"),
        ({"simultaneous": "pre"}, TypeError, r"PairSTDP: simultaneous must be NoChange\(\) or PreFirst\(\), got 'pre'"),
    ],
)
def test_parameters_that_cannot_be_are_refused(given, error, message):
    with pytest.raises(error, match=message):
        PairSTDP(**given)


def declared(**body: Any) -> type:
    hints = {k: Time if k.startswith("tau") else float for k in body}
    return type("Own", (Rule,), {**body, "__annotations__": hints, "__module__": __name__})


TAU = {"tau": parameter(20 * ms, positive=True)}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, r"Own says nothing about spikes\. Define on_pre\(self, s\) or on_post\(self, s\)"),
        ({**TAU, "w": trace("tau"), "on_pre": lambda self, s: {}}, "the weight is called w already"),
        ({**TAU, "dt": trace("tau"), "on_pre": lambda self, s: {}}, "the length of a step is called dt already"),
        ({"x": trace("tau_x"), "on_pre": lambda self, s: {}}, "the tau of x is 'tau_x', which is no parameter"),
        ({"d": modulator("tau_d"), "on_pre": lambda self, s: {}}, "the tau of d is 'tau_d', which is no parameter"),
        (
            {**TAU, "x": trace("tau", rest="one"), "on_pre": lambda self, s: {}},
            "the rest of x is 'one', which is no parameter",
        ),
        (
            {"w_tau": parameter(1.0), "x": trace("w_tau"), "on_pre": lambda self, s: {}},
            r"w_tau is a time constant\. Declare it as",
        ),
        ({"on_pre": lambda self, s: s.w}, "Own.on_pre must return a dict of w and traces, got Symbol"),
        ({"on_post": lambda self, s: {"y": 1}}, r"Own.on_post returns 'y', which is no trace\. It may change: w"),
        ({"on_pre": lambda self, s: {"w": s.q}}, r"Own.on_pre reads s\.q, which there is not\. There is: w"),
        (
            {**TAU, "d": modulator("tau"), "on_pre": lambda self, s: {"w": s.d}},
            r"Own.on_pre reads s\.d, which there is not",
        ),
        ({"on_pre": lambda self, s: {"w": self.q}}, r"Own: a method uses self\.q, which is not declared"),
        (
            {**TAU, "x": trace("tau"), "on_pre": lambda self, s: {"w": 0, "x": s.w}},
            "Own.on_pre changes w, and x by what w was",
        ),
    ],
)
def test_declarations_that_cannot_be_are_refused(body, message):
    with pytest.raises(ModelError, match=message):
        declared(**body)


def test_inhibition_is_led_to_a_rate():
    """At `rate` regular spikes on both sides change nothing on the mean: y is rate tau, and alpha twice that, of which on_post gives back the half."""
    rule = InhibitorySTDP(eta=0.001, rate=20.0, tau=200 * ms, w_min=-2.0)
    regular = list(range(0, 600, 50))
    shifted = [t + 25 for t in regular]
    first = single(rule, regular, shifted, 600, -1.0)
    second = single(rule, [0, 50, 100, 150], [25, 75, 125, 175], 200, first.weight.item(), state=first.state)
    assert second.weight.item() == pytest.approx(first.weight.item(), abs=4e-3)
    quiet = single(rule, regular, [], 600, -1.0).weight.item()
    busy = single(rule, regular, sorted([*regular, *shifted]), 600, -1.0).weight.item()
    assert busy < first.weight.item() < quiet and quiet == pytest.approx(-1 + 12 * 0.001 * 2 * 20 * 0.2)
    lone = single(InhibitorySTDP(sign=1.0, w_min=0.0, w_max=1.0), [5], [7], 10, 0.5).weight.item()
    assert lone == pytest.approx(0.5 + 0.01 * (math.exp(-2 / 20) - 2 * 5 * 0.02))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sign": 0.5}, "sign must be -1 or 1, got 0.5"),
        ({"w_max": 1.0}, r"cannot lie in \[-1, 1\]\. Write w_max=0"),
        ({"sign": 1.0}, "Write w_min=0, w_max=1"),
    ],
)
def test_inhibition_with_a_wrong_sign_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        InhibitorySTDP(**given)


def test_short_term_plasticity_is_the_recursion_of_the_synapse():
    """Three spikes 50 ms apart: what `ShortTermPlasticity` releases; the weight stays."""
    rule, released = TsodyksMarkram(), []
    state = None
    for k in range(3):
        one = train(torch.tensor([[1.0]], dtype=torch.float64), dense(1, [[0]]), dense(1, [[]]), rule, DT, state=state)
        ready = 1.0 if state is None else state["ready"].item()
        used = 0.5 if state is None else 0.5 + 0.5 * state["u"].item()
        released.append(used * ready)
        state = train(one.weight, dense(49, [[]]), dense(49, [[]]), rule, DT, state=one.state).state
        assert one.weight.item() == 1.0 and k < 3
    assert released == pytest.approx([0.5000, 0.3091, 0.1510], abs=5e-5)
    with pytest.raises(ValueError, match=r"U must lie in \(0, 1\], got 2"):
        TsodyksMarkram(U=2.0)


def test_going_on_from_a_state_is_one_long_run():
    g = torch.Generator().manual_seed(0)
    pre, post = ((torch.rand(60, 3, n, generator=g) < 0.2).double() for n in (4, 2))
    w = torch.full((2, 4), 0.5, dtype=torch.float64)
    whole = train(w, pre, post, PairSTDP(), DT)
    first = train(w, pre[:23], post[:23], PairSTDP(), DT)
    second = train(first.weight, pre[23:], post[23:], PairSTDP(), DT, state=first.state)
    assert torch.equal(whole.weight, second.weight) and all(
        torch.equal(whole.state[k], second.state[k]) for k in ("x", "y")
    )
    assert whole.state["x"].shape == (3, 2, 4) and torch.equal(w, torch.full_like(w, 0.5))


def test_a_trace_that_follows_a_state_makes_a_rule_clocked():
    own = declared(**TAU, u=trace("tau", rest=Post("v")), on_pre=lambda self, s: {"w": s.u})
    assert own.declared.clocked and own().reads() == ("v",) and not PairSTDP.declared.clocked


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rule": PairSTDP}, r"the rule must be an object such as PairSTDP\(\)"),
        ({"weight": torch.zeros(3)}, r"weight must be \[post, pre\] of floats, got torch.float32 of shape \(3,\)"),
        ({"dt": 0.0}, r"dt must be above 0 s, got 0\.0\. Write dt=1 \* ms"),
        ({"pre": torch.zeros(5, 1, 4)}, r"spikes must be \[T, B, 3\] before and \[T, B, 2\] behind"),
        ({"rewards": torch.zeros(4)}, r"rewards must have shape \(5,\), one a step, got \(4,\)"),
        ({"records": {"v": torch.zeros(5, 1, 3)}}, r"the record of v must have the shape of post, \(5, 1, 2\)"),
        ({"state": {"x": torch.zeros(1)}}, "the state must hold x, y of shape"),
    ],
)
def test_train_refuses_what_does_not_fit(change, message):
    given = {
        "weight": torch.zeros(2, 3),
        "pre": torch.zeros(5, 1, 3),
        "post": torch.zeros(5, 1, 2),
        "rule": PairSTDP(),
        **change,
    }
    with pytest.raises((TypeError, ValueError), match=message):
        train(**given)
