"""Batch norms folded, what does nothing left out, the rest refused by name."""

import pytest
import torch
from torch import nn

from ranvier.conversion.simplify import folded, simplify
from ranvier.conversion.source import Source, Step, through
from ranvier.conversion.trace import trace
from ranvier.errors import RanvierError


def simple(net: nn.Module, *shape: int) -> tuple[list[str], list[str]]:
    """Kinds of the simple steps and notes; asserts that the output is the same."""
    x = torch.randn(2, *shape)
    chain, notes = simplify(trace(net.eval(), x), x[:1])
    torch.testing.assert_close(through(chain, x), net(x), rtol=1e-4, atol=1e-4)
    assert chain[-1].shape == tuple(net(x).shape[1:])
    return [type(module).__name__ for module in Source(chain).steps], notes


def norm(channels: int, kind: type[nn.Module] = nn.BatchNorm2d) -> nn.Module:
    made = kind(channels)
    for name, value in (("running_mean", 0.3), ("running_var", 2.0), ("weight", -0.7), ("bias", 0.2)):
        getattr(made, name).data.copy_(value + 0.1 * torch.randn(channels))
    return made


def test_batch_norm_folds_by_its_equation() -> None:
    """w' = gamma w/sqrt(var + eps), b' = beta + gamma (b - mean)/sqrt(var + eps)."""
    w, b, gamma, beta, mean, var = (torch.rand(3) + 0.5 for _ in range(6))
    linear = nn.Linear(1, 3)
    linear.weight.data.copy_(w[:, None])
    linear.bias.data.copy_(b)
    gain = gamma / (var + 1e-5).sqrt()
    made = folded(linear, gain, beta - gain * mean)
    torch.testing.assert_close(made.weight[:, 0], gamma * w / (var + 1e-5).sqrt())
    torch.testing.assert_close(made.bias, beta + gamma * (b - mean) / (var + 1e-5).sqrt())


def test_batch_norms_go_into_the_weights_before() -> None:
    net = nn.Sequential(
        nn.Conv2d(2, 3, 3, bias=False), norm(3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 4), norm(4, nn.BatchNorm1d)
    )
    found, notes = simple(net, 2, 6, 6)
    assert found == ["Conv2d", "ReLU", "Flatten", "Linear"]
    assert notes == ["2 batch norms folded into the weights before, with the means and variances of training"]


def test_a_batch_norm_without_weights_before_it_is_a_factor_and_an_offset() -> None:
    found, notes = simple(
        nn.Sequential(norm(2), nn.Conv2d(2, 3, 3), nn.AvgPool2d(2), nn.BatchNorm2d(3, affine=False), nn.ReLU()), 2, 6, 6
    )
    assert found == ["Affine", "Conv2d", "AvgPool2d", "Affine", "ReLU"] and notes[0].startswith(
        "2 batch norms without weights"
    )


def test_what_does_nothing_is_left_out() -> None:
    net = nn.Sequential(
        nn.Identity(), nn.Flatten(), nn.Linear(4, 4), nn.ReLU(), nn.Dropout(), nn.ReLU(), nn.Linear(4, 2), nn.Softmax(1)
    )
    x = torch.randn(3, 4)
    chain, notes = simplify(trace(net.eval(), x), x[:1])
    assert [type(m).__name__ for m in Source(chain).steps] == ["Linear", "ReLU", "Linear"]
    assert notes == [
        "the softmax at the end is left out: it does not change which class is highest",
        "1 dropout layer left out, as after training",
    ]
    torch.testing.assert_close(through(chain, x).softmax(1), net(x))


@pytest.mark.parametrize(
    "module",
    [
        nn.Conv2d(2, 4, 3, padding="same", dilation=2),
        nn.Conv2d(2, 4, 3, padding="valid", stride=2, groups=2),
        nn.Conv2d(2, 4, (3, 2), padding=(1, 0), dilation=(1, 3)),
    ],
)
def test_convolutions_without_dilation(module: nn.Conv2d) -> None:
    found, _ = simple(nn.Sequential(module), 2, 8, 8)
    assert found == ["Conv2d"]


def test_poolings() -> None:
    assert simple(nn.Sequential(nn.AvgPool2d(3, 2, 1)), 2, 7, 7)[0] == ["Conv2d"]
    assert simple(nn.Sequential(nn.AdaptiveAvgPool2d((2, None)), nn.Flatten()), 2, 8, 6)[0] == ["AvgPool2d", "Flatten"]
    found, notes = simple(nn.Sequential(nn.Conv2d(2, 2, 3), nn.MaxPool2d(2), nn.ReLU()), 2, 8, 8)
    assert found == ["Conv2d", "ReLU", "MaxPool2d"] and "MaxGate" in notes[0]


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (
            nn.Sequential(nn.Linear(4, 4), nn.Tanh()),
            r"^1 \(Tanh\(\)\): its output is negative or is no rate.* Train with nn.ReLU\(\)",
        ),
        (nn.Sequential(nn.GELU()), r"0 \(GELU\(approximate='none'\)\): its output is negative"),
        (nn.Sequential(nn.LeakyReLU()), "its output is negative"),
        (nn.Sequential(nn.Hardtanh()), r"0 \(Hardtanh.*its output is negative"),
        (nn.Sequential(nn.LayerNorm(4)), r"0 \(LayerNorm.*Train with nn.BatchNorm2d"),
        (
            nn.Sequential(nn.BatchNorm1d(4, track_running_stats=False)),
            "normalises by the batch at hand.*track_running_stats=True",
        ),
        (nn.Sequential(nn.Softmax(1), nn.Linear(4, 4)), "a softmax is known at the end alone. Take it away"),
        (nn.Sequential(nn.CosineSimilarity()), "known are Linear, Conv2d"),
    ],
)
def test_refused_on_features(net: nn.Module, message: str) -> None:
    chain = tuple(Step(name, module) for name, module in net.named_children())
    with pytest.raises(RanvierError, match=message):
        simplify(chain, torch.zeros(2, 4))


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect"), 'padding_mode="reflect" is not known'),
        (nn.Conv2d(2, 2, 2, padding="same"), "pads one side more. Use an odd kernel"),
        (nn.AvgPool2d(2, ceil_mode=True), r"ceil_mode, divisor_override .* Use nn.AvgPool2d\(size\)"),
        (nn.AvgPool2d(3, padding=1, count_include_pad=False), "count_include_pad=False"),
        (nn.MaxPool2d(2, ceil_mode=True), "return_indices and ceil_mode are not known"),
        (nn.AdaptiveAvgPool2d(3), "windows differ in size, 8 x 8 to 3 x 3. Use sizes that divide"),
        (nn.Flatten(2), r"only nn.Flatten\(\) of everything but the batch"),
        (nn.Conv3d(2, 2, 1), "Use nn.Conv2d, with a height of 1"),
    ],
)
def test_refused_on_pictures(module: nn.Module, message: str) -> None:
    x = torch.randn(1, 2, 8, 8)
    with pytest.raises(RanvierError, match=message):
        simplify((Step("0", module),), x)
