"""Max pooling of rates."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ranvier.layers.layer import check_input, check_rank
from ranvier.neurons.verbs import Run, State, Verbs


class MaxGate(Verbs):
    """Passes on so many spikes that their number is at each step the largest of its window. x: [T, B, C, H, W] -> [T, B, C, H', W'].

    sum_t y[t] = max over the window of sum_t x[t]. The rate of the output is thus the largest rate in the window, where a spike for any spike
    of the window (`MaxPool2d`) fires up to as often as all of them together. Values that are no spikes keep their largest mean.

    pool: torch's pooling (size, stride, padding, dilation). State: `total` [B, C, H, W], the input summed so far.

    Source: the gate of Rueckauer et al., Frontiers in Neuroscience 11:682 (2017), section 2.2, in a form that holds at every step.
    """

    def __init__(self, pool: nn.MaxPool2d) -> None:
        super().__init__()
        self.pool = pool

    def initial_state(self, shape: Sequence[int], like: Tensor | None = None) -> State:
        """Nothing has arrived. shape: [B, C, H, W]."""
        reference = like if like is not None else torch.empty(0)
        return {"total": torch.zeros(tuple(shape), dtype=reference.dtype, device=reference.device)}

    def run(self, x: Tensor, state: State | None = None, record: Sequence[str] = ()) -> Run:
        """All time steps of x [T, B, C, H, W] from `state` (rest if None)."""
        check_input(self, x)
        check_rank(self, x, 5, "[T, B, C, H, W]")
        total = (self.initial_state(x.shape[1:], x) if state is None else state)["total"]
        sums = x.cumsum(0) + total
        largest = self.pool(sums.flatten(0, 1)).unflatten(0, x.shape[:2])
        output = torch.diff(largest, dim=0, prepend=self.pool(total).unsqueeze(0))
        return Run(output, {"total": sums[-1]}, {})
