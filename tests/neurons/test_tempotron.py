"""Tempotron: its kernel, one spike at the most, and what the learning rule reads from it."""

import math

import numpy as np
import pytest
import torch

from ranvier.neurons import Tempotron
from ranvier.units import ms


def pulses(steps: int, **at: float) -> torch.Tensor:
    x = torch.zeros(steps, 1, 1, dtype=torch.float64)
    for name, size in at.items():
        x[int(name[1:])] = size
    return x


@pytest.mark.parametrize(("tau_mem", "tau_syn"), [(15 * ms, 3.75 * ms), (4 * ms, 9 * ms), (8 * ms, 8 * ms)])
def test_its_kernel_is_the_closed_form_with_peak_one(tau_mem: float, tau_syn: float) -> None:
    """V0 (exp(-u/tau) - exp(-u/tau_s)), V0 = 2.116535 for 4:1; u/tau exp(1 - u/tau) for equal time constants."""
    neuron = Tempotron(tau_mem=tau_mem, tau_syn=tau_syn, v_threshold=9.0, dt=0.1 * ms, backend="eager")
    v = neuron.run(pulses(800, t0=0.7), record=("v",)).records["v"].flatten().numpy()
    u = np.arange(800) * 0.1 * ms
    if tau_mem == tau_syn:
        expected = u / tau_mem * np.exp(1 - u / tau_mem)
    else:
        peak = tau_mem * tau_syn / (tau_mem - tau_syn) * math.log(tau_mem / tau_syn)
        factor = 1 / (math.exp(-peak / tau_mem) - math.exp(-peak / tau_syn))
        expected = factor * (np.exp(-u / tau_mem) - np.exp(-u / tau_syn))
        assert tau_mem != 4 * tau_syn or factor == pytest.approx(2.116535, abs=1e-6)
    np.testing.assert_allclose(v, 0.7 * expected, rtol=0, atol=1e-9)
    assert v.max() == pytest.approx(0.7, abs=1e-3)


def test_it_fires_once_and_shunts_what_comes_after() -> None:
    run = Tempotron(backend="eager").run(pulses(300, t10=0.7, t12=0.7, t150=5.0), record=("v", "shut"))
    assert run.output.sum() == 1 and 12 < int(run.output.argmax()) < 20
    v = run.records["v"].flatten()
    assert v.argmax() > run.output.argmax(), "what had arrived before the spike still moves v: there is no reset"
    assert v[-1] < 1e-3 and run.records["shut"].flatten()[-1] == 1, "the pulse at 150 is shunted"
    again = Tempotron(backend="eager").run(pulses(300, t150=5.0), run.state)
    assert again.output.sum() == 0, "until the next pattern, which starts from rest"


def test_the_input_of_the_step_of_its_spike_still_counts() -> None:
    first = Tempotron(backend="eager")(pulses(40, t0=2.0)).flatten().argmax().item()
    x = pulses(40, t0=2.0)
    x[first] = 0.5
    s = Tempotron(backend="eager").run(x, record=("s",)).records["s"].flatten()
    assert s[first] - s[first - 1] * math.exp(-1 / 3.75) == pytest.approx(0.5, abs=1e-12)
    x[first + 1] = 0.5
    later = Tempotron(backend="eager").run(x, record=("s",)).records["s"].flatten()
    torch.testing.assert_close(later, s, rtol=0, atol=1e-15)


def test_its_rule_learns_to_tell_patterns_apart() -> None:
    """10 synapses, 8 random patterns, half of them to be answered: zero errors by dw = +-rate K(t_max - t)."""
    g = torch.Generator().manual_seed(3)
    times = torch.randint(0, 60, (8, 10), generator=g)
    patterns = torch.zeros(80, 8, 10, dtype=torch.float64)
    patterns.scatter_(0, times.unsqueeze(0), 1.0)
    wanted = torch.arange(8) < 4
    unheard = Tempotron(v_threshold=1e9, backend="eager")
    kernels = unheard.run(patterns, record=("v",)).records["v"]  # of each synapse alone, [T, 8, 10]
    w = 0.1 * torch.rand(10, generator=g, dtype=torch.float64)
    errors = 8
    for _ in range(300):
        fired = Tempotron(backend="eager")((patterns @ w).unsqueeze(2)).sum((0, 2)) > 0
        wrong = fired != wanted
        errors = int(wrong.sum())
        if not errors:
            break
        best = (kernels @ w).argmax(0)  # t_max of each pattern
        change = kernels[best, torch.arange(8)]
        w += 0.03 * (change * torch.where(wanted, 1.0, -1.0).double().unsqueeze(1))[wrong].sum(0)
    assert errors == 0


def test_a_threshold_at_rest_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Tempotron: v_threshold must lie above v_leak, or it fires without input"):
        Tempotron(v_threshold=0.0)
    with pytest.raises(ValueError, match=r"Tempotron: dt must not exceed tau_syn"):
        Tempotron(tau_syn=0.5 * ms)
