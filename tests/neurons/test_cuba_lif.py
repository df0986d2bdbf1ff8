"""CubaLIF: the impulse response is a difference of exponentials; only the membrane is reset."""

import math

import numpy as np
import pytest
import torch

from ranvier.equations import ExponentialEuler, Subtract
from ranvier.neurons import CubaLIF
from ranvier.units import ms


@pytest.mark.parametrize("backend", ["cpu", "eager"])
@pytest.mark.parametrize(("tau_mem", "tau_syn"), [(20 * ms, 5 * ms), (5 * ms, 20 * ms), (10 * ms, 10 * ms)])
def test_impulse_response_is_the_closed_form(tau_mem: float, tau_syn: float, backend: str) -> None:
    x = torch.zeros(60, 1, 1, dtype=torch.float64)
    x[0] = 0.8
    v = CubaLIF(tau_mem=tau_mem, tau_syn=tau_syn, backend=backend).run(x, record=("v",)).records["v"].flatten().numpy()
    t = np.arange(60) * ms  # the impulse raises the current at the end of step 0
    if tau_mem == tau_syn:
        expected = t / tau_mem * np.exp(-t / tau_mem)
    else:
        expected = tau_syn / (tau_mem - tau_syn) * (np.exp(-t / tau_mem) - np.exp(-t / tau_syn))
    np.testing.assert_allclose(v, 0.8 * expected, rtol=0, atol=1e-12)


def test_the_response_peaks_where_theory_says() -> None:
    tau_m, tau_s, dt = 20 * ms, 5 * ms, 0.01 * ms
    x = torch.zeros(2000, 1, 1, dtype=torch.float64)
    x[0] = 1.0
    v = CubaLIF(backend="eager", tau_mem=tau_m, tau_syn=tau_s, dt=dt).run(x, record=("v",)).records["v"].flatten()
    peak = tau_m * tau_s / (tau_m - tau_s) * math.log(tau_m / tau_s)
    assert int(v.argmax()) * dt == pytest.approx(peak, abs=dt)
    assert (tau_s / (tau_m - tau_s)) / v.max().item() == pytest.approx(2.116535, abs=1e-5)  # unit-peak factor of 4:1


def test_input_reaches_the_membrane_a_step_later() -> None:
    run = CubaLIF(backend="eager").run(torch.ones(2, 1, 1), record=("v", "i"))
    assert run.records["v"][0].item() == 0 and run.records["v"][1].item() > 0
    assert run.records["i"][0].item() == 1


def test_a_spike_resets_the_membrane_and_leaves_the_current() -> None:
    x = torch.zeros(3, 1, 1, dtype=torch.float64)
    x[0] = 40.0
    hard, soft = (CubaLIF(backend="eager", reset=r).run(x, record=("v", "i")) for r in (None, Subtract()))
    assert hard.output.flatten().tolist() == [0, 1, 1] and hard.records["v"][1].item() == 0
    assert hard.records["i"].flatten().tolist() == pytest.approx([40 * math.exp(-k / 5) for k in range(3)], rel=1e-12)
    assert soft.records["v"][1].item() > 0 and torch.equal(soft.records["i"], hard.records["i"])


def test_exponential_euler_converges_to_the_exact_step() -> None:
    def end(dt: float, **options) -> float:
        steps = round(20 * ms / dt)
        neuron = CubaLIF(dt=dt, v_threshold=9.0, backend="eager", **options)
        start = {"v": torch.zeros(1, 1, dtype=torch.float64), "i": torch.ones(1, 1, dtype=torch.float64)}
        return neuron.run(torch.zeros(steps, 1, 1, dtype=torch.float64), start).state["v"].item()

    errors = [abs(end(dt, integrator=ExponentialEuler()) - end(dt)) for dt in (1 * ms, 0.5 * ms, 0.25 * ms)]
    assert errors[0] / errors[1] == pytest.approx(2, abs=0.1) and errors[1] / errors[2] == pytest.approx(2, abs=0.1)
