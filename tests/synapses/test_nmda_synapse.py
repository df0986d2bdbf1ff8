"""NMDASynapse: values of the block, time course, current-voltage curve, coincidence on a membrane, refusals."""

import math

import pytest
import torch

from ranvier.equations import CurrentInput, RungeKutta4
from ranvier.neurons import LI
from ranvier.synapses import DoubleExponentialSynapse, NMDASynapse
from ranvier.units import Mohm, ms, mV, nA, nS

F64 = torch.float64


@pytest.mark.parametrize(
    ("v", "magnesium", "expected"),
    [(0, 1, 0.781182), (-65, 1, 0.059668), (-80, 1, 0.024425), (40, 1, 0.977080), (-65, 0, 1.0), (0, 3.57, 0.5)],
)
def test_share_that_magnesium_leaves_open(v: float, magnesium: float, expected: float) -> None:
    """1/(1 + exp(-0.062 v/mV) [Mg]/3.57 mM)."""
    assert NMDASynapse(magnesium=magnesium, backend="eager").block(v * mV) == pytest.approx(expected, abs=1e-6)


def test_half_is_open_where_the_block_says() -> None:
    half = -math.log(3.57) / 0.062 * mV
    assert half == pytest.approx(-20.53 * mV, abs=0.01 * mV)
    assert NMDASynapse(backend="eager").block(torch.tensor(half, dtype=F64)).item() == pytest.approx(0.5, abs=1e-12)


def test_current_is_conductance_times_block_times_distance() -> None:
    x = torch.zeros(300, 1, 1, dtype=F64)
    x[0] = 1 * nS
    shape = DoubleExponentialSynapse(tau_rise=2 * ms, tau_decay=100 * ms, backend="eager")(x)
    for v in (-65 * mV, -20 * mV, 0.0, 40 * mV):
        synapse = NMDASynapse(v_hold=v, backend="eager")
        torch.testing.assert_close(synapse(x), shape * synapse.block(v) * (0 - v), rtol=1e-11, atol=1e-24)
        assert synapse.run(x, record=("g",)).records["g"].max().item() == pytest.approx(1 * nS, rel=1e-3)


def test_the_current_grows_with_depolarisation_before_it_falls() -> None:
    """The region of negative slope, the mark of the block; without magnesium there is none."""
    v = torch.linspace(-80, 0, 81, dtype=F64) * mV
    x = torch.full((5, 1, 81), 1 * nS, dtype=F64)
    last = {mg: NMDASynapse(v_hold=v, magnesium=mg, backend="eager").double()(x)[-1, 0] for mg in (0.0, 1.0)}
    assert (last[0.0].diff() < 0).all()
    assert (last[1.0][:40].diff() > 0).all() and 40 < last[1.0].argmax() < 60


def test_on_a_membrane_it_detects_coincidence() -> None:
    """Together with a depolarising current, an input moves the membrane by more than the two do alone."""
    neuron = NMDASynapse.onto(LI)(r=100 * Mohm, v_leak=-65 * mV, backend="eager")
    assert "magnesium" in neuron.parameter_values()
    x = torch.zeros(100, 1, 1, dtype=F64)
    x[0] = 2 * nS
    rest = neuron.initial_state((1, 1), x)
    high = rest | {"v": rest["v"] + 30 * mV}
    with_input = {name: neuron.run(x, s).output for name, s in (("rest", rest), ("high", high))}
    without = {name: neuron.run(0 * x, s).output for name, s in (("rest", rest), ("high", high))}
    rise = {name: (with_input[name] - without[name]).max().item() for name in with_input}
    assert rise["high"] > 1.2 * rise["rest"] > 0


def test_a_current_may_be_injected_besides() -> None:
    neuron = NMDASynapse.onto(LI)(r=100 * Mohm, v_leak=-65 * mV, input=CurrentInput(), backend="eager")
    v = neuron(torch.full((400, 1, 1), 0.1 * nA, dtype=F64))[-1].item()
    assert v == pytest.approx(-55 * mV, rel=1e-6)
    exact = NMDASynapse.onto(LI)(integrator=RungeKutta4(), r=100 * Mohm, v_leak=-65 * mV, backend="eager")
    assert str(exact.program) == str(NMDASynapse.onto(LI)(backend="eager").program), "the default that fits"


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"NMDASynapse: magnesium must be >= 0, got -1"):
        NMDASynapse(magnesium=-1.0)
    with pytest.raises(ValueError, match=r"NMDASynapse: tau_decay must be > 0, got 0"):
        NMDASynapse(tau_decay=0.0)
