"""Text of a C file as it grows: constants, static memory, functions, and what each costs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

BYTES = {"uint8_t": 1, "int8_t": 1, "int16_t": 2, "int32_t": 4, "uint32_t": 4, "int64_t": 8, "float": 4, "double": 8}
PER_LINE = 12  # numbers of a table


@dataclass
class Layer:
    """What one layer costs. flash: bytes of constants; ram: bytes of static memory."""

    place: str
    name: str
    before: tuple[int, ...]
    after: tuple[int, ...]
    flash: int = 0
    ram: int = 0


@dataclass
class CSource:
    """Pieces of the file. real: type of values, "float", "double" or (whole numbers) "int32_t"."""

    real: str
    constants: list[str] = field(default_factory=list)
    memory: list[str] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    reset: list[str] = field(default_factory=list)
    helpers: set[str] = field(default_factory=set)
    layers: list[Layer] = field(default_factory=list)
    shared_ram: int = 0

    @property
    def floating(self) -> bool:
        """Whether values are floating point."""
        return self.real in ("float", "double")

    def number(self, value: float) -> str:
        """A literal of type `real`, exact."""
        if self.real == "float":
            text = f"{np.float32(value):.9g}"
        else:
            text = f"{float(value):.17g}"
        text = text if re.search(r"[.e]", text) else f"{text}.0"
        text += "f" if self.real == "float" else ""
        return f"({text})" if value < 0 else text

    def table(self, name: str, ctype: str, values: np.ndarray) -> None:
        """A constant array; counts its bytes for the current layer."""
        flat = np.asarray(values).ravel()
        if ctype in ("float", "double"):
            texts = [_bare(self.number(float(v))) for v in flat]
        else:
            texts = [_bare(whole(int(v), ctype)) for v in flat]
        rows = [", ".join(texts[k : k + PER_LINE]) for k in range(0, len(texts), PER_LINE)]
        body = ",\n    ".join(rows)
        self.constants.append(f"static const {ctype} {name}[{len(flat)}] = {{\n    {body}}};")
        self.layers[-1].flash += len(flat) * BYTES[ctype]

    def per_neuron(self, name: str, ctype: str, values: np.ndarray, shape: Sequence[int]) -> str:
        """Text that reads neuron k's value: a literal, a table of channels, or a table of neurons. values: [] or [*N]."""
        values = np.asarray(values)
        if values.ndim == 0 or (values == values.flat[0]).all():
            first = values.flat[0]
            return self.number(float(first)) if ctype in ("float", "double") else whole(int(first), ctype)
        full = np.broadcast_to(values, tuple(shape))
        rows = full.reshape(shape[0], -1)
        if rows.shape[1] > 1 and (rows == rows[:, :1]).all():
            self.table(name, ctype, rows[:, 0])
            return f"{name}[k / {rows.shape[1]}]"
        self.table(name, ctype, full)
        return f"{name}[k]"

    def static(self, name: str, ctype: str, size: int, start: str | None = "0") -> None:
        """A static array of the current layer; start: text of element k's value after a reset (None: it needs none)."""
        self.memory.append(f"static {ctype} {name}[{size}];")
        self.layers[-1].ram += size * BYTES[ctype]
        if start is not None:
            self.reset.append(f"    for (int32_t k = 0; k < {size}; k++) {name}[k] = {start};")


def _bare(text: str) -> str:
    """A literal without the brackets around a negative one."""
    return text[1:-1] if text.startswith("(") else text


def whole(value: int, ctype: str = "int32_t") -> str:
    """A literal of a whole number."""
    text = f"INT64_C({abs(value)})" if ctype == "int64_t" or abs(value) >= 2**31 else str(abs(value))
    return f"(-{text})" if value < 0 else text


def storage(bits: int) -> str:
    """The smallest type that holds `bits` bits."""
    return next(t for t, n in (("int8_t", 8), ("int16_t", 16), ("int32_t", 32), ("int64_t", 64)) if bits <= n)


def identifier(name: str) -> str:
    """A C name for a variable of a model; the prefix keeps it from keywords and from our own names."""
    return "m_" + re.sub(r"\W", "_", name)


def comment(text: str) -> str:
    """Text that cannot end a comment."""
    return text.replace("*/", "* /").replace("/*", "/ *")
