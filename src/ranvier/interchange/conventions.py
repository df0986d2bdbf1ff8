"""How NIR's continuous equations become one time step: a `Convention`, and those of the platforms of the NIR paper.

NIR says what a neuron is in continuous time and leaves open what a simulator does in a step of dt. The same file therefore fires at other
steps on other platforms (J. E. Pedersen et al., Nature Communications 15, 8122 (2024), figure 3). Each choice is a field here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ranvier.equations.integrators import (
    Euler,
    Exact,
    ExponentialEuler,
    ExponentialMidpoint,
    Integrator,
    RungeKutta4,
    SemiImplicitEuler,
)
from ranvier.equations.options import (
    PHASES,
    CurrentInput,
    Drive,
    ImpulseInput,
    NoReset,
    Reset,
    Subtract,
    ToValue,
    check_order,
)
from ranvier.neurons.neuron import Neuron


@dataclass(frozen=True)
class Convention:
    """One step of NIR's neurons.

    integrator: of I, IF, LI and LIF. coupled: of CubaLI and CubaLIF, whose current is declared first, so that `SemiImplicitEuler()` moves
    the membrane by the current of this step, `Euler()` by that of the step before, and `Exact()` solves both together.
    leaky_input: what x is to LI and LIF. `CurrentInput()`: a current held during the step, which the integrator scales by r dt/tau or
    r (1 - exp(-dt/tau)). `ImpulseInput()`: a charge of r x dt/tau at the end of the step, whatever the integrator.
    perfect_input: what x is to I and IF. `ImpulseInput()`: v <- v + r x, as all platforms of the paper read it; `CurrentInput()`: r x dt.
    reset, order, fire_on: as in every neuron of ours. The reset to v_reset is NIR's text, as is v > v_threshold.
    """

    integrator: Integrator = Euler()
    coupled: Integrator = SemiImplicitEuler()
    leaky_input: Drive = CurrentInput()
    perfect_input: Drive = ImpulseInput()
    reset: Reset = ToValue()
    order: Sequence[str] = PHASES
    fire_on: str = ">"


_BEFORE = ("fire", "integrate", "reset")  # the spike is decided on the membrane of the step before
_IMPULSES = Convention(Exact(), leaky_input=ImpulseInput(), reset=Subtract(detach=False), fire_on=">=")

CONVENTIONS = {
    "euler": Convention(),
    "exact": Convention(Exact(), Exact()),
    "norse": Convention(reset=ToValue(detach=False)),
    "snntorch": Convention(),
    "spinnaker2": Convention(),
    "nengo": Convention(Exact(), Exact()),
    "sinabs": _IMPULSES,
    "rockpool": _IMPULSES,
    "spyx": Convention(leaky_input=ImpulseInput(), reset=Subtract(), order=_BEFORE),
    "lava": Convention(),  # its record of spikes lags one step behind
}
"""Conventions by platform. The LIF of each fires at the steps that the NIR paper's traces of that platform show."""

_INTEGRATORS = {
    type(kind).__name__: kind
    for kind in (Euler(), Exact(), ExponentialEuler(), ExponentialMidpoint(), RungeKutta4(), SemiImplicitEuler())
}
_DRIVES = {"CurrentInput": CurrentInput(), "ImpulseInput": ImpulseInput()}
_RESETS = {"ToValue": ToValue, "Subtract": Subtract, "NoReset": NoReset}


def describe(neuron: Neuron) -> str:
    """The model and its options as JSON: what NIR's primitive does not say, for the metadata of a file.

    Raises ValueError for an integrator of the user's own.
    """
    o = neuron.options
    if o.integrator not in (None, *_INTEGRATORS.values()):
        raise ValueError(f"{o.integrator!r} has no name in a file. Use {', '.join(f'{k}()' for k in _INTEGRATORS)}")
    own = {"model": type(neuron).__name__, "input": type(o.drive).__name__}
    own["integrator"] = "best" if o.integrator is None else type(o.integrator).__name__
    if neuron.fires:
        reset = {"reset": type(o.reset).__name__, "detach": o.reset.detach}
        return json.dumps({**own, **reset, "order": list(o.order), "fire_on": o.fire_on})
    return json.dumps(own)


def understand(text: str) -> dict[str, Any]:
    """Options of a neuron from what `describe` wrote, and its "model". Raises ValueError where it is anything else."""
    given = json.loads(text)
    if not isinstance(given, dict):
        raise ValueError("expected an object")
    known = {"model", "input", "integrator", "reset", "detach", "order", "fire_on"}
    if set(given) - known or {"model", "input", "integrator"} - set(given):
        raise ValueError(f"expected the keys {', '.join(sorted(known))}")
    try:
        integrator = None if given["integrator"] == "best" else _INTEGRATORS[given["integrator"]]
        found: dict[str, Any] = {
            "model": str(given["model"]),
            "input": _DRIVES[given["input"]],
            "integrator": integrator,
        }
        if "reset" in given:
            found["reset"] = _RESETS[given["reset"]](detach=bool(given["detach"]))
            found |= {"order": check_order(given["order"]), "fire_on": str(given["fire_on"])}
    except (KeyError, TypeError) as error:
        raise ValueError(f"{error} is no option") from error
    return found
