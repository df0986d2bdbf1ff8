"""BrainChip's Akida, 1.0 and 2.0."""

import math
from collections.abc import Iterator

from ranvier.hardware.chips.chip import Chip, Violation
from ranvier.hardware.chips.projection import Projection
from ranvier.hardware.plan import Convolution, Delay, Dense, Gate, Op, Parallel, Pool, Population, Scaled, Weights

GUIDES = {
    1: "BrainChip, Akida user guide, Akida 1.0 hardware constraints, brainchip-inc.github.io/akida_examples_2.4.0-doc-1/user_guide/1.0_hw_constraints.html",
    2: "BrainChip, Akida user guide, Akida 2.0 capabilities, doc.brainchipinc.com/user_guide/hardware/2.0.html",
}
NOTES = "BrainChip, Akida user guide 2.3.0, notes on the tables, brainchip-inc.github.io/akida_examples_2.3.0-doc-1/user_guide/hw_constraints.html"
INPUT_BITS = 8
KERNELS = (1, 3, 5, 7)  # behind the first layer
FIRST = {  # kernel -> strides of the first layer
    1: {3: (1, 2, 3), 5: (1, 2, 3), 7: (1, 2, 3)},
    2: {3: (1, 2, 3), 4: (1, 2, 3, 4), 5: (1, 2, 3, 4, 5), 7: (1, 2, 3, 4, 5, 6)},
}
FILTERS = {
    (1, 3): 512,
    (1, 5): 192,
    (1, 7): 96,
    (3, 3): 192,
    (3, 5): 64,
    (3, 7): 32,
}  # (channels, kernel) -> most of Akida 1.0's first layer
SIDES = {1: (math.inf, 256), 2: (384, math.inf)}  # largest height and width of the picture; both at least SMALLEST
SMALLEST = 5
WIDEST = {1: 57334, 2: 2048}  # inputs of a fully connected layer
CHANNELS = 2048  # of Akida 2.0, behind the first layer


class Akida(Chip):
    """Convolutional networks of quantised, sparse activations. There is no time: nothing is kept from one step to the next."""

    title = "Akida"
    unchecked = (
        "the input is taken to be pictures of 8 bit, or activations of the bits that the chip takes",
        "padding, separable and transposed convolutions, global pooling, and how layers are laid out on processors",
    )

    def __init__(self, version: int = 1) -> None:
        self.version = version
        self.source = GUIDES[version]
        self.widths = (1, 2, 4) if version == 1 else (4, 8)

    def find(self, ops: list[Op], parts: list[Projection]) -> Iterator[Violation]:
        first = next((op for op in ops if isinstance(op, Dense | Convolution)), None)
        for k, op in enumerate(ops):
            match op:
                case Convolution():
                    yield from self._weights(op, op.weights, op is first)
                    yield from self._kernel(op, op is first)
                    yield from self._channels(op, op is first)
                case Dense():
                    yield from self._weights(op, op.weights, False)
                    if op.before[0] > WIDEST[self.version]:
                        limit = f"at most {WIDEST[self.version]} inputs of a fully connected layer"
                        yield self.broken(op, limit, f"it has {op.before[0]} inputs", self.source)
                case Pool():
                    yield from self._pool(op, ops[k + 1 :])
                case Delay():
                    yield self.broken(op, "no time", "it hands on earlier steps", self.source)
                case Gate():
                    value = "it counts over steps (maximum pooling of the activations, MaxPool2d, needs no count)"
                    yield self.broken(op, "no time", value, self.source)
                case Parallel() if self.version == 1:
                    yield self.broken(op, "layers in a row", "it adds two branches", self.source)
                case Scaled():
                    yield self.broken(op, "weights of a convolution", "it has factors of its own", self.source)
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
        sizes = tuple(FIRST[self.version]) if first else KERNELS
        if height != width or height not in sizes:
            limit = f"square kernels of {', '.join(map(str, sizes))}"
            yield self.broken(op, limit, f"its kernel is {height} x {width}", self.source)
        inner = (1, 2) if self.version == 2 or height == 3 else (1,)
        strides = FIRST[self.version].get(height, (1, 2, 3)) if first else inner
        if op.stride[0] != op.stride[1] or op.stride[0] not in strides:
            limit = f"strides of {', '.join(map(str, strides))} with this kernel"
            source = NOTES if inner == (1,) and not first else self.source
            yield self.broken(op, limit, f"its stride is {op.stride[0]} x {op.stride[1]}", source)

    def _channels(self, op: Convolution, first: bool) -> Iterator[Violation]:
        channels, filters, size = op.before[0], op.after[0], op.weights.values.shape[2]
        if first and channels not in (1, 3):
            yield self.broken(op, "pictures of 1 or 3 channels", f"it takes {channels} channels", self.source)
        sides = op.before[1:]
        if first and (min(sides) < SMALLEST or any(n > top for n, top in zip(sides, SIDES[self.version], strict=True))):
            tall, wide = (f"{top:g}" if math.isfinite(top) else "any number of" for top in SIDES[self.version])
            limit = f"pictures of {SMALLEST} to {tall} rows and {SMALLEST} to {wide} columns"
            yield self.broken(op, limit, f"it takes {sides[0]} x {sides[1]}", self.source)
        most = FILTERS.get((channels, size)) if first and self.version == 1 else None
        if most is not None and filters > most:
            limit = f"at most {most} filters in a first layer of this kernel"
            yield self.broken(op, limit, f"it has {filters} filters", self.source)
        if not first and self.version == 2 and channels > CHANNELS:
            yield self.broken(op, f"at most {CHANNELS} channels", f"it takes {channels} channels", self.source)

    def _pool(self, op: Pool, rest: list[Op]) -> Iterator[Violation]:
        window = f"its window is {op.kernel[0]} x {op.kernel[1]}, its stride {op.stride[0]} x {op.stride[1]}"
        if op.kind != "max" and op.after[1:] != (1, 1):
            value = f"it takes the {op.kind} of windows of {op.kernel[0]} x {op.kernel[1]}"
            yield self.broken(op, "maximum pooling, and averages of whole pictures", value, self.source)
            return
        if op.kind != "max":
            return
        if self.version == 1 and not any(isinstance(after, Convolution) for after in rest):
            yield self.broken(op, "pooling only in front of another convolution", "no convolution follows it", NOTES)
        if (max(op.kernel) > 2 or max(op.stride) > 2) and (
            self.version == 1 or (op.kernel, op.stride) != ((3, 3), (2, 2))
        ):
            limit = "windows and strides of at most 2 x 2" + (
                ", or 3 x 3 by 2 in the first layer" if self.version == 2 else ""
            )
            yield self.broken(op, limit, window, self.source)

    def _population(self, op: Population) -> Iterator[Violation]:
        kept = ", ".join(op.loop.program.state_names)
        value = f"its neurons keep {kept} from step to step"
        yield self.broken(op, "activations without a state over time", value, self.source)
        if op.recurrent is not None:
            yield self.broken(op, "no recurrence", f"it has {op.recurrent.values.size} recurrent weights", self.source)
