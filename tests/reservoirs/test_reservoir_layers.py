"""Fitted reservoirs as layers: the states of the estimator, cut anywhere, with a gradient where there can be one."""

import numpy as np
import pytest
import torch

import ranvier as rv
from ranvier.reservoirs import NVAR, Bucket, Counts, DeepEchoState, LiquidState
from ranvier.units import ms

RANDOM = np.random.default_rng(0)
X = [RANDOM.normal(size=(12, 2)) for _ in range(4)]
Y = [RANDOM.normal(size=12) for _ in range(4)]
TRAINS = [(RANDOM.random((12, 2)) < 0.5).astype(float) for _ in range(4)]


def fitted(model, x=X):
    return model.fit(x, Y)


def stacked(x: list[np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(np.stack(x, 1))


@pytest.mark.parametrize(
    "make",
    [
        lambda: fitted(DeepEchoState((5, 7), leak=(0.5, 0.9))),
        lambda: fitted(NVAR()),
        lambda: fitted(Bucket((4, 4))),
        lambda: fitted(LiquidState((3, 3, 3), code=Counts(), dt=1 * ms), TRAINS),
    ],
    ids=["deep", "nvar", "bucket", "liquid"],
)
def test_a_layer_has_the_states_of_the_estimator(make) -> None:
    model = make()
    given = TRAINS if isinstance(model, LiquidState) else X
    layer, x = model.layer().double(), stacked(given)
    whole = layer.run(x)
    expected = np.stack([states for states in model.states(given)], 1)
    skipped = len(x) - len(expected)  # steps of a washout
    np.testing.assert_allclose(whole.output.detach().numpy()[skipped:], expected, rtol=1e-6, atol=1e-6)
    first = layer.run(x[:5])
    second = layer.run(x[5:], first.state)
    np.testing.assert_allclose(torch.cat([first.output, second.output]).detach(), whole.output.detach(), atol=1e-12)


def test_gradients_flow_through_a_deep_echo_state() -> None:
    model = fitted(DeepEchoState((5, 7)))
    net = rv.Sequential(torch.nn.Linear(2, 2), model.layer(), rv.Linear(12, 3), rv.LI(), rate=None)
    net(stacked(X).float()).sum().backward()
    learn = {name for name, p in net.named_parameters() if p.grad is not None}
    assert learn == {f"layers.{k}.{what}" for k in (0, 2) for what in ("weight", "bias")}


def test_none_flows_through_others_which_is_said() -> None:
    layer = fitted(Bucket((4, 4))).layer()
    net = rv.Sequential(layer, rv.Linear(layer.model._columns, 3), rv.LI(), rate=None)
    net(stacked(X).float()).sum().backward()
    with pytest.raises(
        ValueError, match=r"Bucket: the input asks for a gradient, and none flows through it\. Give x\.detach\(\)"
    ):
        layer(stacked(X).requires_grad_())
    with pytest.raises(ValueError, match="Bucket: a reservoir's layer records nothing"):
        layer.run(stacked(X), record=("x",))
    with pytest.raises(ValueError, match="features"):
        layer(torch.zeros(3, 2, 5))
