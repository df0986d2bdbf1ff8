"""DiehlCookLIF: the constants of the two populations, the slow threshold, refusals."""

import math

import pytest
import torch

from ranvier.equations import Clamp
from ranvier.neurons import ConductanceLIF, DiehlCookLIF
from ranvier.units import ms, mV, nS

F64 = torch.float64


def test_the_two_populations_have_the_constants_of_the_code() -> None:
    """rest, reset, threshold, tau, refractory period, E_exc, E_inh; tau_ge 1 ms, tau_gi 2 ms."""
    for neuron, numbers in (
        (DiehlCookLIF.excitatory(), (-65, -65, -52, 100, 5, 0, -100)),
        (DiehlCookLIF.inhibitory(), (-60, -45, -40, 10, 2, 0, -85)),
    ):
        rest, reset, threshold, tau, held, exc, inh = numbers
        assert (neuron.v_leak, neuron.v_reset, neuron.v_threshold) == pytest.approx(
            (rest * mV, reset * mV, threshold * mV)
        )
        assert neuron.c_mem / neuron.g_leak == pytest.approx(tau * ms) and neuron.options.refractory == Clamp(held * ms)
        assert (neuron.v_exc, neuron.v_inh) == pytest.approx((exc, inh * mV))
        assert (neuron.tau_exc, neuron.tau_inh, neuron.dt) == pytest.approx((1 * ms, 2 * ms, 0.5 * ms))
    assert DiehlCookLIF.excitatory(jump=0.0).jump == 0 and DiehlCookLIF.excitatory().jump == pytest.approx(0.05 * mV)


def test_the_threshold_at_rest_and_its_rise() -> None:
    """Fires at v >= theta - 20 mV - 52 mV; theta starts at 20 mV and rises by 0.05 mV at a spike."""
    neuron = DiehlCookLIF(backend="eager")
    start = neuron.initial_state((1, 2), torch.empty(0, dtype=F64))
    start["v"] = torch.tensor([[-51.9, -52.1]], dtype=F64) * mV
    spikes, after = neuron.step(torch.zeros(1, 2, dtype=F64), start)
    assert start["theta"].tolist() == [[20 * mV, 20 * mV]] and spikes.tolist() == [[1, 0]]
    assert after["v"][0, 0].item() == -65 * mV
    decayed = 20 * mV * math.exp(-0.5 / 1e7)
    assert after["theta"][0].tolist() == pytest.approx([decayed + 0.05 * mV, decayed], abs=1e-15)


def test_the_slow_threshold_needs_float64() -> None:
    """A step of 0.5 ms takes 5e-8 of theta: float64 has it, float32 is off by a tenth of it and more."""
    neuron, decay = DiehlCookLIF(backend="eager"), -math.expm1(-0.5 / 1e7)
    lost = {
        dtype: 1 - neuron.run(torch.zeros(1, 1, 1, dtype=dtype)).state["theta"].item() / (20 * mV)
        for dtype in (F64, torch.float32)
    }
    assert lost[F64] == pytest.approx(decay, rel=1e-6)
    assert abs(lost[torch.float32] / decay - 1) > 0.1


def test_intervals_grow_and_without_jumps_it_is_its_base() -> None:
    x = torch.full((500, 1, 1), 1.0 * nS, dtype=F64)
    gaps = DiehlCookLIF(jump=2 * mV, backend="eager")(x).flatten().nonzero().flatten().diff()
    assert len(gaps) > 5 and gaps[-1] > 1.5 * gaps[0] and (gaps.diff() >= -1).all()
    still = DiehlCookLIF(jump=0.0, offset=0.0, backend="eager")
    names = ConductanceLIF.declaration.parameters
    base = ConductanceLIF(dt=0.5 * ms, backend="eager", **{k: still.parameter_value(k) for k in names})
    assert torch.equal(still(x[:200]), base(x[:200])) and base(x[:200]).sum() > 3


def test_a_negative_jump_is_refused() -> None:
    with pytest.raises(ValueError, match=r"DiehlCookLIF: jump must be >= 0, got -0\.001"):
        DiehlCookLIF(jump=-1 * mV)
