"""A compiled sequence cell beside its eager steps: output, record, final state and every gradient."""

import torch
from torch import Tensor

from ranvier.layers.cell import TimedCell


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def measure(net: TimedCell, x: Tensor, start: Tensor, elapsed: Tensor, backend: str) -> list[Tensor]:
    """Output, record, final state, then the gradients of input, start and parameters."""
    (name,) = net.state_names
    net.backend = backend
    x, start = x.clone().requires_grad_(), start.clone().requires_grad_()
    done = net.run(x, {name: start}, record=(name,), elapsed=elapsed)
    loss = (done.output * drawn(*done.output.shape, seed=5).to(x.dtype)).sum() + (done.state[name] ** 2).sum()
    gradients = torch.autograd.grad(loss, [x, start, *net.parameters()])
    return [done.output, done.records[name], done.state[name], *gradients]


def assert_equal(net: TimedCell, steps: int, batch: int, kind: torch.dtype, tolerance: float) -> None:
    x, start = drawn(steps, batch, net.in_features).to(kind), 0.3 * drawn(batch, net.size, seed=1).to(kind)
    elapsed = 0.3 + drawn(steps, batch, seed=2).abs()
    compiled, eager = (measure(net.to(kind), x, start, elapsed, backend) for backend in ("cpu", "eager"))
    for a, b in zip(compiled, eager, strict=True):
        assert a.dtype == b.dtype == kind
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance * max(1.0, float(b.detach().abs().max())))
