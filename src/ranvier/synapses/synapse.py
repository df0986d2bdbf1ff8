"""`Synapse`: what turns weighted spikes into a current, declared and run as a neuron is; and a synapse on a neuron's membrane."""

from functools import lru_cache
from types import new_class
from typing import Annotated, Any

from ranvier.equations.declaration import Declaration, ModelError
from ranvier.equations.options import ImpulseInput
from ranvier.neurons.neuron import Neuron

# methods that a joined class writes anew, or inherits from both
EQUATIONS = frozenset(("dynamics", "receive", "output", "validate"))


class Synapse(Neuron, abstract=True):
    """Base of all synapse models: a model that does not fire. x: weighted spikes [T, B, *N], time first.

    Everything that `Neuron` offers holds here: options, integrators, learned parameters, kernels, streams, the three verbs. The output is

    - `output(self, s)`, an expression of the states at the end of the step, such as s.g * (self.v_rev - s.v);
    - or `output(self, s, x)`, of the input and of the states that it meets, before its own jump;
    - or, without such a method, the state that `membrane` names, by default the current `i`.

    In a chain a synapse stands between weights and neurons: `Sequential(Linear(100, 20), ExponentialSynapse(), LIF())`. Weights are summed
    before the synapse, one synaptic state a neuron: what is linear in its input is the sum over all its presynaptic neurons.
    A synapse whose current depends on the postsynaptic potential sees, there, a potential that is held at `v_hold`; `onto` gives it
    the membrane of a neuron.
    """

    membrane = "i"
    default_drive = ImpulseInput()

    @classmethod
    def onto(cls, neuron: type[Neuron]) -> type[Neuron]:
        """The class of a neuron on whose membrane this synapse ends: one model, one kernel, parameters and states of both.

        Its input are impulses to the synapse; the synapse's output is the current in the neuron's dynamics, and the synapse's `v` is the
        neuron's. With `input=CurrentInput()`, a current injected besides. Reset, threshold and options are the neuron's. To pickle its
        objects, give the class a name in a module: `class Pyramidal(NMDASynapse.onto(LIF)): ...`.

        Raises `ModelError` where the neuron takes no current or has a synapse already, where names clash, and where dimensions do not agree.

        >>> from ranvier.neurons import LIF
        >>> from ranvier.synapses import ConductanceSynapse
        >>> ConductanceSynapse.onto(LIF)().program.state_names
        ('g', 'v')
        """
        if not (isinstance(neuron, type) and issubclass(neuron, Neuron)):
            raise TypeError(
                f"{cls.__name__}.onto: expected a class of neurons, got {neuron!r}. Write {cls.__name__}.onto(LIF)."
            )
        return _joined(cls, neuron)


@lru_cache(maxsize=256)
def _joined(synapse: type[Synapse], neuron: type[Neuron]) -> type[Neuron]:
    ours, theirs = synapse.declaration, neuron.declaration
    if issubclass(neuron, Synapse):
        raise ModelError(
            f"{neuron.__name__} is or has a synapse already, and a model has one input. Choose a neuron such as LIF."
        )
    if not theirs.takes_input("dynamics"):
        raise ModelError(
            f"{neuron.__name__} takes no current in its dynamics, so no synapse can end on it. Choose one that does, such as LIF."
        )
    if ours.takes_input("dynamics") or not ours.has("receive") or (ours.has("output") and ours.takes_input("output")):
        raise ModelError(
            f"{synapse.__name__} acts on spikes, not on a membrane. Put it before the weights, as a layer of its own."
        )
    if "v" in ours.states and theirs.membrane != "v":
        raise ModelError(
            f"{synapse.__name__} needs the postsynaptic potential v, but the membrane of {neuron.__name__} is {theirs.membrane}. Call it v."
        )
    clash = _clash(ours, theirs)
    if clash:
        raise ModelError(
            f"{synapse.__name__} and {neuron.__name__} both declare {', '.join(clash)}. Rename it in a subclass of one of them."
        )

    def dynamics(self: Any, s: Any, i: Any) -> Any:
        own = ours.methods["dynamics"](self, s)
        current = ours.methods["output"](self, s) if ours.has("output") else getattr(s, ours.membrane)
        return own | theirs.methods["dynamics"](self, s, i + current)

    dynamics.__annotations__["i"] = Annotated[Any, theirs.input_dimension("dynamics")]
    held = {name: None for name in (ours.states["v"].initial,) if isinstance(name, str)} if "v" in ours.states else {}
    body = {
        "__doc__": f"{neuron.__name__} on whose membrane a {synapse.__name__} ends; made by `{synapse.__name__}.onto({neuron.__name__})`.",
        "__module__": neuron.__module__,
        "dynamics": dynamics,
        "receive": ours.methods["receive"],
        "output": None,
        "membrane": neuron.membrane,
        "default_drive": ImpulseInput(),
        "default_dt": neuron.default_dt,
        "default_integrator": neuron.default_integrator,
    }
    name, bases = f"{neuron.__name__}With{synapse.__name__}", (neuron, synapse)
    joined: Any = new_class(name, bases, exec_body=lambda scope: scope.update(held | body))
    return joined


def _clash(ours: Declaration, theirs: Declaration) -> list[str]:
    """Names that both use for something of their own; the membrane `v` is common to both."""
    values = {*ours.parameters, *ours.states} & {*theirs.parameters, *theirs.states} - {"v"}
    helpers = {k for k, f in ours.methods.items() if theirs.methods.get(k, f) is not f} - EQUATIONS
    return sorted(values | helpers)
