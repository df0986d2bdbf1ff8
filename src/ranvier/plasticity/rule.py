"""`Rule`: a local learning rule, written as what happens to one synapse at a presynaptic and a postsynaptic spike, and in every step."""

import math
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, get_type_hints

import sympy

from ranvier.checks import scalar
from ranvier.equations.declaration import ModelError, ParameterSpec, parameter
from ranvier.equations.functions import Expr
from ranvier.units import NAMED, Dimension

WEIGHT, STEP, SPIKE = "w", "dt", "spike"
CHANGES = ("on_pre", "on_post", "each_step")


@dataclass(frozen=True)
class Post:
    """A state of the postsynaptic neuron, by its name."""

    state: str


@dataclass(frozen=True)
class TraceSpec:
    """A variable of the synapse that goes back to `rest` with the time constant that the parameter `tau` names."""

    tau: str
    rest: float | str | Post = 0.0


def trace(tau: str, rest: float | str | Post = 0.0) -> Any:
    """Declares a trace: between spikes d(trace)/dt = (rest - trace) / tau. It starts at rest.

    tau: name of the parameter with its time constant. rest: a number, the name of a parameter, or `Post("v")`, a state of the postsynaptic neuron,
    which the trace then follows (a low-pass filter, exact where the state is constant within a step).
    """
    return TraceSpec(tau, rest)


@dataclass(frozen=True)
class ModulatorSpec:
    """A variable that all synapses of a projection share, which goes back to 0 with the time constant that the parameter `tau` names."""

    tau: str


def modulator(tau: str) -> Any:
    """Declares a third factor, such as dopamine: `Network.reward(amount)` adds to it, and d(modulator)/dt = -modulator / tau.

    tau: name of the parameter with its time constant; where that is math.inf, the modulator stays until the next reward.
    """
    return ModulatorSpec(tau)


class Simultaneous(Protocol):
    """What a pre- and a postsynaptic spike in one step do to each other."""


@dataclass(frozen=True)
class NoChange:
    """Neither sees the other: both read the traces as they were before the step. What both add to gets both; what both set is as the postsynaptic one says."""


@dataclass(frozen=True)
class PreFirst:
    """The presynaptic spike comes first: the postsynaptic one sees its trace (potentiation)."""


@dataclass(frozen=True, eq=False)
class Declared:
    """What a rule class declares."""

    name: str
    parameters: Mapping[str, ParameterSpec]
    traces: Mapping[str, TraceSpec]
    modulators: Mapping[str, ModulatorSpec]
    methods: Mapping[str, Callable[..., Any]]
    constants: Mapping[str, Any]

    @property
    def clocked(self) -> bool:
        """Whether its synapses are looked at in every step."""
        return "each_step" in self.methods or any(isinstance(t.rest, Post) for t in self.traces.values())


class Rule:
    """Base of all rules. A subclass declares parameters, traces, and what spikes do; see `PairSTDP` for a complete one.

    - `on_pre(self, s)`: a presynaptic spike arrives (after its delay). Returns new values of `w` and of traces.
    - `on_post(self, s)`: the postsynaptic neuron fires.
    - `transmit(self, s)`: what the spike adds to the postsynaptic neuron, by default the weight `s.w` as it stands before `on_pre` changes it.
    - `each_step(self, s, post)`: at the end of every step, after its spikes. `post.v`: a state of the postsynaptic neuron, as the step left it;
      `post.spike`: 1 if it fired in the step, else 0; `s.<modulator>`: the third factor; `self.dt`: the step's length. Then traces decay.

    All right-hand sides read the values from before the spike, so that a trace that jumps is read without its own jump. The weight is clipped
    to [w_min, w_max] after each change. simultaneous: `NoChange()` or `PreFirst()`, for spikes in one step.

    Everything is exact for any dt: between spikes traces decay by exp(-t/tau). A synapse is brought up to date when a spike arrives at it,
    with all postsynaptic spikes since the last time, so a silent synapse costs nothing. A rule with `each_step` costs each synapse in each step,
    and in float32 a change of less than 6e-8 of the weight in a step is lost: use float64 for slow learning.
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
            given = scalar(parameters.get(key, spec.default))
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

    def reads(self) -> tuple[str, ...]:
        """States of the postsynaptic neuron that the rule reads."""
        return learning(type(self)).reads

    def _bounded(self) -> None:
        """Refuses bounds at infinity."""
        if math.isinf(self.values["w_min"]) or math.isinf(self.values["w_max"]):
            raise ValueError(
                f"{type(self).__name__} is unstable without bounds, got w_min={self.values['w_min']:g} and w_max={self.values['w_max']:g}. Give both a number."
            )

    def _thresholds(self, low: float, high: float) -> None:
        """Refuses thresholds in the wrong order."""
        if low >= high:
            raise ValueError(f"{type(self).__name__}: theta_minus must lie below theta_plus, got {low:g} and {high:g}.")

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
    """A rule as expressions in `w`, its traces, modulators and parameters and dt, all by their names, and in `post_<state>`.

    reads: states of the postsynaptic neuron.
    """

    name: str
    traces: tuple[str, ...]
    on_pre: Mapping[str, Expr]
    on_post: Mapping[str, Expr]
    each_step: Mapping[str, Expr]
    transmit: Expr
    parameters: tuple[str, ...]
    modulators: tuple[str, ...]
    reads: tuple[str, ...]


def learning(rule: type[Rule]) -> Learning:
    """Runs a rule's methods on symbols."""
    d = rule.declared
    symbols = _symbols(d)
    reads = [spec.rest.state for spec in d.traces.values() if isinstance(spec.rest, Post)]
    changes = {m: _run(d, m, symbols, reads) if m in d.methods else {} for m in CHANGES}
    sent = _run(d, "transmit", symbols) if "transmit" in d.methods else symbols[WEIGHT]
    pre, post, each = ({k: sympy.sympify(e) for k, e in changes[m].items()} for m in CHANGES)
    seen = tuple(k for k in dict.fromkeys(reads) if k != SPIKE)
    return Learning(
        d.name, tuple(d.traces), pre, post, each, sympy.sympify(sent), tuple(d.parameters), tuple(d.modulators), seen
    )


def changes_of(
    rule: Rule, method: str, s: Mapping[str, Any], values: Mapping[str, Any], post: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What a rule's method says of numbers or tensors. s: w, traces and modulators; values: parameters and dt; post: states of the neuron."""
    d = rule.declared
    if method not in d.methods:
        return {}
    own = _Named(f"{d.name}.{method} reads s", s)
    return d.methods[method](
        _Bound(d, values), own, *(() if post is None else (_Named(f"{d.name}.{method} reads post", post),))
    )


def symbol_of(name: str) -> sympy.Symbol:
    """The symbol of a variable or parameter of a rule."""
    return sympy.Symbol(name, real=True)


def _symbols(d: Declared) -> dict[str, sympy.Symbol]:
    return {k: symbol_of(k) for k in (WEIGHT, *d.traces, *d.modulators, *d.parameters, STEP)}


class _Bound:
    """Stands for `self` while a rule's method runs on symbols or dimensions."""

    def __init__(self, declared: Declared, values: Mapping[str, Any]) -> None:
        self._declared, self._values = declared, values

    def __getattr__(self, name: str) -> Any:
        d = self._declared
        if name in d.parameters or name == STEP:
            return self._values[name]
        if name in d.methods:
            return types.MethodType(d.methods[name], self)
        if name in d.constants:
            return d.constants[name]
        raise ModelError(
            f"{d.name}: a method uses self.{name}, which is not declared. Write `{name}: float = parameter(...)`."
        )


class _Named:
    """Stands for `s` or `post`: what it has by names, and what it says of others."""

    def __init__(self, where: str, given: Mapping[str, Any]) -> None:
        self._where, self._given = where, given

    def __getattr__(self, name: str) -> Any:
        if name in self._given:
            return self._given[name]
        raise ModelError(f"{self._where}.{name}, which there is not. There is: {', '.join(self._given)}.")


class _Seen:
    """Stands for `post`: any state, noted in `reads`."""

    def __init__(self, reads: list[str]) -> None:
        self._reads = reads

    def __getattr__(self, name: str) -> Any:
        self._reads.append(name)
        return symbol_of(f"post_{name}")


def _run(d: Declared, method: str, values: Mapping[str, Any], reads: list[str] | None = None) -> Any:
    stepped = method == "each_step"
    known = (WEIGHT, *d.traces, *(d.modulators if stepped else ()))
    s = _Named(f"{d.name}.{method} reads s", {k: values[k] for k in known})
    post = (_Seen([] if reads is None else reads),) if stepped else ()
    return d.methods[method](_Bound(d, values), s, *post)


def _declared(cls: type) -> Declared:
    parameters: dict[str, ParameterSpec] = {}
    traces: dict[str, TraceSpec] = {}
    modulators: dict[str, ModulatorSpec] = {}
    methods: dict[str, Callable[..., Any]] = {}
    constants: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        for key, value in vars(base).items():
            if isinstance(value, ParameterSpec):
                parameters[key] = value
            elif isinstance(value, TraceSpec):
                traces[key] = value
            elif isinstance(value, ModulatorSpec):
                modulators[key] = value
            elif isinstance(value, types.FunctionType) and not key.startswith("__") and base is not Rule:
                methods[key] = value
            elif isinstance(value, int | float) and not key.startswith("_"):
                constants[key] = value
    for key, what in ((WEIGHT, "the weight"), (STEP, "the length of a step")):
        if key in (*parameters, *traces, *modulators):
            raise ModelError(f"{cls.__name__}: {what} is called {key} already. Choose another name.")
    return Declared(cls.__name__, parameters, traces, modulators, methods, constants)


def _check(cls: type[Rule]) -> None:
    d = cls.declared
    if not {*CHANGES, "transmit"} & set(d.methods):
        raise ModelError(f"{d.name} says nothing about spikes. Define on_pre(self, s) or on_post(self, s).")
    for key, spec in {**d.traces, **d.modulators}.items():
        for role, name in (("tau", spec.tau), ("rest", getattr(spec, "rest", 0.0))):
            if isinstance(name, str) and name not in d.parameters:
                raise ModelError(
                    f"{d.name}: the {role} of {key} is {name!r}, which is no parameter. It has: {', '.join(d.parameters)}."
                )
    hints = get_type_hints(cls, include_extras=True)
    time = NAMED["time"]
    for spec in (*d.traces.values(), *d.modulators.values()):
        if _dimension(hints.get(spec.tau)) != time:
            raise ModelError(
                f"{d.name}: {spec.tau} is a time constant. Declare it as `{spec.tau}: Time = parameter(20 * ms, positive=True)`."
            )
    for method in CHANGES:
        if method in d.methods:
            found = _run(d, method, _symbols(d))
            if not isinstance(found, dict):
                raise ModelError(f"{d.name}.{method} must return a dict of w and traces, got {type(found).__name__}.")
            for key in found:
                if key != WEIGHT and key not in d.traces:
                    raise ModelError(
                        f"{d.name}.{method} returns {key!r}, which is no trace. It may change: {', '.join((WEIGHT, *d.traces))}."
                    )
            if method == "on_pre" and WEIGHT in found:
                for key, e in found.items():
                    if key != WEIGHT and symbol_of(WEIGHT) in sympy.sympify(e).free_symbols:
                        raise ModelError(
                            f"{d.name}.on_pre changes w, and {key} by what w was. Let one of them wait for on_post or each_step."
                        )


def _dimension(hint: Any) -> Dimension | None:
    for extra in getattr(hint, "__metadata__", ()):
        if isinstance(extra, Dimension):
            return extra
    return None
