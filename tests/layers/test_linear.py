"""Linear: the dense product at every step, by events where the input is spikes; shape errors name the axis."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ranvier.layers import Linear


@pytest.mark.parametrize("bias", [True, False])
def test_is_an_affine_map_at_each_step(bias: bool) -> None:
    layer = Linear(40, 64, bias=bias)
    if layer.bias is not None:
        torch.nn.init.normal_(layer.bias)
    for x in (torch.randn(5, 3, 40), (torch.rand(5, 3, 40) < 0.1).float()):
        torch.testing.assert_close(layer(x), F.linear(x, layer.weight, layer.bias))
        out, state = layer.step(x[2])
        torch.testing.assert_close(out, layer(x)[2])
        assert state == {} == layer.initial_state((3, 40))
        run = layer.run(x)
        assert torch.equal(run.output, layer(x)) and run.records == {}


def test_an_input_that_never_changes_is_multiplied_once_and_learned_from_at_every_step() -> None:
    layer, frame = Linear(4, 3), torch.randn(1, 2, 4)
    y = layer(frame.expand(6, 2, 4))
    assert y.shape == (6, 2, 3) and y.stride(0) == 0
    y.sum().backward()
    fast = layer.weight.grad.clone()
    layer.weight.grad = None
    layer(frame.repeat(6, 1, 1)).sum().backward()
    torch.testing.assert_close(fast, layer.weight.grad)


def test_weights_are_drawn_from_the_generator_with_variance_one_over_inputs() -> None:
    a, b = (Linear(400, 50, generator=torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(a.weight, b.weight)
    assert a.weight.std().item() == pytest.approx(0.05, rel=0.05) and a.bias is not None and (a.bias == 0).all()
    assert a.fan_in == 400 and repr(a) == "Linear(400, 50, bias=True)"


@pytest.mark.parametrize(
    ("x", "error", "text"),
    [
        (
            torch.zeros(3, 2, 5),
            ValueError,
            r"Linear\(4, 2, bias=True\): input has 5 features on axis 2 \(shape \(3, 2, 5\)\), expected 4\. Axes are",
        ),
        (
            torch.zeros(3, 2, 4, dtype=torch.float64),
            TypeError,
            r"input is torch.float64, the weights are torch.float32\. Convert the input",
        ),
        (torch.zeros(3, 2, 4, dtype=torch.int64), TypeError, r"input is torch.int64"),
        (np.zeros((3, 2, 4)), TypeError, r"Linear\(4, 2, bias=True\): input must be a torch tensor, got ndarray"),
    ],
)
def test_input_that_does_not_fit_is_refused(x, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        Linear(4, 2)(x)


@pytest.mark.parametrize(("inputs", "outputs", "name"), [(0, 2, "in_features"), (3, -1, "out_features")])
def test_sizes_must_be_positive(inputs: int, outputs: int, name: str) -> None:
    with pytest.raises(ValueError, match=f"Linear: {name} must be at least 1"):
        Linear(inputs, outputs)


def test_no_steps_give_no_output() -> None:
    assert Linear(4, 2)(torch.zeros(0, 3, 4)).shape == (0, 3, 2)
