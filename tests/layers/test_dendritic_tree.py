"""DendriticTree: inputs that meet two by two."""

import pytest
import torch
from torch.func import functional_call
from torch.nn import functional as F

import ranvier as rv


def masked(layer: rv.DendriticTree, x: torch.Tensor) -> torch.Tensor:
    """The same neurons as fully connected layers under a mask of synapses. x: [M, leaves]."""
    rows = []
    for n in range(layer.neurons):
        roots = []
        for k in range(layer.trees):
            g = n * layer.trees + k
            now = x
            if layer.order is not None:
                now = x[:, layer.order[k] if layer.order.dim() == 2 else layer.order]
            for weight, bias in zip(layer.weights, layer.biases, strict=True):
                nodes, children = weight.shape[:2]
                full = torch.zeros(nodes, nodes * children, dtype=x.dtype)
                for node in range(nodes):
                    full[node, node * children : (node + 1) * children] = weight[node, :, g]
                now = F.leaky_relu(F.linear(now, full, bias[:, 0, g]))
            roots.append(now[:, 0])
        rows.append(torch.stack(roots, 1) @ layer.weight[n] + layer.bias[n])
    return torch.sigmoid(torch.stack(rows, 1))


@pytest.mark.parametrize("order", [None, "one", "each"])
@pytest.mark.parametrize("branching", [None, (3, 2, 2)])
def test_equals_full_layers_under_a_mask(order: str | None, branching: tuple[int, ...] | None) -> None:
    features = 12 if branching else 16
    orders = torch.stack([torch.randperm(features) for _ in range(3)])
    given = None if order is None else orders[0] if order == "one" else orders
    layer = rv.DendriticTree(features, 2, trees=3, branching=branching, order=given).double()
    with torch.no_grad():
        for bias in layer.biases:
            bias.normal_()
    x = torch.randn(4, 5, features, dtype=torch.float64)
    y = layer(x)
    assert y.shape == (4, 5, 2) and bool((y > 0).all() & (y < 1).all())
    torch.testing.assert_close(y, masked(layer, x.flatten(0, 1)).unflatten(0, (4, 5)))
    torch.testing.assert_close(layer.soma(x), torch.logit(y))


def test_gradients() -> None:
    layer = rv.DendriticTree(7, 2, trees=2).double()
    names, values = zip(*((k, p.detach().requires_grad_()) for k, p in layer.named_parameters()), strict=True)
    x = torch.randn(2, 2, 7, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda x, *given: functional_call(layer, dict(zip(names, given, strict=True)), (x,)),
        (x, *values),
        fast_mode=True,
    )


def test_a_tree_of_1024_leaves_has_2046_synapses() -> None:
    layer = rv.DendriticTree(1024, trees=4, generator=torch.Generator().manual_seed(0))
    assert layer.synapses == 2046 and layer.branching == (2,) * 10
    assert sum(w.numel() for w in layer.weights) == 4 * 2046
    assert float(layer.weights[0].detach().std()) == pytest.approx(1.0, abs=0.05), "N(0, 2/children)"
    assert all(float(b.detach().abs().sum()) == 0 and b.requires_grad for b in layer.biases)
    assert rv.DendriticTree(784, trees=2).leaves == 1024 and rv.DendriticTree(1, trees=2).leaves == 2
    assert rv.DendriticTree(3072, trees=2, branching=(3, *[2] * 10)).synapses == 3072 + 2046


def test_what_does_not_divide_is_refused() -> None:
    for plan in ((2, 5), (), (0, 12), (-2, -6)):
        with pytest.raises(
            ValueError, match=r"the product of branching must be in_features=12, so that every input is a leaf"
        ):
            rv.DendriticTree(12, branching=plan)
    with pytest.raises(
        ValueError, match=r"order has shape \(5,\), expected \(8,\) or \(2, 8\): .* Use torch.randperm\(8\)"
    ):
        rv.DendriticTree(8, trees=2, order=torch.arange(5))
    for order in (torch.zeros(8, dtype=torch.long), torch.arange(8.0)):
        with pytest.raises(ValueError, match=r"order must hold each of 0\.\.7 once a tree"):
            rv.DendriticTree(8, trees=2, order=order)
    for name in ("neurons", "trees"):
        with pytest.raises(ValueError, match=f"DendriticTree: {name} must be at least 1, got 0"):
            rv.DendriticTree(8, **{name: 0})
    with pytest.raises(ValueError, match=r"slope must lie in \(0, 1\], got 0"):
        rv.DendriticTree(8, slope=0)
    with pytest.raises(
        ValueError, match=r"DendriticTree\(8, 1, trees=32\): input has 9 features on axis 2 .*expected 8"
    ):
        rv.DendriticTree(8)(torch.zeros(1, 2, 9))


def test_a_single_tree_warns() -> None:
    with pytest.warns(UserWarning, match="a single tree often stays at chance.*report the median"):
        layer = rv.DendriticTree(8, trees=1)
    assert layer(torch.zeros(3, 2, 8)).tolist() == torch.full((3, 2, 1), 0.5).tolist()


def test_within_sequential_and_its_stream() -> None:
    net = rv.Sequential(rv.DendriticTree(6, 4, trees=2), rv.Linear(4, 3), rv.LIF(), rv.Linear(3, 2), rv.LI())
    x = torch.rand(7, 1, 6)
    run = net.run(x)
    assert repr(net[0]) == "DendriticTree(6, 4, trees=2)" and run.state[0] == {}
    stream = net.stream((6,))
    torch.testing.assert_close(torch.stack([stream.step(x_t[0]).clone() for x_t in x]), run.output[:, 0].detach())
    out, _ = net[0].step(x[0])
    torch.testing.assert_close(out, net[0](x)[0])


def test_more_trees_tell_more_apart() -> None:
    """Exclusive or of two inputs among eight, which no line through their space separates."""
    generator = torch.Generator().manual_seed(3)
    x = torch.randint(0, 2, (1, 512, 8), generator=generator).float()
    y = (x[0, :, 0] != x[0, :, 5]).float()
    layer = rv.DendriticTree(8, trees=8, generator=generator)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.02)
    for _ in range(200):
        loss = F.binary_cross_entropy_with_logits(layer.soma(x)[0, :, 0], y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float(((layer(x)[0, :, 0] > 0.5) == (y > 0)).float().mean()) > 0.97
