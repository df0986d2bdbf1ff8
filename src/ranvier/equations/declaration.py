"""How a model is declared: parameters and states as annotated class attributes, equations as plain methods.

    class LIF(Neuron):
        tau_mem: Time = parameter(20 * ms)
        v: Voltage = state("v_leak")
        def dynamics(self, s, i): ...

A number with a dimension that is no parameter, such as the width of a rate function, is an annotated class attribute:
`width: Voltage = 10 * mV`. `Declaration.of(cls)` collects what a class says; `call` runs its methods on symbols or numbers;
`check` runs them on dimensions.
"""

import inspect
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

from ranvier.equations.dimensions import DimensionError, Quantity
from ranvier.units import NAMED, Dimension


class ModelError(TypeError):
    """A model class whose declaration or equations cannot be used."""


@dataclass(frozen=True)
class ParameterSpec:
    """A constant of the model: default in SI, and the bounds that every value must respect."""

    default: Any
    positive: bool = False
    nonnegative: bool = False


@dataclass(frozen=True)
class StateSpec:
    """A variable of the model and where it starts: a number, or the name of a parameter or of a method that computes it."""

    initial: float | str = 0.0


@dataclass(frozen=True)
class DrawSpec:
    """A number drawn anew in each step."""


def draw() -> Any:
    """Declares a random number, uniform in (0, 1), that every neuron draws anew in each step; an equation reads it as `s.<name>`.

    The model then has two more states: `stream`, which of 2^24 random streams a neuron reads, and `drawn`, how far it has read.
    """
    return DrawSpec()


def parameter(default: Any, *, positive: bool = False, nonnegative: bool = False) -> Any:
    """Declares a parameter with its default value in SI units.

    positive: refuse values <= 0, and learn the logarithm, so that training cannot leave the domain.
    nonnegative: refuse values < 0.
    """
    return ParameterSpec(default, positive, nonnegative)


def state(initial: float | str = 0.0) -> Any:
    """Declares a state variable that starts at a number, at the named parameter, or at what the named method makes of parameters."""
    return StateSpec(initial)


@dataclass(frozen=True, eq=False)
class Declaration:
    """What a model class declares, with the dimension of each name."""

    name: str
    parameters: Mapping[str, ParameterSpec]
    states: Mapping[str, StateSpec]
    draws: tuple[str, ...]
    dimensions: Mapping[str, Dimension]
    methods: Mapping[str, Callable[..., Any]]
    membrane: str
    constants: Mapping[str, Any]

    @staticmethod
    def of(cls: type) -> "Declaration":
        """Collects the declaration of a class and of its bases."""
        parameters: dict[str, ParameterSpec] = {}
        states: dict[str, StateSpec] = {}
        draws: list[str] = []
        methods: dict[str, Callable[..., Any]] = {}
        constants: dict[str, Any] = {}
        for base in reversed(cls.__mro__):
            for name, value in vars(base).items():
                value = getattr(value, "spec", value)
                if isinstance(value, ParameterSpec):
                    parameters[name] = value
                elif isinstance(value, StateSpec):
                    states[name] = value
                elif isinstance(value, DrawSpec):
                    draws.append(name)
                elif isinstance(value, types.FunctionType) and not name.startswith("__"):
                    methods[name] = value
                elif isinstance(value, int | float | str) and not name.startswith("_"):
                    constants[name] = value
                elif value is None:  # `name = None` takes away what a base declares
                    parameters.pop(name, None)
                    methods.pop(name, None)
        if not states:
            raise ModelError(f"{cls.__name__} declares no state. Write, for example, `v: Voltage = state(0.0)`.")
        reserved = {"dt", "input", "spike", "spiked", "refractory", "waiting", "stream", "drawn"} & {
            *parameters,
            *states,
            *draws,
        }
        if reserved:
            raise ModelError(
                f"{cls.__name__}: the name {sorted(reserved)[0]!r} has a meaning of its own. Choose another."
            )
        membrane = constants.get("membrane", "v")
        if membrane not in states:
            raise ModelError(
                f"{cls.__name__}: the membrane state is {membrane!r}, but the states are {sorted(states)}. "
                'Set `membrane = "..."` in the class to the state that fires.'
            )
        return Declaration(
            cls.__name__,
            parameters,
            states,
            tuple(draws),
            _dimensions(cls, parameters, (*states, *draws), constants),
            methods,
            membrane,
            constants,
        )

    def has(self, method: str) -> bool:
        """Whether the class defines this equation."""
        return method in self.methods

    def input_dimension(self, method: str) -> Dimension:
        """Dimension of the input of `dynamics` (default current) or `receive` (default voltage), from its annotation."""
        hints = get_type_hints(self.methods[method], include_extras=True)
        name = list(inspect.signature(self.methods[method]).parameters)[-1]
        default = NAMED["current"] if method == "dynamics" else NAMED["voltage"]
        return _dimension_in(hints.get(name), default)

    def call(self, method: str, values: Mapping[str, Any], *inputs: Any) -> Any:
        """Runs one equation with `values` for every parameter and state: symbols, dimensions or tensors."""
        bound = _Bound(self, values)
        s = types.SimpleNamespace(**{name: values[name] for name in (*self.states, *self.draws)})
        return types.MethodType(self.methods[method], bound)(s, *inputs[: self.takes_input(method)])

    def initial(self, state: str, values: Mapping[str, Any]) -> Any:
        """Where a state starts, given `values` of every parameter: numbers, tensors or dimensions."""
        start = self.states[state].initial
        if not isinstance(start, str):
            return start
        return getattr(_Bound(self, values), start)() if start in self.methods else values[start]

    def takes_input(self, method: str) -> bool:
        """Whether the equation has an argument for the input besides self and s."""
        return len(inspect.signature(self.methods[method]).parameters) > 2

    def check(self) -> None:
        """Checks the dimension of every term, and that each equation returns known states. Raises `ModelError`."""
        time = NAMED["time"]
        values = {"dt": Quantity(time, "dt")} | {name: Quantity(d, name) for name, d in self.dimensions.items()}
        if not self.has("dynamics"):
            raise ModelError(
                f"{self.name} has no dynamics. Define `def dynamics(self, s, i): return {{state: d(state)/dt}}`."
            )
        self._check_method("dynamics", values, lambda d: d / time, "d({})/dt")
        if self.has("receive"):
            self._check_method("receive", values, lambda d: d, "{}")
        if self.has("reset"):
            self._check_method("reset", values, lambda d: d, "{}", with_input=False)
        for method in ("threshold", "rearm"):
            if self.has(method):
                try:
                    self.call(method, values)
                except DimensionError as error:
                    raise ModelError(f"{self.name}.{method}: {error}.") from None
        if self.has("output"):
            self._check_output(values)
        self._check_starts(values)

    def _check_output(self, values: Mapping[str, Any]) -> None:
        if self.has("threshold"):
            raise ModelError(
                f"{self.name} has a threshold, so its output is its spikes. Remove `output` or `threshold`."
            )
        try:
            got = Quantity.of(self.call("output", values, Quantity(self.input_dimension("output"), "input")))
        except DimensionError as error:
            raise ModelError(f"{self.name}.output: {error}.") from None
        hint = get_type_hints(self.methods["output"], include_extras=True).get("return")
        if got is not None and got.dimension != (want := _dimension_in(hint, got.dimension)):
            raise ModelError(f"{self.name}.output has dimension {got.dimension}, expected {want} (in {got.text}).")

    def _check_starts(self, values: Mapping[str, Any]) -> None:
        for name, spec in self.states.items():
            start = spec.initial
            if isinstance(start, str) and start not in (*self.parameters, *self.methods):
                raise ModelError(
                    f"{self.name}: {name} starts at {start!r}, which is neither a parameter nor a method. "
                    "Give a number, or the name of one."
                )
            try:
                got = Quantity.of(self.initial(name, values)) if isinstance(start, str) else None
            except DimensionError as error:
                raise ModelError(f"{self.name}.{start}: {error}.") from None
            if got is not None and got.dimension != self.dimensions[name]:
                raise ModelError(
                    f"{self.name}: {name} has dimension {self.dimensions[name]}, but starts at {start!r} of dimension {got.dimension}."
                )

    def _check_method(
        self,
        method: str,
        values: Mapping[str, Any],
        expected: Callable[[Dimension], Dimension],
        label: str,
        with_input: bool = True,
    ) -> None:
        inputs = [Quantity(self.input_dimension(method), "input")] if with_input else []
        try:
            result = self.call(method, values, *inputs)
        except DimensionError as error:
            raise ModelError(f"{self.name}.{method}: {error}.") from None
        if not isinstance(result, dict):
            raise ModelError(f"{self.name}.{method} must return a dict of states, got {type(result).__name__}.")
        for name, value in result.items():
            if name not in self.states:
                raise ModelError(
                    f"{self.name}.{method} returns {name!r}, which is no state. States: {sorted(self.states)}."
                )
            got, want = Quantity.of(value), expected(self.dimensions[name])
            if got is not None and got.dimension != want:
                hint = " Did you forget to divide by a time constant?" if method == "dynamics" else ""
                raise ModelError(
                    f"{self.name}.{method}: {label.format(name)} has dimension {got.dimension}, expected {want} "
                    f"(in {got.text}).{hint}"
                )
        missing = set(self.states) - set(result)
        if method == "dynamics" and missing:
            raise ModelError(
                f"{self.name}.dynamics gives no derivative of {sorted(missing)}. Return 0 * ... for a constant state."
            )


class _Bound:
    """Stands for `self` while an equation runs: parameters and dt come from `values`, methods and constants from the class."""

    def __init__(self, declaration: Declaration, values: Mapping[str, Any]) -> None:
        self._declaration, self._values = declaration, values

    def __getattr__(self, name: str) -> Any:
        declaration = self._declaration
        if name in declaration.parameters or name == "dt":
            return self._values[name]
        if name in declaration.methods:
            return types.MethodType(declaration.methods[name], self)
        if name in declaration.constants:
            return self._values.get(name, declaration.constants[name])
        raise ModelError(
            f"{declaration.name}: an equation uses self.{name}, which is not declared. Write `{name}: Voltage = parameter(...)`."
        )


def _dimensions(
    cls: type, parameters: Mapping[str, Any], states: Iterable[str], constants: Mapping[str, Any]
) -> dict[str, Dimension]:
    """Dimension of each parameter, state, and constant that is annotated with one (others are plain numbers)."""
    hints = get_type_hints(cls, include_extras=True)
    plain = NAMED["dimensionless"]
    found = {name: _dimension_in(hints.get(name), plain) for name in (*parameters, *states)}
    annotated = {name: _dimension_in(hints.get(name), plain) for name in constants}
    return found | {name: d for name, d in annotated.items() if d != plain}


def _dimension_in(hint: Any, default: Dimension) -> Dimension:
    for extra in getattr(hint, "__metadata__", ()):
        if isinstance(extra, Dimension):
            return extra
    return default
