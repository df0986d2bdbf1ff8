"""The model of a population together with the synapses that end on it: one class, one set of equations, several ports.

A port is a place where impulses arrive. A projection without a synapse of its own gives its weights to the neuron's own input: to `receive` where
the neuron takes impulses, else as a current that lasts one step. A projection with a `Synapse` gives them to that synapse, whose states become
states of the neuron (`i_exponential`) and whose output is a current in its dynamics. Where impulses of both signs do not simply add up, as in
`ConductanceLIF`, positive and negative ones have a port each.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import FunctionType, MethodType, new_class
from typing import Annotated, Any, get_type_hints

import sympy

from ranvier.equations.declaration import Declaration, ModelError, StateSpec
from ranvier.equations.options import CurrentInput, Ports
from ranvier.neurons.neuron import Neuron
from ranvier.synapses.synapse import Synapse


@dataclass(frozen=True, eq=False)
class Receptor:
    """One input of a population. synapse: None for the neuron's own. sign: of the impulses that come here, 0 for both."""

    synapse: Synapse | None
    sign: int = 0


def adds_up(model: type[Neuron]) -> bool:
    """Whether two impulses to `receive` are the same as their sum."""
    after, x = _received(model.declaration)
    return not any(
        sympy.diff(e, x).has(x) or any(f.has(x) for f in e.atoms(sympy.Function, sympy.Piecewise))
        for e in after.values()
    )


def reacts(model: type[Neuron], sign: int) -> bool:
    """Whether `receive` changes any state for impulses of this sign."""
    after, x = _received(model.declaration)
    return any(sympy.simplify(e.subs(x, sign) - sympy.Symbol(k, real=True)) != 0 for k, e in after.items())


def _received(declaration: Declaration) -> tuple[Mapping[str, Any], sympy.Symbol]:
    x = sympy.Symbol("arriving", real=True)
    names = (*declaration.parameters, *declaration.states, *declaration.draws)
    values: dict[str, Any] = {k: sympy.Symbol(k, real=True) for k in names} | {"dt": sympy.Symbol("dt", positive=True)}
    return {k: sympy.sympify(e) for k, e in declaration.call("receive", values, x).items()}, x


def label(synapse: Synapse, before: list[str]) -> str:
    """A name for a synapse's states in the population: its class without `Synapse`, numbered where there are several."""
    base = type(synapse).__name__.removesuffix("Synapse").lower() or "synapse"
    taken = sum(name.rstrip("0123456789") == base for name in before)
    return base if not taken else f"{base}{taken + 1}"


def joined(neuron: Neuron, receptors: tuple[Receptor, ...], dt: float) -> tuple[Neuron, bool]:
    """The neuron with its synapses, to run with steps of `dt`, its ports in the order of the receptors; and whether port 0 is a current.

    A neuron's own input comes first.
    """
    synapses: list[Synapse] = []
    labels: list[str] = []
    for r in receptors:
        if r.synapse is not None:
            labels.append(label(r.synapse, labels))
            synapses.append(r.synapse)
    model = _class(type(neuron), tuple((name, type(s)) for name, s in zip(labels, synapses, strict=True)))
    pulse = any(r.synapse is None for r in receptors) and isinstance(neuron.options.drive, CurrentInput)
    own = [] if pulse else ["receive" for r in receptors if r.synapse is None]
    signs = tuple(r.sign for r in receptors if not (pulse and r.synapse is None))
    parameters = neuron.parameter_values()
    for name, s in zip(labels, synapses, strict=True):
        parameters |= {
            f"{k}_{name}": v for k, v in s.parameter_values().items() if f"{k}_{name}" in model.declaration.parameters
        }
    options = neuron.options
    made = model(
        dt=dt, reset=options.reset, refractory=options.refractory, integrator=options.integrator, fire_on=options.fire_on,
        order=options.order, input=Ports((*own, *(f"receive_{name}" for name in labels)), signs),
        seed=neuron.seed if neuron.declaration.draws else None,
        **parameters,
    )  # fmt: skip
    return made, pulse


class _Own:
    """What a synapse's equations see as `self` or as `s` in the joined model: its own names end with its label."""

    def __init__(self, whole: Any, declaration: Declaration, label: str, names: frozenset[str]) -> None:
        self._whole, self._declaration, self._label, self._names = whole, declaration, label, names

    def __getattr__(self, name: str) -> Any:
        if name in self._names:
            return getattr(self._whole, f"{name}_{self._label}")
        method = self._declaration.methods.get(name)
        return getattr(self._whole, name) if method is None else MethodType(method, self)


@lru_cache(maxsize=256)
def _class(neuron: type[Neuron], synapses: tuple[tuple[str, type[Synapse]], ...]) -> type[Neuron]:
    """A subclass of the neuron with the parameters and states of the synapses."""
    if not synapses:
        return neuron
    theirs = neuron.declaration
    if not theirs.takes_input("dynamics"):
        raise ModelError(
            f"{neuron.__name__} takes no current in its dynamics, so no synapse can end on it. Choose one that does, such as LIF."
        )
    scope: dict[str, Any] = {
        "__module__": neuron.__module__,
        "__annotations__": {},
        "__doc__": f"{neuron.__name__} with synapses.",
    }
    parts = []
    for name, synapse in synapses:
        ours = synapse.declaration
        if (
            ours.takes_input("dynamics")
            or not ours.has("receive")
            or (ours.has("output") and ours.takes_input("output"))
        ):
            raise ModelError(
                f"{synapse.__name__} acts on spikes, not on a membrane, so it cannot end on {neuron.__name__}."
            )
        if "v" in ours.states and theirs.membrane != "v":
            raise ModelError(
                f"{synapse.__name__} needs the postsynaptic potential v, but the membrane of {neuron.__name__} is {theirs.membrane}."
            )
        hints = get_type_hints(synapse, include_extras=True)
        held = ours.states["v"].initial if "v" in ours.states else None
        own = {
            k
            for k in (*ours.parameters, *ours.states, *ours.constants)
            if k in hints and k not in ("v", held, "membrane")
        }
        own -= {k for k in own if k in Neuron.__annotations__}
        for k in own:
            spec = ours.parameters.get(k) or ours.states.get(k) or ours.constants.get(k)
            start = getattr(spec, "initial", None)
            if isinstance(start, str):
                spec = StateSpec(f"{start}_{name}")
            scope[f"{k}_{name}"] = spec
            scope["__annotations__"][f"{k}_{name}"] = hints[k]
        parts.append((name, ours, frozenset(own)))
        scope[f"receive_{name}"] = _receive(ours, name, frozenset(own), hints)

    def dynamics(self: Any, s: Any, i: Any) -> Any:
        slopes: dict[str, Any] = {}
        for name, ours, own in parts:
            bound, state = _Own(self, ours, name, own), _Own(s, ours, name, own)
            found = ours.methods["dynamics"](bound, state)
            slopes |= {f"{k}_{name}": e for k, e in found.items() if k in own}
            i = i + (ours.methods["output"](bound, state) if ours.has("output") else getattr(state, ours.membrane))
        return slopes | theirs.methods["dynamics"](self, s, i)

    dynamics.__annotations__["i"] = Annotated[Any, theirs.input_dimension("dynamics")]
    scope["dynamics"] = dynamics
    title = neuron.__name__ + "".join(f"_{name}" for name, _ in synapses)
    made: Any = new_class(title, (neuron,), exec_body=lambda body: body.update(scope))
    return made


def _receive(ours: Declaration, name: str, own: frozenset[str], hints: Mapping[str, Any]) -> FunctionType:
    def receive(self: Any, s: Any, x: Any) -> Any:
        jumps = ours.methods["receive"](_Own(self, ours, name, own), _Own(s, ours, name, own), x)
        return {f"{k}_{name}": e for k, e in jumps.items() if k in own}

    return receive
