"""A chain of the few steps that conversion knows: batch norms folded, what does nothing left out, the rest refused.

What is left: Linear, Conv2d (no dilation), `Affine`, activations, AvgPool2d (no padding), MaxPool2d, Flatten, sums.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from ranvier.conversion.qcfs import QCFS
from ranvier.conversion.source import Affine, Chain, Step, Sum, through
from ranvier.errors import RanvierError

ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.Hardtanh, QCFS)  # a ReLU6 is a Hardtanh
WEIGHTS = (nn.Linear, nn.Conv2d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
NOTHING = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout)
DECISIONS = (nn.Softmax, nn.LogSoftmax)
FIRES_BELOW_ZERO = "its output is negative or is no rate, which spikes cannot carry. Train with nn.ReLU() in its place, or convert another network"


def simplify(chain: Chain, x: Tensor) -> tuple[Chain, list[str]]:
    """The chain made simple, with shapes, and sentences on what was done to it. x: one sample [1, *N].

    Raises `RanvierError` for a step that cannot become spikes.
    """
    made = _Simple()
    trimmed = chain
    if chain and isinstance(chain[-1], Step) and isinstance(chain[-1].module, DECISIONS):
        trimmed = chain[:-1]
        made.notes["the softmax at the end is left out: it does not change which class is highest"] = 1
    with torch.no_grad():
        done, after = made.chain(trimmed, x)
        expected = through(trimmed, x)
    assert after.shape == expected.shape
    return done, made.sentences()


class _Simple:
    def __init__(self) -> None:
        self.notes: dict[str, int] = {}  # sentence -> how often
        self.names: dict[str, int] = {}  # how often each has been given

    def sentences(self) -> list[str]:
        return [text.format(n=n, s="s" * (n > 1)) for text, n in self.notes.items()]

    def unique(self, name: str) -> str:
        """A name of its own for each use of a module; each is a population with its own rates."""
        self.names[name] = self.names.get(name, 0) + 1
        return name if self.names[name] == 1 else f"{name}:{self.names[name]}"

    def note(self, text: str) -> None:
        self.notes[text] = self.notes.get(text, 0) + 1

    def chain(self, chain: Chain, x: Tensor) -> tuple[Chain, Tensor]:
        """Simple steps of a chain and its output for x [1, *N]."""
        found: list[Step | Sum] = []
        for item in _in_order(chain):
            if isinstance(item, Sum):
                first, second = (self.chain(branch, x) for branch in item.branches)
                x = first[1] + second[1]
                found.append(Sum(item.name, (first[0], second[0]), tuple(x.shape[1:])))
                self.note("{n} residual sum{s}: each branch is scaled to the units of the sum before it is added")
                continue
            for module in self.step(item, x, found):
                x = module(x)
                found.append(Step(self.unique(item.name), module, tuple(x.shape[1:])))
        return tuple(found), x

    def step(self, item: Step, x: Tensor, before: list[Step | Sum]) -> Iterable[nn.Module]:
        """The modules that stand for a step on x [1, *N]. before: the steps so far, the last of which a batch norm changes."""
        module = item.module
        if isinstance(module, NOTHING):
            if not isinstance(module, nn.Identity):
                self.note("{n} dropout layer{s} left out, as after training")
            return []
        if isinstance(module, NORMS):
            return self._norm(item, module, before)
        if isinstance(module, nn.Conv2d):
            return [_plain_conv(item.name, module)]
        if isinstance(module, nn.AvgPool2d):
            return [_plain_average(item.name, module, x)]
        if isinstance(module, nn.AdaptiveAvgPool2d):
            return [_sized_average(item.name, module, x)]
        if isinstance(module, nn.MaxPool2d):
            if module.return_indices or module.ceil_mode:
                raise _refused(item, "return_indices and ceil_mode are not known. Use nn.MaxPool2d(size)")
            self.note(
                "{n} max pooling{s}: a gate passes on as many spikes as the most active input of each window has had (MaxGate)"
            )
            return [module]
        if isinstance(module, nn.Flatten):
            if (module.start_dim, module.end_dim) != (1, -1):
                raise _refused(item, "only nn.Flatten() of everything but the batch is known. Use nn.Flatten()")
            return [module] if x.dim() > 2 else []
        if isinstance(module, nn.Hardtanh) and module.min_val != 0:  # a ReLU6 has 0
            raise _refused(item, FIRES_BELOW_ZERO)
        if isinstance(module, ACTIVATIONS):
            return [] if _never_negative(before) and isinstance(module, nn.ReLU) else [module]
        if isinstance(module, nn.Linear | Affine):
            return [module]
        raise _refused(item, _why(module))

    def _norm(self, item: Step, module: nn.Module, before: list[Step | Sum]) -> list[nn.Module]:
        norm: Any = module
        if norm.running_mean is None:
            raise _refused(
                item,
                "it normalises by the batch at hand, which a spiking network has none of. Train it with track_running_stats=True",
            )
        gain = torch.rsqrt(norm.running_var + norm.eps)
        gain = gain if norm.weight is None else norm.weight.detach() * gain
        offset = -norm.running_mean * gain
        offset = offset if norm.bias is None else offset + norm.bias.detach()
        last = before[-1] if before else None
        if isinstance(last, Step) and isinstance(last.module, WEIGHTS):
            before[-1] = replace(last, module=folded(last.module, gain, offset))
            self.note("{n} batch norm{s} folded into the weights before, with the means and variances of training")
            return []
        self.note("{n} batch norm{s} without weights before: a factor and an offset for each channel")
        return [Affine(gain, offset)]


def folded(module: nn.Linear | nn.Conv2d, gain: Tensor, offset: Tensor) -> nn.Module:
    """Weights and the batch norm behind them as weights: w' = gain w, b' = gain b + offset; gain, offset: [out].

    gain = gamma/sqrt(var + eps), offset = beta - gain mean.
    """
    weight = module.weight.detach()
    bias = offset if module.bias is None else gain * module.bias.detach() + offset
    return with_weights(module, weight * gain.view(-1, *(1,) * (weight.dim() - 1)), bias)


def with_weights(module: Any, weight: Tensor, bias: Tensor | None, padding: tuple[int, int] | None = None) -> Any:
    """The same synapses with other weights; a convolution without dilation."""
    if isinstance(module, nn.Linear):
        made: Any = nn.Linear(module.in_features, module.out_features, bias=bias is not None)
    else:
        size: Any = tuple(weight.shape[2:])
        made = nn.Conv2d(
            module.in_channels,
            module.out_channels,
            size,
            module.stride,
            module.padding if padding is None else padding,
            groups=module.groups,
            bias=bias is not None,
        )
    made = made.to(weight.dtype)
    with torch.no_grad():
        made.weight.copy_(weight)
        if bias is not None:
            made.bias.copy_(bias)
    return made


def _in_order(chain: Chain) -> list[Step | Sum]:
    """A max pooling before a ReLU comes after it: max and ReLU may change places, and rates are never negative."""
    items = list(chain)
    for k in range(len(items) - 1):
        one, two = items[k], items[k + 1]
        if isinstance(one, Step) and isinstance(two, Step):
            if isinstance(one.module, nn.MaxPool2d) and isinstance(two.module, ACTIVATIONS):
                items[k], items[k + 1] = two, one
    return items


def _never_negative(before: list[Step | Sum]) -> bool:
    """Whether what has been found so far ends in rates."""
    for item in reversed(before):
        if isinstance(item, Step) and isinstance(item.module, nn.AvgPool2d | nn.MaxPool2d | nn.Flatten):
            continue
        return isinstance(item, Step) and isinstance(item.module, ACTIVATIONS)
    return False


def _plain_conv(name: str, module: nn.Conv2d) -> nn.Module:
    """A convolution of zeros around the picture and no dilation, which becomes a larger kernel with zeros between."""
    where = Step(name, module)
    if module.padding_mode != "zeros":
        raise _refused(where, f'padding_mode="{module.padding_mode}" is not known. Use padding_mode="zeros"')
    size, dilation = module.kernel_size, module.dilation
    reach = tuple((k - 1) * d for k, d in zip(size, dilation, strict=True))
    padding: Any = module.padding
    if padding == "valid":
        padding = (0, 0)
    elif padding == "same":
        if any(r % 2 for r in reach):
            raise _refused(where, 'padding="same" with an even kernel pads one side more. Use an odd kernel')
        padding = tuple(r // 2 for r in reach)
    weight = module.weight.detach()
    if max(dilation) > 1:
        wide = weight.new_zeros((*weight.shape[:2], reach[0] + 1, reach[1] + 1))
        wide[:, :, :: dilation[0], :: dilation[1]] = weight
        weight = wide
    return with_weights(module, weight, None if module.bias is None else module.bias.detach(), padding)


def _plain_average(name: str, module: nn.AvgPool2d, x: Tensor) -> nn.Module:
    """Average pooling without padding; with padding it is a convolution of each channel for itself."""
    size, stride, padding = _pair(module.kernel_size), _pair(module.stride), _pair(module.padding)
    if module.ceil_mode or module.divisor_override is not None or (max(padding) and not module.count_include_pad):
        raise _refused(
            Step(name, module),
            "ceil_mode, divisor_override and count_include_pad=False are not known. Use nn.AvgPool2d(size)",
        )
    if not max(padding):
        return nn.AvgPool2d(size, stride)
    channels = x.shape[1]
    made = nn.Conv2d(channels, channels, size, stride, padding, groups=channels, bias=False).to(x.dtype)
    nn.init.constant_(made.weight, 1 / (size[0] * size[1]))
    return made


def _sized_average(name: str, module: nn.AdaptiveAvgPool2d, x: Tensor) -> nn.Module:
    """Adaptive average pooling as average pooling, where the windows are all of one size."""
    height, width = x.shape[2:]
    wanted = _pair(module.output_size)
    after = tuple(n if w is None else w for n, w in zip((height, width), wanted, strict=True))
    if height % after[0] or width % after[1]:
        raise _refused(
            Step(name, module),
            f"its windows differ in size, {height} x {width} to {after[0]} x {after[1]}. Use sizes that divide",
        )
    return nn.AvgPool2d((height // after[0], width // after[1]))


def _pair(value: Any) -> tuple[Any, Any]:
    return tuple(value) if isinstance(value, tuple | list) else (value, value)


def _why(module: nn.Module) -> str:
    """What is in the way of a module, and what to use."""
    kind = type(module)
    if isinstance(module, DECISIONS):
        return "a softmax is known at the end alone. Take it away"
    if isinstance(module, nn.Conv1d | nn.Conv3d):
        return "a convolution of pictures is known alone. Use nn.Conv2d, with a height of 1 for sequences"
    if kind.__module__.startswith("torch.nn.modules.activation"):
        return FIRES_BELOW_ZERO
    if "norm" in kind.__name__.lower():
        return (
            "it normalises by the sample at hand, and no weights can hold that. Train with nn.BatchNorm2d in its place"
        )
    return "known are Linear, Conv2d, BatchNorm1d, BatchNorm2d, ReLU, ReLU6, Hardtanh(0, m), QCFS, AvgPool2d, MaxPool2d, Flatten and sums. Replace it"


def _refused(item: Step, why: str) -> RanvierError:
    return RanvierError(f"{item.name} ({' '.join(str(item.module).split())[:80]}): {why}.")
