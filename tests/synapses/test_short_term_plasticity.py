"""ShortTermPlasticity: golden traces, the recursion of Markram et al., steady states, the continuous form, refusals."""

import math
from typing import Any

import pytest
import torch

from ranvier.equations import CurrentInput
from ranvier.synapses import ShortTermPlasticity
from ranvier.units import Hz, ms

F64 = torch.float64
MAASS = {  # U, tau_rec, tau_facil [s]; first five releases at 20 Hz
    "EE": ((0.5, 1.1, 0.05), (0.5, 0.30914, 0.15103, 0.08393, 0.05837)),
    "EI": ((0.05, 0.125, 1.2), (0.05, 0.09236, 0.12551, 0.1503, 0.16854)),
    "IE": ((0.25, 0.7, 0.02), (0.25, 0.20362, 0.15813, 0.1264, 0.1047)),
    "II": ((0.32, 0.144, 0.06), (0.32, 0.32082, 0.27148, 0.24118, 0.22706)),
}
each = pytest.mark.parametrize("name", MAASS)


def synapse(name: str, **options: Any) -> ShortTermPlasticity:
    U, rec, facil = MAASS[name][0]
    return ShortTermPlasticity(U=U, tau_rec=rec, tau_facil=facil, backend="eager", **options)


def regular(interval: int, count: int) -> torch.Tensor:
    """Spikes every `interval` steps, from the first step on, [T, 1, 1]."""
    x = torch.zeros(interval * (count - 1) + 1, 1, 1, dtype=F64)
    x[::interval] = 1
    return x


@each
def test_golden_releases(name: str) -> None:
    released = synapse(name)(regular(50, 5)).flatten()
    assert released[::50].tolist() == pytest.approx(MAASS[name][1], abs=6e-6)
    assert (released > 0).sum() == 5, "nothing without a spike"


def test_depression_and_facilitation() -> None:
    depressing, facilitating = (synapse(name)(regular(50, 10))[::50].flatten() for name in ("EE", "EI"))
    assert (depressing.diff() < 0).all() and depressing[-1] < 0.1 * depressing[0]
    assert (facilitating[:6].diff() > 0).all() and facilitating.max() > 3 * facilitating[0]


@each
def test_irregular_spikes_follow_the_recursion(name: str) -> None:
    """u' = U + u (1 - U) exp(-D/F); R' = 1 + (R - u R - 1) exp(-D/D_rec)."""
    U, rec, facil = MAASS[name][0]
    gaps = [7, 1, 30, 2, 200, 45]
    times = torch.tensor([0, *gaps]).cumsum(0)
    x = torch.zeros(int(times[-1]) + 1, 1, 1, dtype=F64)
    x[times] = 1
    u, ready, expected = U, 1.0, [U]
    for gap in gaps:
        ready = 1 + (ready - u * ready - 1) * math.exp(-gap * ms / rec)
        u = U + u * (1 - U) * math.exp(-gap * ms / facil)
        expected.append(u * ready)
    assert synapse(name)(x).flatten()[times].tolist() == pytest.approx(expected, rel=1e-12)


def all_four(dt: float, **options: Any) -> tuple[ShortTermPlasticity, torch.Tensor, torch.Tensor, torch.Tensor]:
    """One neuron for each set of constants, in float64; U, tau_rec, tau_facil."""
    values = torch.tensor([constants for constants, _ in MAASS.values()], dtype=F64).T
    made = ShortTermPlasticity(U=values[0], tau_rec=values[1], tau_facil=values[2], dt=dt, backend="eager", **options)
    U, rec, facil = (torch.as_tensor(v, dtype=F64) for v in (made.U, made.tau_rec, made.tau_facil))
    return made, U, rec, facil


@pytest.mark.parametrize("steps", [1, 5])
def test_steady_state_of_regular_input(steps: int) -> None:
    """u = U/(1 - (1 - U) e_F), R = (1 - e_D)/(1 - (1 - u) e_D), e being the decay over one interval; here 10 ms and 50 ms."""
    made, U, rec, facil = all_four(dt=10 * ms)
    kept_facil, kept_rec = torch.exp(-steps * 10 * ms / facil), torch.exp(-steps * 10 * ms / rec)
    u = U / (1 - (1 - U) * kept_facil)
    ready = (1 - kept_rec) / (1 - (1 - u) * kept_rec)
    last = made(regular(steps, 400).expand(-1, -1, 4))[-1, 0]
    torch.testing.assert_close(last, u * ready, rtol=1e-7, atol=0)


def test_depression_alone_uses_the_same_share_at_every_spike() -> None:
    """Parameters of Tsodyks and Markram (1997), U = 0.67, tau_rec = 0.8 s: R falls to 1 - U, then recovers, spike by spike."""
    released = ShortTermPlasticity(U=0.67, tau_rec=0.8, tau_facil=1 * ms, backend="eager")(regular(40, 14))[
        ::40
    ].flatten()
    ready, expected = 1.0, []
    for _ in range(14):
        expected.append(0.67 * ready)
        ready = 1 + (ready * (1 - 0.67) - 1) * math.exp(-0.04 / 0.8)
    assert released.tolist() == pytest.approx(expected, rel=1e-12)
    assert released[-1].item() == pytest.approx(0.67 * (1 - math.exp(-0.05)) / (1 - 0.33 * math.exp(-0.05)), rel=1e-5)


def test_U_of_one_empties_the_synapse() -> None:
    done = ShortTermPlasticity(U=1.0, backend="eager").run(regular(1, 1))
    assert done.output.item() == 1.0 and done.state["x"].item() == 0.0


def test_steady_state_of_the_continuous_form() -> None:
    """Rate r: u^- = U F r/(1 + U F r), u = u^- + U (1 - u^-), R = 1/(1 + u D r); the released rate is u R r."""
    rate = 20 * Hz
    made, U, rec, facil = all_four(dt=10 * ms, input=CurrentInput())
    before = U * facil * rate / (1 + U * facil * rate)
    u = before + U * (1 - before)
    released = made(torch.full((800, 1, 4), rate, dtype=F64))[-1, 0]
    torch.testing.assert_close(released, u / (1 + u * rec * rate) * rate, rtol=1e-6, atol=0)


def test_the_continuous_form_is_the_mean_of_poisson_spikes() -> None:
    """Where u is the same at every spike (no facilitation) the mean over Poisson trains is exact, but for the step."""
    rate = 10 * Hz
    x = torch.full((400, 1, 1), rate, dtype=F64)
    options: dict[str, Any] = {"U": 0.4, "tau_rec": 0.3, "tau_facil": 1 * ms, "backend": "eager"}
    mean = ShortTermPlasticity(input=CurrentInput(), **options)(x).flatten()
    spikes = (torch.rand((400, 1, 4_000), generator=torch.Generator().manual_seed(0)) < rate * ms).to(F64)
    counted = ShortTermPlasticity(**options)(spikes).mean((1, 2)) / ms
    late, early = slice(250, None), slice(0, 20)
    assert counted[late].mean().item() == pytest.approx(mean[late].mean().item(), rel=0.05)
    assert counted[early].mean().item() == pytest.approx(mean[early].mean().item(), rel=0.1)


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"ShortTermPlasticity: U must lie in \(0, 1\], got 1\.2\. Write U=0\.5"):
        ShortTermPlasticity(U=1.2)
    with pytest.raises(ValueError, match=r"ShortTermPlasticity: U must be > 0, got 0"):
        ShortTermPlasticity(U=0.0)
    with pytest.raises(ValueError, match=r"ShortTermPlasticity: tau_rec must be > 0, got -1"):
        ShortTermPlasticity(tau_rec=-1.0)
    kept = ShortTermPlasticity()
    with pytest.raises(ValueError, match=r"U must lie in \(0, 1\]"):
        kept.U = 3.0
    assert kept.U == 0.5
