"""From `forward` to a chain."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ranvier.conversion import QCFS
from ranvier.conversion.source import Source, Sum, steps_of, through
from ranvier.conversion.trace import trace
from ranvier.errors import RanvierError


def kinds(chain) -> list[str]:
    return [type(step.module).__name__ for step in steps_of(chain)]


class Calls(nn.Module):
    """A network whose forward is a function; `weights` are its modules."""

    def __init__(self, call, **modules: nn.Module) -> None:
        super().__init__()
        self.call = call
        for name, module in modules.items():
            self.add_module(name, module)

    def forward(self, x: Tensor) -> Tensor:
        return self.call(self, x)


def test_names_are_those_of_the_weights(block: nn.Module) -> None:
    x = torch.randn(3, 1, 8, 8)
    chain = trace(block, x)
    assert [s.name for s in steps_of(chain) if s.module.state_dict()] == [
        "first",
        "norm",
        "body",
        "inner",
        "again",
        "readout",
    ]
    assert isinstance(chain[3], Sum) and sorted(len(b) for b in chain[3].branches) == [0, 4]
    torch.testing.assert_close(through(chain, x), block(x))
    assert trace(Source(chain), x)[0].name == "first"


def test_functions_and_methods_become_modules() -> None:
    def call(self, x: Tensor) -> Tensor:
        x = F.relu6(self.c(x))
        x = F.avg_pool2d(x, 2, stride=2)
        x = F.hardtanh(self.c(x), 0.0, 2.0)
        x = F.adaptive_avg_pool2d(F.dropout(x, 0.5, self.training), 1)
        x = torch.clamp(self.l(torch.flatten(x, 1)), min=0)
        x = self.l(x).clamp(0, 1).contiguous().reshape(x.shape[0], -1)
        return torch.softmax(x, 1)

    net = Calls(call, c=nn.Conv2d(2, 2, 3, padding=1), l=nn.Linear(2, 2))
    x = torch.randn(3, 2, 8, 8)
    found = kinds(trace(net, x))
    assert found == [
        "Conv2d", "ReLU6", "AvgPool2d", "Conv2d", "Hardtanh", "Identity", "AdaptiveAvgPool2d", "Flatten", "Linear", "ReLU", "Linear",
        "Hardtanh", "Identity", "Flatten", "Softmax",
    ]  # fmt: skip


def test_sums_inside_sums_and_modules_of_ours() -> None:
    def call(self, x: Tensor) -> Tensor:
        a = self.q(self.l(x))
        b = a + self.l(a)
        return torch.add(self.l(b).add(b), a)

    net = Calls(call, q=QCFS(4, 1.0), l=nn.Linear(3, 3))
    x = torch.randn(5, 3)
    chain = trace(net, x)
    torch.testing.assert_close(through(chain, x), net(x))
    outer = chain[-1]
    assert isinstance(outer, Sum) and kinds(chain) == ["Linear", "QCFS", "Linear", "Linear"]
    assert sorted(len(branch) for branch in outer.branches) == [0, 2]


def test_the_model_is_left_as_it_was() -> None:
    net = nn.Sequential(nn.Linear(3, 3), nn.Dropout()).train()
    trace(net, torch.randn(2, 3))
    assert net.training and net[1].training


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda self, x: self.l(x) if x.sum() > 0 else x, "forward cannot be followed .* without `if` and loops"),
        (
            lambda self, x: torch.sigmoid(self.l(x)),
            "`sigmoid` in its forward is not known; a network to convert has Linear",
        ),
        (lambda self, x: self.l(x) * self.l(x), "`mul` in its forward takes several values"),
        (lambda self, x: self.l(x) @ self.l.weight, "`matmul` in its forward is not known"),
        (lambda self, x: x.clamp(-1, 1), "`clamp` in its forward has arguments"),
        (lambda self, x: self.l(x).view(-1, 1), "do not give its output; a view or an index"),
        (lambda self, x: (self.l(x), x), "or gives several outputs; expected one tensor in, one out"),
    ],
)
def test_what_cannot_be_followed(call, message: str) -> None:
    with pytest.raises(RanvierError, match=message):
        trace(Calls(call, l=nn.Linear(3, 3)), torch.randn(2, 3))
