"""How a model is declared: parameters and states as annotated class attributes, equations as plain methods.

    class LIF(Neuron):
        tau_mem: Time = parameter(20 * ms)
        v: Voltage = state("v_leak")
        def dynamics(self, s, i): ...

`Declaration.of(cls)` collects what a class says; `trace` runs its methods on symbols; `check` runs them on dimensions.
"""

import inspect
import types
from collections.abc import Callable, Mapping
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
    """A variable of the model and where it starts: a number, or the name of a parameter."""

    initial: float | str = 0.0


def parameter(default: Any, *, positive: bool = False, nonnegative: bool = False) -> Any:
    """Declares a parameter with its default value in SI units.

    positive: refuse values <= 0, and learn the logarithm, so that training cannot leave the domain.
    nonnegative: refuse values < 0.
    """
    return ParameterSpec(default, positive, nonnegative)


def state(initial: float | str = 0.0) -> Any:
    """Declares a state variable that starts at a number or at the value of the named parameter."""
    return StateSpec(initial)


@dataclass(frozen=True, eq=False)
class Declaration:
    """What a model class declares, with the dimension of each name."""

    name: str
    parameters: Mapping[str, ParameterSpec]
    states: Mapping[str, StateSpec]
    dimensions: Mapping[str, Dimension]
    methods: Mapping[str, Callable[..., Any]]
    membrane: str
    constants: Mapping[str, Any]

    @staticmethod
    def of(cls: type) -> "Declaration":
        """Collects the declaration of a class and of its bases."""
        parameters: dict[str, ParameterSpec] = {}
        states: dict[str, StateSpec] = {}
        methods: dict[str, Callable[..., Any]] = {}
        constants: dict[str, Any] = {}
        for base in reversed(cls.__mro__):
            for name, value in vars(base).items():
                value = getattr(value, "spec", value)
                if isinstance(value, ParameterSpec):
                    parameters[name] = value
                elif isinstance(value, StateSpec):
                    states[name] = value
                elif isinstance(value, types.FunctionType) and not name.startswith("__"):
                    methods[name] = value
                elif isinstance(value, int | float | str) and not name.startswith("_"):
                    constants[name] = value
        if not states:
            raise ModelError(f"{cls.__name__} declares no state. Write, for example, `v: Voltage = state(0.0)`.")
        reserved = {"dt", "input", "spike", "spiked", "refractory"} & {*parameters, *states}
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
            cls.__name__, parameters, states, _dimensions(cls, parameters, states), methods, membrane, constants
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
        s = types.SimpleNamespace(**{name: values[name] for name in self.states})
        return types.MethodType(self.methods[method], bound)(s, *inputs[: self._inputs_of(method)])

    def _inputs_of(self, method: str) -> int:
        """1 if the equation has an argument for the input besides self and s, else 0."""
        return len(inspect.signature(self.methods[method]).parameters) - 2

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
        if self.has("threshold"):
            try:
                self.call("threshold", values)
            except DimensionError as error:
                raise ModelError(f"{self.name}.threshold: {error}.") from None

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
            return declaration.constants[name]
        raise ModelError(
            f"{declaration.name}: an equation uses self.{name}, which is not declared. Write `{name}: Voltage = parameter(...)`."
        )


def _dimensions(cls: type, parameters: Mapping[str, Any], states: Mapping[str, Any]) -> dict[str, Dimension]:
    hints = get_type_hints(cls, include_extras=True)
    return {name: _dimension_in(hints.get(name), NAMED["dimensionless"]) for name in (*parameters, *states)}


def _dimension_in(hint: Any, default: Dimension) -> Dimension:
    for extra in getattr(hint, "__metadata__", ()):
        if isinstance(extra, Dimension):
            return extra
    return default
