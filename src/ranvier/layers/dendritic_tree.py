"""Neurons with a dendritic tree: inputs meet two by two on the way to the soma."""

import math
import warnings
from collections.abc import Sequence
from itertools import islice

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ranvier.layers.layer import StatelessLayer, check_axis, check_input, check_rank


class DendriticTree(StatelessLayer):
    """Neurons that each reach their inputs through `trees` dendritic trees. x: [T, B, in_features] -> [T, B, neurons], in (0, 1).

    The leaves of a tree are the inputs, each once; a node is leaky_relu(sum of its children, each with a weight, + bias); the roots of
    a neuron's trees, all of which read the same inputs, meet in its soma, sigmoid(weights . roots + bias). `soma(x)` gives what
    stands in the sigmoid, for a loss on logits.

    branching: children of a node, level by level from the leaves on; their product is the number of leaves and must be in_features.
    By default every node has two, and the inputs are filled up with zeros to the next power of two. order: which input each leaf reads,
    [leaves], or [trees, leaves] for trees that differ; by default the order of the inputs. Only synapses that exist are stored, so no
    gradient needs a mask: a binary tree of 1,024 leaves has 2,046. weights: from N(0, 2/children), biases 0; of a level
    [nodes, children, trees*neurons]. slope: of the leaky rectifier below 0.

    A single tree often stays at chance, whatever its input: train several times and report the median. It warns of that.

    Source: Jones and Kording (2020), "Can single neurons solve MNIST? The computational power of biological dendritic trees".
    """

    def __init__(
        self,
        in_features: int,
        neurons: int = 1,
        *,
        trees: int = 32,
        branching: Sequence[int] | None = None,
        order: Tensor | None = None,
        slope: float = 0.01,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        for name, value in (("in_features", in_features), ("neurons", neurons), ("trees", trees)):
            if value < 1:
                raise ValueError(f"DendriticTree: {name} must be at least 1, got {value}.")
        if not 0 < slope <= 1:
            raise ValueError(f"DendriticTree: slope must lie in (0, 1], got {slope}. Write slope=0.01.")
        self.in_features, self.neurons, self.trees, self.slope = in_features, neurons, trees, slope
        self.branching = _plan(in_features, branching)
        self.leaves = math.prod(self.branching)
        self.order: Tensor | None
        self.register_buffer("order", None if order is None else _checked(order, self.leaves, trees))
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        nodes = self.leaves
        for children in self.branching:
            nodes //= children
            shape = (nodes, children, trees * neurons)
            self.weights.append(torch.randn(shape, generator=generator) * math.sqrt(2 / children))
            self.biases.append(torch.zeros(nodes, 1, trees * neurons))
        self.weight = nn.Parameter(torch.randn(neurons, trees, generator=generator) * math.sqrt(2 / trees))
        self.bias = nn.Parameter(torch.zeros(neurons))
        if trees == 1:
            warnings.warn(
                "DendriticTree: a single tree often stays at chance. Train it several times and report the median, or use more trees.",
                stacklevel=2,
            )

    @property
    def synapses(self) -> int:
        """Synapses of one tree, without that of its root."""
        return sum(weight.shape[0] * weight.shape[1] for weight in self.weights)

    def forward(self, x: Tensor) -> Tensor:
        """[T, B, in_features] -> [T, B, neurons], rates in (0, 1)."""
        return torch.sigmoid(self.soma(x))

    def soma(self, x: Tensor) -> Tensor:
        """What the roots bring to the soma: [T, B, in_features] -> [T, B, neurons], any number."""
        check_input(self, x, self.weight)
        check_rank(self, x, 3, "[T, B, in_features]")
        check_axis(self, x, 2, self.in_features, "features")
        now = self._first(F.pad(x.flatten(0, 1), (0, self.leaves - self.in_features)))
        for weight, bias in islice(zip(self.weights, self.biases, strict=True), 1, None):
            now = F.leaky_relu(_meet(now.unflatten(0, weight.shape[:2]), weight, bias), self.slope, True)
        roots = now[0].unflatten(1, (self.neurons, self.trees))  # [T*B, neurons, trees]
        return ((roots * self.weight).sum(2) + self.bias).unflatten(0, x.shape[:2])

    def _first(self, x: Tensor) -> Tensor:
        """The first level, whose children are the inputs x [M, leaves]: [nodes, M, trees*neurons]."""
        weight, bias = self.weights[0], self.biases[0]
        nodes, children = weight.shape[:2]
        if self.order is not None and self.order.dim() == 2:
            each = x[:, self.order.repeat(self.neurons, 1)]
            sums = _meet(each.permute(2, 0, 1).unflatten(0, (nodes, children)), weight, bias)
        else:
            shared = x if self.order is None else x[:, self.order]
            sums = torch.baddbmm(bias, shared.t().unflatten(0, (nodes, children)).transpose(1, 2), weight)
        return F.leaky_relu(sums, self.slope, True)

    def __repr__(self) -> str:
        return f"DendriticTree({self.in_features}, {self.neurons}, trees={self.trees})"  # without a list of its levels


def _meet(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Children x [nodes, children, M, G] times weight [nodes, children, G], summed, plus bias [nodes, 1, G]: [nodes, M, G]."""
    now = bias
    for child, w in zip(x.unbind(1), weight.unbind(1), strict=True):
        now = torch.addcmul(now, child, w.unsqueeze(1))
    return now


def _plan(in_features: int, branching: Sequence[int] | None) -> tuple[int, ...]:
    """Children of a node, level by level."""
    if branching is None:
        return (2,) * max(1, math.ceil(math.log2(in_features)))
    plan = tuple(branching)
    if not plan or min(plan) < 1 or math.prod(plan) != in_features:
        raise ValueError(
            f"DendriticTree: the product of branching must be in_features={in_features}, so that every input is a leaf; got {plan} with "
            f"product {math.prod(plan)}. Fill the inputs up with zeros, or leave branching out for a binary tree."
        )
    return plan


def _checked(order: Tensor, leaves: int, trees: int) -> Tensor:
    """An order of the leaves, [leaves] or [trees, leaves]; refuses what does not hold each leaf once."""
    given = torch.as_tensor(order)
    if given.shape not in ((leaves,), (trees, leaves)):
        raise ValueError(
            f"DendriticTree: order has shape {tuple(given.shape)}, expected ({leaves},) or ({trees}, {leaves}): [leaves] or [trees, leaves]. "
            f"Use torch.randperm({leaves})."
        )
    if given.is_floating_point() or not torch.equal(given.sort(-1).values, torch.arange(leaves).expand_as(given)):
        raise ValueError(
            f"DendriticTree: order must hold each of 0..{leaves - 1} once a tree. Use torch.randperm({leaves})."
        )
    return given.long()
