"""Layers that NIR has and `ranvier.layers` has not, as small modules with the three verbs."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ranvier.layers.layer import StatelessLayer, check_axis, check_input, check_rank
from ranvier.layers.pooling import SumPool2d
from ranvier.neurons.verbs import Run, State, Verbs

LONGEST = 2**26  # values that a delay line may keep for one sample


class Convolution(StatelessLayer):
    """Convolutional synapses along one or two axes, with dilation. x: [T, B, C, *size] -> [T, B, out, *size'].

    weight: [out, C / groups, *kernel]. stride, padding, dilation: one number an axis; padding: (before, after) an axis, of zeros.
    `ranvier.layers.Conv2d` is the one that the compiled engine runs.
    """

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor | None,
        stride: Sequence[int],
        padding: Sequence[tuple[int, int]],
        dilation: Sequence[int],
        groups: int,
    ) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight), None if bias is None else nn.Parameter(bias)
        self.stride, self.padding, self.dilation = tuple(stride), tuple(padding), tuple(dilation)
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        check_input(self, x, self.weight)
        check_rank(self, x, self.weight.dim() + 1, "[T, B, C, *size]")
        check_axis(self, x, 2, self.weight.shape[1] * self.groups, "channels")
        convolve = F.conv1d if len(self.stride) == 1 else F.conv2d
        around = [n for pair in reversed(self.padding) for n in pair]  # F.pad begins with the last axis
        frames = F.pad(x.flatten(0, 1), around)
        y = convolve(frames, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)
        return y.unflatten(0, x.shape[:2])

    def extra_repr(self) -> str:
        shape = tuple(self.weight.shape)
        return f"{shape}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, groups={self.groups}"


class FlattenAxes(StatelessLayer):
    """Axes `first` to `last` of a sample become one. x: [T, B, *N]; axis 0 is the first after the batch."""

    def __init__(self, first: int, last: int) -> None:
        super().__init__()
        self.first, self.last = first, last

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(2 + self.first, 2 + self.last)

    def extra_repr(self) -> str:
        return f"{self.first}, {self.last}"


class PaddedSumPool2d(SumPool2d):
    """`SumPool2d` with zeros around the picture. padding: (height, width), at most half of the window."""

    def __init__(self, kernel_size: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int]) -> None:
        super().__init__(kernel_size, stride=stride)
        self.padding = padding

    def pool(self, frames: Tensor) -> Tensor:
        return F.avg_pool2d(frames, self.kernel_size, self.stride, self.padding, divisor_override=1)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, padding={self.padding}"


class Delay(Verbs):
    """Hands each input on some steps later, zero before the first. x: [T, B, *N]; steps: whole numbers [*N], or one for all.

    State: `past` [B, longest, *N], newest first.
    """

    steps: Tensor

    def __init__(self, steps: Tensor | int, shape: Sequence[int] = ()) -> None:
        """shape: [*N], where `steps` is one number."""
        super().__init__()
        whole = torch.as_tensor(steps, dtype=torch.int64)
        if int(whole.min()) < 0:
            raise ValueError(f"Delay: steps must be >= 0, got {int(whole.min())}.")
        self.longest, self.shortest = int(whole.max()), int(whole.min())
        self.register_buffer("steps", whole)
        neurons = math.prod(shape or whole.shape)
        if self.longest * neurons > LONGEST:
            raise ValueError(
                f"Delay: {self.longest} steps of {neurons} values are more than {LONGEST} to keep. Use a larger dt."
            )

    def initial_state(self, shape: Sequence[int], like: Tensor | None = None) -> State:
        """Nothing has arrived yet. shape: [B, *N]."""
        reference = like if like is not None else torch.empty(0)
        full = (shape[0], self.longest, *shape[1:])
        return {"past": torch.zeros(full, dtype=reference.dtype, device=reference.device)}

    def run(self, x: Tensor, state: State | None = None, record: Sequence[str] = ()) -> Run:
        """All time steps of x [T, B, *N] from `state` (rest if None)."""
        check_input(self, x)
        past = (self.initial_state(x.shape[1:], x) if state is None else state)["past"]
        whole = torch.cat([past.transpose(0, 1).flip(0), x])  # [longest + T, B, *N], oldest first
        after = {"past": whole[x.shape[0] :].flip(0).transpose(0, 1)}
        if self.shortest == self.longest:
            return Run(whole[: x.shape[0]], after, {})
        time = torch.arange(x.shape[0], device=x.device).view(-1, *[1] * (x.dim() - 1))
        place = (time + self.longest - self.steps).expand(x.shape)
        return Run(whole.gather(0, place), after, {})

    def peek(self, state: State) -> Tensor:
        """What comes out in this step [B, *N], known before what goes in: all delays are at least one step."""
        past = state["past"]
        place = (self.steps - 1).expand(past.shape[2:]).expand(past.shape[0], 1, *past.shape[2:])
        return past.gather(1, place)[:, 0]

    def push(self, x: Tensor, state: State) -> State:
        """The state after x [B, *N] went in."""
        return {"past": torch.cat([x.unsqueeze(1), state["past"]], 1)[:, : self.longest]}

    def extra_repr(self) -> str:
        return f"{self.shortest} to {self.longest} steps" if self.shortest < self.longest else f"{self.longest} steps"
