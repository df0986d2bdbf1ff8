"""Alpha: the response of the membrane is the alpha function and its relatives."""

import math

import numpy as np
import pytest
import torch

from ranvier.equations import ImpulseInput, Subtract
from ranvier.neurons import LIF, Alpha
from ranvier.units import ms


def response(dt: float = 1 * ms, steps: int = 60, **options) -> np.ndarray:
    x = torch.zeros(steps, 1, 1, dtype=torch.float64)
    x[0] = 0.8
    return Alpha(dt=dt, **{"backend": "eager", **options}).run(x, record=("v",)).records["v"].flatten().numpy()


@pytest.mark.parametrize("backend", ["cpu", "eager"])
@pytest.mark.parametrize(("tau_mem", "tau_syn"), [(20 * ms, 5 * ms), (5 * ms, 20 * ms), (10 * ms, 10 * ms)])
def test_the_response_is_the_closed_form(tau_mem: float, tau_syn: float, backend: str) -> None:
    """Difference of exponentials to 1e-12; for equal time constants the limit t/tau exp(-t/tau)."""
    t = np.arange(60) * ms  # the impulse raises s at the end of step 0
    if tau_mem == tau_syn:
        expected = t / tau_mem * np.exp(-t / tau_mem)
    else:
        expected = tau_mem / (tau_mem - tau_syn) * (np.exp(-t / tau_mem) - np.exp(-t / tau_syn))
    found = response(tau_mem=tau_mem, tau_syn=tau_syn, backend=backend)
    np.testing.assert_allclose(found, 0.8 * expected, rtol=0, atol=1e-12)


def test_the_peak_stands_where_theory_says() -> None:
    """T* = tau_m tau_s/(tau_m - tau_s) ln(tau_m/tau_s); unit-peak factor 2.116535 for 4:1."""
    v = response(0.01 * ms, 2000) / 0.8
    peak = 20 * ms * 5 * ms / (15 * ms) * math.log(4)
    assert int(v.argmax()) * 0.01 * ms == pytest.approx(peak, abs=0.01 * ms)
    assert (20 / 15) / v.max() == pytest.approx(2.116535, abs=1e-5)


def test_nearly_equal_time_constants_lose_no_digits() -> None:
    """The limit is approached smoothly; nothing divides by tau_m - tau_s."""
    equal = response(tau_mem=10 * ms, tau_syn=10 * ms)
    for gap in (1e-4, 1e-7, 1e-10, 1e-13):
        near = response(tau_mem=10 * ms, tau_syn=10 * ms * (1 + gap))
        assert np.abs(near - equal).max() < 0.3 * gap + 1e-14


def test_a_fast_synapse_is_the_lif_that_takes_the_impulse_at_once() -> None:
    """The charge of an impulse does not depend on tau_syn: after 40 fast time constants all of it has arrived."""
    x = torch.zeros(400, 1, 1, dtype=torch.float64)
    x[0] = 0.8
    slow = LIF(dt=0.01 * ms, input=ImpulseInput(), backend="eager").run(x, record=("v",)).records["v"].flatten()
    v = response(0.01 * ms, 400, tau_syn=0.01 * ms)
    assert v[-1] == pytest.approx(slow[-1].item(), rel=1e-3)


def test_a_reset_leaves_the_synapse() -> None:
    x = torch.zeros(12, 1, 1, dtype=torch.float64)
    x[0] = 8.0
    hard, soft = (Alpha(reset=r, backend="eager").run(x, record=("v", "s")) for r in (None, Subtract()))
    assert hard.output[1].item() == 1 and hard.records["v"][1].item() == 0 and soft.records["v"][1].item() > 0
    expected = [8 * math.exp(-k / 5) for k in range(12)]
    assert hard.records["s"].flatten().tolist() == pytest.approx(expected, rel=1e-12)


def test_a_threshold_at_the_reset_is_refused() -> None:
    with pytest.raises(ValueError, match="Alpha: v_threshold must lie above v_reset"):
        Alpha(v_threshold=0.0)
