"""QCFS: an activation that rounds as a spiking neuron does, to train with before conversion."""

import copy
import math

import torch
from torch import Tensor, nn


class QCFS(nn.Module):
    """Quantised, clipped ReLU (quantisation, clip, floor, shift): y = threshold * clip(floor(x levels/threshold + 1/2)/levels, 0, 1).

    That is the rate, times the threshold, of an integrate-and-fire neuron that starts at half its threshold and has `levels` steps of constant
    input x. A network that was trained with it is converted with this very threshold, without a choice of scale. The gradient goes
    straight through the rounding and ends outside of 0 to `threshold`. threshold: learned, one a layer, stored as its logarithm.

    Source: Bu et al., "Optimal ANN-SNN conversion for high-accuracy and ultra-low-latency spiking neural networks", ICLR (2022), eq. 15.

    >>> QCFS(levels=8, threshold=1.0)(torch.tensor([0.37, 0.9, -1.0])).tolist()
    [0.375, 0.875, 0.0]
    """

    def __init__(self, levels: int = 8, threshold: float = 8.0) -> None:
        super().__init__()
        if levels < 1:
            raise ValueError(f"QCFS: levels must be at least 1, got {levels}. Write levels=8.")
        if not (math.isfinite(threshold) and threshold > 0):
            raise ValueError(f"QCFS: threshold must be a number above 0, got {threshold}. Write threshold=8.0.")
        self.levels = int(levels)
        self.log_threshold = nn.Parameter(torch.tensor(float(threshold)).log())

    @property
    def threshold(self) -> Tensor:
        """Largest value of the output, 0-d."""
        return self.log_threshold.exp()

    def forward(self, x: Tensor) -> Tensor:
        """Values of any shape -> the same shape, in [0, threshold]."""
        clipped = (x / self.threshold).clamp(0, 1)
        rounded = torch.floor(clipped * self.levels + 0.5) / self.levels
        return self.threshold * (clipped + (rounded - clipped).detach())

    def extra_repr(self) -> str:
        return f"levels={self.levels}, threshold={float(self.threshold.detach()):.6g}"


def with_qcfs(model: nn.Module, levels: int = 8, threshold: float = 8.0) -> nn.Module:
    """A copy of a model whose `nn.ReLU` and `nn.ReLU6` modules are `QCFS`, to train or to fine-tune before conversion.

    Raises ValueError where the model has none, as one that calls torch.relu in its `forward`.
    """
    copied = copy.deepcopy(model)
    places = [
        (parent, name)
        for parent in copied.modules()
        for name, child in parent.named_children()
        if isinstance(child, nn.ReLU | nn.ReLU6)
    ]
    if not places:
        raise ValueError(
            f"with_qcfs: {type(model).__name__} has no nn.ReLU module to replace. Use nn.ReLU() modules instead of functions, each of its own."
        )
    for parent, name in places:
        setattr(parent, name, QCFS(levels, threshold))
    return copied
