"""CfC: its three forms written out, and their limits in time."""

import numpy as np
import pytest
import torch

import ranvier as rv


def written_out(cell: rv.CfC, x: np.ndarray, t: float) -> np.ndarray:
    """h [T, B, N] in NumPy."""
    p = {key: value.detach().numpy() for key, value in cell.named_parameters()}
    h, rows = np.zeros((x.shape[1], cell.size)), []
    for x_t in x:
        z = np.concatenate([x_t, h], 1)
        for k in range(len(cell.backbone)):
            z = 1.7159 * np.tanh(0.666 * (z @ p[f"backbone.{k}.weight"].T + p[f"backbone.{k}.bias"]))
        heads = z @ p["heads.weight"].T + p["heads.bias"]
        if cell.form == "pure":
            h = -p["amplitude"] * np.exp(-t * (np.abs(p["w_tau"]) + np.abs(heads))) * heads + p["amplitude"]
        else:
            g, q, f, b = np.split(heads, 4, 1)
            s = 1 / (1 + np.exp(-(f * t + b)))
            g, q = np.tanh(g), np.tanh(q)
            h = g + s * q if cell.form == "no_gate" else g * (1 - s) + s * q
        rows.append(h)
    return np.stack(rows)


@pytest.mark.parametrize("form", ["gated", "no_gate", "pure"])
@pytest.mark.parametrize("backbone", [(), (9,), (9, 8)])
def test_equals_its_formula(form: str, backbone: tuple[int, ...]) -> None:
    cell = rv.CfC(3, 5, form=form, backbone=backbone).double()
    with torch.no_grad():
        for p in cell.parameters():
            p.add_(0.1 * torch.randn_like(p))
    x = torch.randn(10, 2, 3, dtype=torch.float64)
    np.testing.assert_allclose(cell(x, 0.7).detach().numpy(), written_out(cell, x.numpy(), 0.7), rtol=0, atol=1e-12)


def test_a_gated_state_goes_from_one_head_to_the_other() -> None:
    cell, x = rv.CfC(2, 40, backbone=()).double(), torch.randn(1, 1, 2, dtype=torch.float64)
    with torch.no_grad():
        g, q, f, _ = cell.heads(torch.cat([x[0], torch.zeros(1, 40, dtype=torch.float64)], 1)).chunk(4, 1)
    late = cell(x, 1e9)[0]
    torch.testing.assert_close(late, torch.where(f > 0, q.tanh(), g.tanh()), rtol=0, atol=1e-12)


def test_a_pure_state_ends_at_its_amplitude() -> None:
    cell = rv.CfC(2, 6, form="pure")
    with torch.no_grad():
        assert cell.w_tau is not None
        cell.w_tau.fill_(-1.0)
    torch.testing.assert_close(cell(torch.randn(1, 3, 2), 100.0), torch.ones(1, 3, 6))


def test_it_learns_a_wave() -> None:
    """A slow wave in, one of twice its frequency out: the toy of the authors' tutorial, with 16 units."""
    torch.manual_seed(0)
    t = torch.linspace(0, 3 * torch.pi, 30)
    x = torch.stack([t.sin(), t.cos()], 1).unsqueeze(1)  # [T, 1, 2]
    target = torch.linspace(0, 6 * torch.pi, 30).sin().view(-1, 1, 1)
    net = rv.Sequential(rv.CfC(2, 16, backbone=(32,)), rv.Linear(16, 1))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    loss = torch.tensor(1.0)
    for _ in range(60):
        loss = (net(x) - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.01


def test_what_is_no_form_is_refused() -> None:
    with pytest.raises(ValueError, match=r"CfC: form must be one of \('gated', 'no_gate', 'pure'\), got 'gate'"):
        rv.CfC(3, 4, form="gate")
    with pytest.raises(
        ValueError, match=r"CfC: backbone holds the widths of its layers, each at least 1, got \(8, 0\)"
    ):
        rv.CfC(3, 4, backbone=(8, 0))
