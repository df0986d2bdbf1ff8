"""The compiled closed-form continuous-time cell equals its eager steps: output, records, final state and every gradient, in every form."""

import numpy as np
import pytest
import torch
from tests.kernels.cells import assert_equal, drawn

import ranvier as rv
from ranvier.reservoirs.wired import WiredCfC

FORMS = ["gated", "no_gate", "pure"]
WIRING = [[1, 0, -1], [0, 0, 1], [0, -1, 0], [1, 0, 0], [0, 0, 0]]  # two inputs, three units


def shaken(net: rv.CfC) -> rv.CfC:
    """With biases and time constants that are not 0."""
    with torch.no_grad():
        for k, p in enumerate(net.double().parameters()):
            p.add_(0.3 * drawn(*p.shape, seed=k))
    return net


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("backbone", [(), (9,), (6, 11)])
def test_equals_the_eager_steps(form: str, backbone: tuple[int, ...]) -> None:
    assert_equal(shaken(rv.CfC(3, 5, form=form, backbone=backbone)), 4, 3, torch.float64, 1e-13)


@pytest.mark.parametrize("form", FORMS)
def test_in_single_precision_and_where_vectors_are_filled(form: str) -> None:
    assert_equal(shaken(rv.CfC(2, 37, form=form, backbone=(8,))), 3, 1, torch.float32, 2e-5)


def test_weights_that_are_not_linked_stay_out() -> None:
    assert_equal(shaken(WiredCfC(torch.tensor(WIRING))), 4, 5, torch.float64, 1e-13)


def test_without_gradients_as_with_them_and_in_parts() -> None:
    net, x = shaken(rv.CfC(3, 4, backbone=(6,))), drawn(6, 5, 3)
    with torch.no_grad():
        whole, state, parts = net(x), None, []
        for part in x.split(2):
            done = net.run(part, state)
            parts.append(done.output)
            state = done.state
    np.testing.assert_allclose(whole.numpy(), net(x).detach().numpy(), rtol=0, atol=1e-15)
    np.testing.assert_allclose(whole.numpy(), torch.cat(parts).numpy(), rtol=0, atol=1e-15)


def test_heads_at_their_ends_and_nan() -> None:
    net = rv.CfC(1, 2, backbone=()).double()
    x = torch.tensor([-1e300, -1e3, 0.0, 1e3, 1e300, float("nan")], dtype=torch.float64)[None, :, None]
    net.backend = "cpu"
    compiled = net(x)
    net.backend = "eager"
    torch.testing.assert_close(compiled, net(x), equal_nan=True)
    assert bool(compiled[0, -1].isnan().all()) and bool(compiled[0, :-1].isfinite().all())


def test_a_time_with_a_gradient_takes_the_eager_steps() -> None:
    net, elapsed = shaken(rv.CfC(2, 3)), torch.ones(4, 1, dtype=torch.float64, requires_grad=True)
    net(drawn(4, 1, 2), elapsed).sum().backward()
    assert elapsed.grad is not None and float(elapsed.grad.abs().min()) > 0


def test_an_unknown_backend() -> None:
    with pytest.raises(ValueError, match=r"CfC: backend must be one of .*, got 'gpu'"):
        rv.CfC(3, 4, backend="gpu")
