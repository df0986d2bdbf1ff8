"""SEAdLIF against its paper's recursion, its stability, and what is learned through it."""

import math

import numpy as np
import pytest
import torch

from ranvier.equations import Exact, ExponentialEuler
from ranvier.neurons import SEAdLIF
from ranvier.units import ms


def recursion(x: torch.Tensor, a: float, b: float, tau_u: float, tau_w: float, q: float = 120.0):
    """The paper's step: u from the old w, spike, reset, w from the new u and the new spike. Times in steps."""
    alpha, beta = math.exp(-1 / tau_u), math.exp(-1 / tau_w)
    u, w = torch.zeros_like(x[0]), torch.zeros_like(x[0])
    spikes, membrane, adaptation = [], [], []
    for drive in x:
        u = alpha * u + (1 - alpha) * (drive - w)
        z = (u > 1).to(u)
        u = u * (1 - z)
        w = beta * w + (1 - beta) * (a * u + b * z) * q
        for kept, value in ((spikes, z), (membrane, u), (adaptation, w)):
            kept.append(value)
    return torch.stack(spikes), torch.stack(membrane), torch.stack(adaptation)


@pytest.mark.parametrize("backend", ["cpu", "eager"])
def test_it_is_the_recursion_of_the_paper(backend: str) -> None:
    x = 8 * torch.rand(300, 2, 3, dtype=torch.float64)
    spikes, u, w = recursion(x, 0.4, 1.5, 8.0, 90.0)
    neuron = SEAdLIF.from_paper(0.4, 1.5, tau_mem=8 * ms, tau_adapt=90 * ms, backend=backend)
    run = neuron.run(x, record=("v", "w"))
    assert 0.02 < spikes.mean() < 0.5 and torch.equal(run.output, spikes)
    torch.testing.assert_close(run.records["v"], u, rtol=0, atol=1e-10)
    rho = math.exp(-1 / 90)  # our w of a step is theirs before the decay
    theirs = rho * run.records["w"] + (1 - rho) * 48 * run.records["v"]
    torch.testing.assert_close(theirs, w, rtol=0, atol=1e-10)


def modulus(integrator, a: float) -> float:
    """By how much the oscillation without spikes shrinks or grows over 400 steps, in the squared energy norm of each step."""
    neuron = SEAdLIF(a=a, v_threshold=1e12, integrator=integrator, backend="eager")
    start = {"w": torch.zeros(1, 1, dtype=torch.float64), "v": torch.ones(1, 1, dtype=torch.float64)}
    run = neuron.run(torch.zeros(400, 1, 1, dtype=torch.float64), start, ("v", "w"))
    return float(run.records["v"][-60:].abs().max())


def test_the_symplectic_order_is_stable_where_the_old_values_diverge() -> None:
    """a = 240: the oscillation decays as the exact pair does; from old values it grows."""
    assert modulus(None, 240.0) < 1e-6 and modulus(Exact(), 240.0) < 1e-6
    assert modulus(ExponentialEuler(), 240.0) > 10


def test_the_determinant_of_a_step_is_that_of_the_equations() -> None:
    """exp(-dt/tau_mem - dt/tau_adapt), whatever the coupling: the area of a cell of the phase plane."""
    neuron = SEAdLIF(a=70.0, v_threshold=1e9, backend="eager")
    columns = []
    for w, v in ((1.0, 0.0), (0.0, 1.0)):
        start = {k: torch.full((1, 1), s, dtype=torch.float64) for k, s in (("w", w), ("v", v))}
        after = neuron.step(torch.zeros(1, 1, dtype=torch.float64), start)[1]
        columns.append([after["w"].item(), after["v"].item()])
    assert np.linalg.det(np.array(columns)) == pytest.approx(math.exp(-1 / 10 - 1 / 100), rel=1e-12)


def test_spikes_adapt_under_a_constant_drive() -> None:
    spikes = SEAdLIF(a=0.0, b=60.0, backend="eager")(torch.full((2000, 1, 1), 6.0, dtype=torch.float64)).flatten()
    gaps = spikes.nonzero().flatten().diff()
    assert gaps[0] < gaps[-1] and (gaps.diff() >= -1).all()


def test_the_gradient_is_that_of_the_paper_with_its_detached_reset() -> None:
    """Through the rise of w and not through the reset of u, nor through the u that w follows."""
    x = 12 * torch.rand(80, 1, 2, dtype=torch.float64)
    ours, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    neuron = SEAdLIF.from_paper(0.4, 1.5, tau_mem=8 * ms, tau_adapt=90 * ms, backend="eager")
    neuron(ours).sum().backward()
    alpha, beta, total = math.exp(-1 / 8), math.exp(-1 / 90), torch.zeros((), dtype=torch.float64)
    u, w = torch.zeros_like(x[0]), torch.zeros_like(x[0])
    for drive in theirs:
        u = alpha * u + (1 - alpha) * (drive - w)
        smooth = u / (1 + 25 * (u - 1).detach().abs()) ** 2
        z = ((u > 1).to(u) - smooth).detach() + smooth
        u = u * (1 - z.detach())
        w = beta * w + (1 - beta) * (0.4 * u + 1.5 * z) * 120
        total = total + z.sum()
    total.backward()
    assert neuron(x).sum() > 3
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-9, atol=1e-12)


def test_negative_couplings_are_refused() -> None:
    with pytest.raises(ValueError, match="SEAdLIF: a must be >= 0, got -1"):
        SEAdLIF(a=-1.0)
    with pytest.raises(ValueError, match="SEAdLIF: b must be >= 0, got -2"):
        SEAdLIF(b=-2.0)
