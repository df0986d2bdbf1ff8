"""BrainChip's Akida, 1.0 and 2.0."""

from collections.abc import Iterator

from ranvier.hardware.chips.chip import Chip, Violation
from ranvier.hardware.chips.projection import Projection
from ranvier.hardware.plan import Convolution, Delay, Dense, Op, Pool, Population, Weights

VENDOR = "BrainChip, Akida user guide, hardware constraints of Akida {}"
INPUT_BITS = 8


class Akida(Chip):
    """Convolutional networks of quantised, sparse activations. There is no time: nothing is kept from one step to the next."""

    title = "Akida"
    unchecked = (
        "the input is taken to be pictures of 8 bit, or activations of the bits that the chip takes",
        "padding, separable and transposed convolutions, global pooling, and how layers are laid out on processors",
    )

    def __init__(self, version: int = 1) -> None:
        self.version = version
        self.source = VENDOR.format(f"{version}.0")
        self.widths = (1, 2, 4) if version == 1 else (4, 8)

    def find(self, ops: list[Op], parts: list[Projection]) -> Iterator[Violation]:
        first = next((op for op in ops if isinstance(op, Dense | Convolution)), None)
        for k, op in enumerate(ops):
            match op:
                case Convolution():
                    yield from self._weights(op, op.weights, op is first)
                    yield from self._kernel(op, op is first)
                case Dense():
                    yield from self._weights(op, op.weights, False)
                case Pool():
                    yield from self._pool(op, ops[k + 1 :])
                case Delay():
                    yield self.broken(op, "no time", "it hands on earlier steps", self.source)
                case Population():
                    yield from self._population(op)

    def _weights(self, op: Op, weights: Weights, first: bool) -> Iterator[Violation]:
        widths = tuple(sorted({*self.widths, INPUT_BITS})) if first else self.widths
        limit = f"weights of {', '.join(map(str, widths))} bit{' in the first layer' if first else ''}"
        if weights.bits is None:
            value = f"its weights are floating point (rv.hardware.quantise(net, bits={max(widths)}) rounds them)"
            yield self.broken(op, limit, value, self.source)
        elif weights.bits > max(widths):
            yield self.broken(op, limit, f"its weights have {weights.bits} bit", self.source)

    def _kernel(self, op: Convolution, first: bool) -> Iterator[Violation]:
        height, width = op.weights.values.shape[2:]
        sizes = (3, 5, 7) if first else tuple(range(1, 8))
        if height != width or height not in sizes:
            limit = f"square kernels of {', '.join(map(str, sizes))}"
            yield self.broken(op, limit, f"its kernel is {height} x {width}", self.source)
        strides = (1, 2, 3) if first else (1, 2) if height == 3 else (1,)
        if op.stride[0] != op.stride[1] or op.stride[0] not in strides:
            limit = f"strides of {', '.join(map(str, strides))} with this kernel"
            yield self.broken(op, limit, f"its stride is {op.stride[0]} x {op.stride[1]}", self.source)

    def _pool(self, op: Pool, rest: list[Op]) -> Iterator[Violation]:
        if self.version == 1 and not any(isinstance(after, Convolution) for after in rest):
            yield self.broken(
                op, "pooling only in front of another convolution", "no convolution follows it", self.source
            )
        if self.version == 2 and (op.kernel, op.stride) not in (((2, 2), (2, 2)), ((3, 3), (2, 2))):
            value = f"its window is {op.kernel[0]} x {op.kernel[1]}, its stride {op.stride[0]} x {op.stride[1]}"
            yield self.broken(op, "pooling of 2 x 2 by 2 or 3 x 3 by 2", value, self.source)

    def _population(self, op: Population) -> Iterator[Violation]:
        kept = ", ".join(op.loop.program.state_names)
        value = f"its neurons keep {kept} from step to step"
        yield self.broken(op, "activations without a state over time", value, self.source)
        if op.recurrent is not None:
            yield self.broken(op, "no recurrence", f"it has {op.recurrent.values.size} recurrent weights", self.source)
