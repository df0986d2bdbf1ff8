"""SRM0 and SRM: their kernels as sums over spikes, and the LIF that each of them is."""

import numpy as np
import pytest
import torch

from ranvier.equations import BlockSpikes, Clamp, CurrentInput, NoReset, Subtract
from ranvier.neurons import LIF, SRM, SRM0, Alpha
from ranvier.units import ms

DT = 1 * ms


def poisson(steps: int = 300, size: float = 1.4) -> torch.Tensor:
    g = torch.Generator().manual_seed(2)
    return size * (torch.rand(steps, 2, 3, generator=g, dtype=torch.float64) < 0.15).double()


@pytest.mark.parametrize("backend", ["cpu", "eager"])
def test_a_lif_with_reset_by_subtraction_is_srm0(backend: str) -> None:
    """Max |u_LIF - u_SRM0| < 1e-9 on random Poisson input, the same spikes."""
    x = poisson()
    kernels = SRM0(tau_mem=15 * ms, tau_refractory=15 * ms, backend=backend).run(x, record=("v",))
    lif = Alpha(tau_mem=15 * ms, reset=Subtract(), backend=backend).run(x, record=("v",))
    assert lif.output.sum() > 100 and torch.equal(kernels.output, lif.output)
    assert (kernels.records["v"] - lif.records["v"]).abs().max() < 1e-9


def test_so_it_is_for_a_current() -> None:
    x = 2 * torch.rand(300, 1, 4, dtype=torch.float64)
    a = SRM0(input=CurrentInput(), r=1.3, backend="eager").run(x, record=("v",))
    b = LIF(reset=Subtract(), r=1.3, backend="eager").run(x, record=("v",))
    assert a.output.sum() > 20 and torch.equal(a.output, b.output)
    torch.testing.assert_close(a.records["v"], b.records["v"], rtol=0, atol=1e-9)


@pytest.mark.parametrize("depth", [0.0, 0.3])
def test_a_lif_with_reset_to_a_value_is_srm(depth: float) -> None:
    """Hard reset cuts the kernels at the last spike."""
    x = poisson(size=2.0)
    kernels = SRM(depth=depth, backend="eager").run(x, record=("v",))
    lif = Alpha(v_reset=-depth, backend="eager").run(x, record=("v",))
    assert lif.output.sum() > 60 and torch.equal(kernels.output, lif.output)
    torch.testing.assert_close(kernels.records["v"], lif.records["v"], rtol=0, atol=1e-9)


def sums(x: np.ndarray, spikes: np.ndarray, tau_m: float, tau_s: float, tau_r: float, last_only: bool) -> np.ndarray:
    """The potential after each step, written as sums over lists of spikes."""
    v = np.zeros(len(x))
    for n in range(len(x)):
        for k in np.flatnonzero(x[: n + 1]):
            t = (n - k) * DT
            v[n] += x[k] * tau_m / (tau_m - tau_s) * (np.exp(-t / tau_m) - np.exp(-t / tau_s))
        own = np.flatnonzero(spikes[: n + 1])
        v[n] -= np.exp(-(n - own[-1:] if last_only else n - own) * DT / tau_r).sum()
    return v


def test_the_potential_is_the_sum_of_all_kernels_and_not_of_the_last_spike() -> None:
    """An after-potential of its own time constant; the last spike alone is wrong in a burst."""
    x = poisson(120)[:, :1, :1]
    run = SRM0(tau_mem=12 * ms, tau_syn=3 * ms, tau_refractory=30 * ms, backend="eager").run(x, record=("v", "eta"))
    spikes = run.output.flatten().numpy()
    given = x.flatten().numpy(), spikes, 12 * ms, 3 * ms, 30 * ms
    assert spikes.sum() >= 3
    np.testing.assert_allclose(run.records["v"].flatten().numpy(), sums(*given, last_only=False), rtol=0, atol=1e-9)
    assert np.abs(run.records["v"].flatten().numpy() - sums(*given, last_only=True)).max() > 0.1
    assert (run.records["eta"] <= 0).all()


def test_equal_time_constants_give_the_kernel_of_bohte() -> None:
    """S/tau exp(1 - s/tau), whose peak is 1 at s = tau; here divided by e."""
    x = torch.zeros(40, 1, 1, dtype=torch.float64)
    x[0] = np.e / 2
    v = SRM0(tau_mem=7 * ms, tau_syn=7 * ms, backend="eager").run(x, record=("v",)).records["v"].flatten().numpy()
    s = np.arange(40) / 7
    np.testing.assert_allclose(v, 0.5 * s * np.exp(1 - s), rtol=0, atol=1e-12)
    assert v.argmax() == 7 and v[7] == pytest.approx(0.5)


def test_options_that_would_break_the_sum_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"SRM0: its reset is the after-potential, got reset=NoReset\(\)\. Write depth=0"
    ):
        SRM0(reset=NoReset())
    with pytest.raises(
        ValueError, match=r"SRM: its potential is a sum of kernels and cannot be held, .*Use BlockSpikes"
    ):
        SRM(refractory=Clamp(2 * ms))
    with pytest.raises(TypeError, match="SRM0 cannot reset by subtraction"):
        SRM0(reset=Subtract())
    with pytest.raises(ValueError, match="SRM0: depth must be >= 0, got -1"):
        SRM0(depth=-1.0)
    assert SRM0(refractory=BlockSpikes(2 * ms), depth=0.0, backend="eager")(poisson()).sum() > 0
