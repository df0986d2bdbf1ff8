"""Small networks to convert. Everything runs by the eager reference, which needs no compilation; one thorough test runs the engine."""

from collections.abc import Callable

import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional as F

from ranvier.kernels import dispatch
from ranvier.layers import sequential


@pytest.fixture(autouse=True)
def _eager(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "engine" not in request.fixturenames:
        monkeypatch.setattr(sequential, "can_run", lambda x: False)
        monkeypatch.setattr(dispatch, "choose", lambda backend, x: "eager")
        monkeypatch.setattr(dispatch, "linear_cpu", F.linear)


@pytest.fixture
def engine() -> None:
    """Leaves the compiled engine in place."""


@pytest.fixture(scope="session")
def digits() -> tuple[Tensor, Tensor]:
    """The 1,797 digits of scikit-learn [n, 1, 8, 8] in [0, 1] and their classes."""
    pixels, labels = load_digits(return_X_y=True)
    return torch.tensor(pixels / 16).float().view(-1, 1, 8, 8), torch.tensor(labels)


@pytest.fixture(scope="session")
def trained(digits: tuple[Tensor, Tensor]) -> Callable[[nn.Module], nn.Module]:
    """Trains a network on the first 1,400 digits, in well under a second."""

    def train(net: nn.Module, steps: int = 60) -> nn.Module:
        x, y = digits[0][:1400], digits[1][:1400]
        optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
        for _ in range(steps):
            optimizer.zero_grad()
            F.cross_entropy(net(x), y).backward()
            optimizer.step()
        return net.eval()

    return train


@pytest.fixture(scope="session")
def dense(trained: Callable[[nn.Module], nn.Module]) -> nn.Module:
    """A trained fully connected network with biases; not to be changed."""
    torch.manual_seed(0)
    return trained(
        nn.Sequential(nn.Flatten(), nn.Linear(64, 40), nn.ReLU(), nn.Linear(40, 30), nn.ReLU(), nn.Linear(30, 10))
    )


class Block(nn.Module):
    """A convolution, a residual block, max pooling and a readout, with functions and methods in `forward`."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm = nn.Conv2d(1, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.body, self.again = nn.Conv2d(6, 6, 3, padding=1, bias=False), nn.Conv2d(6, 6, 3, padding="same")
        self.inner = nn.BatchNorm2d(6)
        self.readout = nn.Linear(6 * 16, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm(self.first(x)))
        y = self.again(torch.relu(self.inner(self.body(x))))
        x = F.max_pool2d((x + y).relu(), 2)
        return F.log_softmax(self.readout(x.view(x.size(0), -1)), dim=1)


@pytest.fixture(scope="session")
def block() -> nn.Module:
    """A residual network with statistics that are no ones and zeros; not to be changed."""
    torch.manual_seed(0)
    net = Block()
    for _ in range(10):
        net(2 * torch.randn(20, 1, 8, 8) + 0.5)
    for norm in (net.norm, net.inner):
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, 0, 0.3)
    return net.eval()
