"""`Rule`: a local learning rule, written as what happens to one synapse at a presynaptic and at a postsynaptic spike."""

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, get_type_hints

import sympy

from ranvier.equations.declaration import ModelError, ParameterSpec, parameter
from ranvier.equations.functions import Expr
from ranvier.units import NAMED, Dimension

WEIGHT = "w"


@dataclass(frozen=True)
class TraceSpec:
    """A variable of the synapse that goes back to `rest` with the time constant that the parameter `tau` names."""

    tau: str
    rest: float | str = 0.0


def trace(tau: str, rest: float | str = 0.0) -> Any:
    """Declares a trace: between spikes d(trace)/dt = (rest - trace) / tau. It starts at rest.

    tau: name of the parameter with its time constant. rest: a number, or the name of a parameter.
    """
    return TraceSpec(tau, rest)


class Simultaneous(Protocol):
    """What a pre- and a postsynaptic spike in one step do to each other."""


@dataclass(frozen=True)
class NoChange:
    """Neither sees the other: both read the traces as they were before the step. Both spikes leave their traces."""


@dataclass(frozen=True)
class PreFirst:
    """The presynaptic spike comes first: the postsynaptic one sees its trace (potentiation)."""


@dataclass(frozen=True, eq=False)
class Declared:
    """What a rule class declares."""

    name: str
    parameters: Mapping[str, ParameterSpec]
    traces: Mapping[str, TraceSpec]
    methods: Mapping[str, Callable[..., Any]]
    constants: Mapping[str, Any]


class Rule:
    """Base of all rules. A subclass declares parameters, traces, and what spikes do; see `PairSTDP` for a complete one.

    - `on_pre(self, s)`: a presynaptic spike arrives (after its delay). Returns new values of `w` and of traces.
    - `on_post(self, s)`: the postsynaptic neuron fires.
    - `transmit(self, s)`: what the spike adds to the postsynaptic neuron, by default the weight `s.w` as it stands before `on_pre` changes it.

    All right-hand sides read the values from before the spike, so that a trace that jumps is read without its own jump. The weight is clipped
    to [w_min, w_max] after each change. simultaneous: `NoChange()` or `PreFirst()`, for spikes in one step.

    Everything is exact for any dt: between spikes traces decay by exp(-t/tau). A synapse is brought up to date when a spike arrives at it,
    with all postsynaptic spikes since the last time, so a silent synapse costs nothing.
    """

    declared: ClassVar[Declared]
    w_min: float = parameter(0.0)  # lower bound of the weight
    w_max: float = parameter(1.0)  # upper bound of the weight

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.declared = _declared(cls)
        _check(cls)

    def __init__(self, *, simultaneous: Simultaneous | None = None, **parameters: float) -> None:
        name, known = type(self).__name__, self.declared.parameters
        unknown = sorted(set(parameters) - set(known))
        if unknown:
            raise TypeError(f"{name} has no parameter {', '.join(unknown)}. It has: {', '.join(known)}.")
        self.simultaneous = NoChange() if simultaneous is None else simultaneous
        if not isinstance(self.simultaneous, NoChange | PreFirst):
            raise TypeError(f"{name}: simultaneous must be NoChange() or PreFirst(), got {simultaneous!r}.")
        self.values: dict[str, float] = {}
        for key, spec in known.items():
            given = parameters.get(key, spec.default)
            if isinstance(given, bool) or not isinstance(given, int | float) or given != given:
                raise TypeError(f"{name}: {key} must be a number, got {given!r}.")
            if spec.positive and given <= 0:
                raise ValueError(f"{name}: {key} must be > 0, got {given:g}.")
            if spec.nonnegative and given < 0:
                raise ValueError(f"{name}: {key} must be >= 0, got {given:g}.")
            self.values[key] = float(given)
        if not self.values["w_min"] < self.values["w_max"]:
            raise ValueError(
                f"{name}: w_min must lie below w_max, got {self.values['w_min']:g} and {self.values['w_max']:g}."
            )
        self.validate()

    def validate(self) -> None:
        """Refuses parameters that contradict each other, or warns of them; a rule of one's own may say more."""

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("_") and name not in ("declared", "values"):
            values = object.__getattribute__(self, "__dict__").get("values", {})
            if name in values:
                return values[name]
        return object.__getattribute__(self, name)

    def __repr__(self) -> str:
        numbers = [f"{k}={v:g}" for k, v in self.values.items()]
        if not isinstance(self.simultaneous, NoChange):
            numbers.append(f"simultaneous={self.simultaneous!r}")
        return f"{type(self).__name__}({', '.join(numbers)})"

    def __eq__(self, other: object) -> bool:
        return (
            type(other) is type(self)
            and isinstance(other, Rule)
            and self.values == other.values
            and self.simultaneous == other.simultaneous
        )

    def __hash__(self) -> int:
        return hash((type(self), *self.values.values(), self.simultaneous))


@dataclass(frozen=True, eq=False)
class Learning:
    """A rule as expressions in `w`, its traces and its parameters, all by their names."""

    name: str
    traces: tuple[str, ...]
    on_pre: Mapping[str, Expr]
    on_post: Mapping[str, Expr]
    transmit: Expr
    parameters: tuple[str, ...]


def learning(rule: type[Rule]) -> Learning:
    """Runs a rule's methods on symbols."""
    d = rule.declared
    symbols = {k: sympy.Symbol(k, real=True) for k in (WEIGHT, *d.traces, *d.parameters)}
    changes = {m: _run(d, m, symbols) if m in d.methods else {} for m in ("on_pre", "on_post")}
    sent = _run(d, "transmit", symbols) if "transmit" in d.methods else symbols[WEIGHT]
    pre, post = ({k: sympy.sympify(e) for k, e in changes[m].items()} for m in ("on_pre", "on_post"))
    return Learning(d.name, tuple(d.traces), pre, post, sympy.sympify(sent), tuple(d.parameters))


class _Bound:
    """Stands for `self` while a rule's method runs on symbols or dimensions."""

    def __init__(self, declared: Declared, values: Mapping[str, Any]) -> None:
        self._declared, self._values = declared, values

    def __getattr__(self, name: str) -> Any:
        d = self._declared
        if name in d.parameters:
            return self._values[name]
        if name in d.methods:
            return types.MethodType(d.methods[name], self)
        if name in d.constants:
            return d.constants[name]
        raise ModelError(f"{d.name}: a method uses self.{name}, which is not declared. Write `{name}: float = parameter(...)`.")


def _run(d: Declared, method: str, values: Mapping[str, Any]) -> Any:
    s = types.SimpleNamespace(**{k: values[k] for k in (WEIGHT, *d.traces)})
    return d.methods[method](_Bound(d, values), s)


def _declared(cls: type) -> Declared:
    parameters: dict[str, ParameterSpec] = {}
    traces: dict[str, TraceSpec] = {}
    methods: dict[str, Callable[..., Any]] = {}
    constants: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        for key, value in vars(base).items():
            if isinstance(value, ParameterSpec):
                parameters[key] = value
            elif isinstance(value, TraceSpec):
                traces[key] = value
            elif isinstance(value, types.FunctionType) and not key.startswith("__") and base is not Rule:
                methods[key] = value
            elif isinstance(value, int | float) and not key.startswith("_"):
                constants[key] = value
    if "w" in (*parameters, *traces):
        raise ModelError(f"{cls.__name__}: the weight is called w already. Choose another name.")
    return Declared(cls.__name__, parameters, traces, methods, constants)


def _check(cls: type[Rule]) -> None:
    d = cls.declared
    if not {"on_pre", "on_post", "transmit"} & set(d.methods):
        raise ModelError(f"{d.name} says nothing about spikes. Define on_pre(self, s) or on_post(self, s).")
    for key, spec in d.traces.items():
        for role, name in (("tau", spec.tau), ("rest", spec.rest)):
            if isinstance(name, str) and name not in d.parameters:
                raise ModelError(f"{d.name}: the {role} of {key} is {name!r}, which is no parameter. It has: {', '.join(d.parameters)}.")
    hints = get_type_hints(cls, include_extras=True)
    time = NAMED["time"]
    for spec in d.traces.values():
        if _dimension(hints.get(spec.tau)) != time:
            raise ModelError(f"{d.name}: {spec.tau} is a time constant. Declare it as `{spec.tau}: Time = parameter(20 * ms, positive=True)`.")
    for method in ("on_pre", "on_post"):
        if method in d.methods:
            found = _run(d, method, {k: sympy.Symbol(k, real=True) for k in (WEIGHT, *d.traces, *d.parameters)})
            if not isinstance(found, dict):
                raise ModelError(f"{d.name}.{method} must return a dict of w and traces, got {type(found).__name__}.")
            for key in found:
                if key != WEIGHT and key not in d.traces:
                    raise ModelError(f"{d.name}.{method} returns {key!r}, which is no trace. It may change: {', '.join((WEIGHT, *d.traces))}.")


def _dimension(hint: Any) -> Dimension | None:
    for extra in getattr(hint, "__metadata__", ()):
        if isinstance(extra, Dimension):
            return extra
    return None



