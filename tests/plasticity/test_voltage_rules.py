"""Rules that read the postsynaptic potential: Artola-Broecher-Singer, Clopath."""

import math

import numpy as np
import pytest
import torch
from tests.plasticity.protocol import DT, dense, network, single

import ranvier as rv
from ranvier.plasticity import ABS, Clopath, RewardSTDP, train
from ranvier.units import mV

GOLDEN = ABS(a=1.0, b=3.0, theta_minus=1.0, theta_plus=2.0)


def constant(v: float, steps: int = 40) -> dict[str, torch.Tensor]:
    return {"v": torch.full((steps, 1, 1), v, dtype=torch.float64)}


def test_golden_phi():
    assert [float(GOLDEN.phi(torch.tensor(u))) for u in (0.5, 1.5, 2.0, 2.5, 4.0)] == [0, -0.5, -1, 0, 3]


def test_a_clamped_potential_decides_the_sign_and_nothing_happens_without_input():
    rule = ABS()
    for v, sign in ((-61 * mV, 0), (-55 * mV, -1), (-30 * mV, 1)):
        change = single(rule, [5], [], 40, 0.5, records=constant(v)).weight.item() - 0.5
        assert np.sign(change) == sign
        x = sum(math.exp(-k / 15) for k in range(35))
        assert change == pytest.approx(DT * x * float(rule.phi(torch.tensor(v, dtype=torch.float64))), rel=1e-9)
        assert single(rule, [], [5], 40, 0.5, records=constant(v)).weight.item() == 0.5


def test_clopath_by_hand():
    """A potential that is held: u_minus and u_plus are it, depression comes with the spike, potentiation with the trace of it."""
    rule = Clopath(spike=0.0)
    found = single(rule, [5], [], 40, 0.5, records=constant(-40 * mV)).weight.item()
    trace = sum(math.exp(-k / 15) for k in range(35)) / 15e-3
    up = 80 * DT * trace * 5.3e-3 * 30.6e-3
    assert found == pytest.approx(0.5 - 0.14 * 30.6e-3 + up, rel=1e-9)
    assert single(rule, [5], [], 40, 0.5, records=constant(-50 * mV)).weight.item() == pytest.approx(
        0.5 - 0.14 * 20.6e-3
    )
    assert single(rule, [5], [], 40, 0.5, records=constant(-71 * mV)).weight.item() == 0.5


def paired(rate: float, shift: int) -> float:
    """Change by three pairs at a rate. The potential rests, but stays 10 mV higher for 40 ms after a spike (the afterdepolarisation of the paper's neuron)."""
    at = 30 + np.arange(3) * round(1 / rate / DT)
    steps = int(at[-1]) + 30
    pre, post = dense(steps, [at.tolist()]), dense(steps, [(at + shift).tolist()])
    since = np.arange(steps)[:, None] - (at + shift)
    v = -70.6 * mV + np.where(since >= 0, 10 * mV * np.exp(-np.maximum(since, 0) / 40), 0).sum(1)
    records = {"v": torch.as_tensor(v)[:, None, None]}
    return (
        train(torch.tensor([[0.5]], dtype=torch.float64), pre, post, Clopath(), DT, records=records).weight.item() - 0.5
    )


def test_clopath_has_the_signs_of_the_table_of_pairs():
    """As the triplet rule: nearly nothing for s = +10 ms at a low rate, depression for -10 ms; potentiation for both orders at 50 Hz."""
    slow, back, fast, other = paired(5, 10), paired(5, -10), paired(50, 10), paired(50, -10)
    assert abs(slow) < 1e-3 and back < -2e-3
    assert fast > 5e-3 and other > 1e-3


@pytest.mark.parametrize(
    ("rule", "given", "message"),
    [
        (ABS, {"theta_minus": -0.04}, "ABS: theta_minus must lie below theta_plus, got -0.04 and -0.05"),
        (ABS, {"a": 40.0}, r"ABS: b must exceed a, or the rule never potentiates, got b=30 and a=40\. Write b=120"),
        (ABS, {"w_max": math.inf}, "ABS is unstable without bounds, got w_min=0 and w_max=inf"),
        (Clopath, {"theta_plus": -0.08}, "Clopath: theta_minus must lie below theta_plus"),
        (Clopath, {"w_min": -math.inf}, "Clopath is unstable without bounds"),
    ],
)
def test_what_cannot_work_is_refused(rule, given, message):
    with pytest.raises(ValueError, match=message):
        rule(**given)


def test_a_neuron_without_the_state_is_refused():
    class ReadsTheta(RewardSTDP):
        def each_step(self, s, post):
            return {"w": s.w + post.theta * post.spike}

    with pytest.raises(ValueError, match=r"ReadsTheta reads post\.theta, which cells has not\. It has: v"):
        network([ReadsTheta()], [[1]], [[2]]).build()


def test_a_record_that_was_not_given_is_asked_for():
    with pytest.raises(
        ValueError, match=r"train: ABS reads post\.v\. Give records=\{'v': \.\.\.\} of shape \(40, 1, 1\)"
    ):
        single(ABS(), [5], [], 40)
    assert rv.plasticity.ABS().reads() == ("v",)
