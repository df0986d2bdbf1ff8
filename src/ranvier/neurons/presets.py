"""The LIF of other packages: neurons that fire spike for spike as theirs do.

Each function takes the other package's names and numbers and returns one of our neurons with the options that make it the same: how
input is scaled, what fires, when and to what the membrane is reset, whether a gradient goes through the reset. Time constants given in
steps become seconds through dt. Surrogates are ours unless given (`surrogate=`); other keywords go to the neuron.

What a package cannot say here, such as graded spikes, is named in the function's text.
"""

import math
import warnings
from typing import Any, TypeVar

from ranvier.equations.integrators import Euler
from ranvier.equations.options import Clamp, CurrentInput, ImpulseInput, NoReset, Reset, Subtract, ToValue
from ranvier.neurons.cuba_lif import CubaLIF
from ranvier.neurons.lif import LIF
from ranvier.neurons.synaptic_lif import Synaptic
from ranvier.units import ms, mV, pF

Model = TypeVar("Model", LIF, Synaptic)
AFTER_INPUT = ("integrate", "reset", "fire")  # the spike of the last step resets after this step's input
BEFORE_DECAY = ("reset", "integrate", "fire")  # it resets first, and the new input survives
SAME_STEP = ("integrate", "fire", "reset")


def snntorch_leaky(
    beta: float,
    threshold: float = 1.0,
    reset_mechanism: str = "subtract",
    reset_delay: bool = True,
    *,
    dt: float = 1 * ms,
    **options: Any,
) -> LIF:
    """snnTorch's `Leaky`: v <- beta v + x, spike where v > threshold, the reset of a spike in the next step.

    reset_mechanism: "subtract" takes the threshold off after the next input; "zero" clears the membrane before it, so the next input
    survives, as the code does and its text does not; "none". reset_delay=False resets in the same step; with "subtract" snnTorch then
    takes one threshold a step at most, and first, so the two part where more than one threshold is left.
    The gradient does not go through the reset. Raises ValueError for a beta outside (0, 1), which snnTorch clamps, and unknown names.

    >>> snntorch_leaky(0.9, reset_mechanism="zero").options.order
    ('reset', 'integrate', 'fire')
    """
    reset, order = _snntorch_reset("snntorch_leaky", reset_mechanism, reset_delay, BEFORE_DECAY)
    return LIF.from_beta(
        beta, dt=dt, **{"v_threshold": threshold, "fire_on": ">", "reset": reset, "order": order, **options}
    )


def snntorch_synaptic(
    alpha: float,
    beta: float,
    threshold: float = 1.0,
    reset_mechanism: str = "subtract",
    reset_delay: bool = True,
    *,
    dt: float = 1 * ms,
    **options: Any,
) -> Synaptic:
    """snnTorch's `Synaptic`: i <- alpha i + x, v <- beta v + i, spike where v > threshold, the reset of a spike in the next step.

    reset_mechanism: "subtract"; "zero", which clears the membrane after the next input and leaves the current; "none". reset_delay as in
    `snntorch_leaky`. Raises ValueError for alpha or beta outside (0, 1) and unknown names.
    """
    reset, order = _snntorch_reset("snntorch_synaptic", reset_mechanism, reset_delay, AFTER_INPUT)
    taus = {
        "tau_syn": _tau("snntorch_synaptic", "alpha", alpha, dt),
        "tau_mem": _tau("snntorch_synaptic", "beta", beta, dt),
    }
    return Synaptic(
        dt=dt, **{**taus, "v_threshold": threshold, "fire_on": ">", "reset": reset, "order": order, **options}
    )


def spikingjelly_lif(
    tau: float = 2.0,
    decay_input: bool = True,
    v_threshold: float = 1.0,
    v_reset: float | None = 0.0,
    detach_reset: bool = False,
    *,
    dt: float = 1 * ms,
    **options: Any,
) -> LIF:
    """SpikingJelly's `LIFNode`: Euler's rule with tau in steps, rest at v_reset, spike where v >= v_threshold, reset in the same step.

    decay_input: True scales input by 1/tau; False adds it whole. v_reset: a number to reset to, which is the resting potential too;
    None subtracts the threshold, with rest at 0. detach_reset: False lets the gradient through the reset, as SpikingJelly does unless told.

    >>> spikingjelly_lif(v_reset=None).options.reset
    Subtract(detach=False)
    """
    rest = 0.0 if v_reset is None else v_reset
    reset: Reset = Subtract(detach=detach_reset) if v_reset is None else ToValue(detach=detach_reset)
    own = {"tau_mem": tau * dt, "v_leak": rest, "v_reset": rest, "v_threshold": v_threshold, "reset": reset}
    drive = CurrentInput() if decay_input else ImpulseInput()
    return _by_euler(LIF, dt, {**own, "input": drive, **options})


def norse_lif_box(
    tau_mem_inv: float = 100.0,
    v_leak: float = 0.0,
    v_th: float = 1.0,
    v_reset: float = 0.0,
    *,
    dt: float = 1 * ms,
    **options: Any,
) -> LIF:
    """Norse's `LIFBoxCell`: Euler's rule, input scaled by dt/tau_mem, spike where v > v_th, reset to v_reset in the same step.

    tau_mem_inv in 1/s. The gradient goes through the reset, as in Norse. For its `reset_subtract`, pass reset=Subtract(detach=False).
    """
    own = {"tau_mem": 1 / tau_mem_inv, "v_leak": v_leak, "v_threshold": v_th, "v_reset": v_reset}
    return _by_euler(LIF, dt, {**own, "fire_on": ">", "reset": ToValue(detach=False), **options})


def norse_lif(
    tau_syn_inv: float = 200.0,
    tau_mem_inv: float = 100.0,
    v_leak: float = 0.0,
    v_th: float = 1.0,
    v_reset: float = 0.0,
    *,
    dt: float = 1 * ms,
    **options: Any,
) -> Synaptic:
    """Norse's `LIFCell`: input jumps into the current, which moves the membrane in the same step, both by Euler's rule.

    Spike where v > v_th, reset to v_reset in the same step, with its gradient. tau_syn_inv and tau_mem_inv in 1/s. The state i is that
    before the current's decay: Norse's is (1 - dt tau_syn_inv) i.
    """
    own = {
        "tau_syn": 1 / tau_syn_inv,
        "tau_mem": 1 / tau_mem_inv,
        "r": dt * tau_mem_inv,
        "v_leak": v_leak,
        "v_threshold": v_th,
        "v_reset": v_reset,
    }
    return _by_euler(Synaptic, dt, {**own, "fire_on": ">", "reset": ToValue(detach=False), **options})


def sinabs_lif(
    tau_mem: float,
    tau_syn: float | None = None,
    spike_threshold: float = 1.0,
    norm_input: bool = True,
    *,
    dt: float = 1 * ms,
    **options: Any,
) -> LIF | Synaptic:
    """Sinabs's `LIF` with `spike_fn=SingleSpike`: exact decay, spike where v >= spike_threshold, the threshold taken off in the same step.

    tau_mem, tau_syn in steps. norm_input: True scales input by 1 - exp(-1/tau_mem); False adds it whole. With tau_syn the current decays
    in the step of its input: the state i is Sinabs's divided by exp(-1/tau_syn). For `MembraneReset()`, pass
    reset=ToValue(detach=False); the gradient goes through the reset. Sinabs's own choice is `MultiSpike`, several spikes in a step,
    which is no LIF of ours: its spikes are the same while v stays below two thresholds. There is no min_v_mem.
    """
    own = {"tau_mem": tau_mem * dt, "v_threshold": spike_threshold, "reset": Subtract(detach=False)}
    if tau_syn is None:
        return LIF(dt=dt, **{**own, "input": CurrentInput() if norm_input else ImpulseInput(), **options})
    gain = (-math.expm1(-1 / tau_mem) if norm_input else 1.0) * math.exp(-1 / tau_syn)
    return Synaptic(dt=dt, **{**own, "tau_syn": tau_syn * dt, "r": gain, **options})


def brian2_lif(
    tau: float,
    refractory: float = 0.0,
    *,
    dt: float = 0.1 * ms,
    **options: Any,
) -> LIF:
    """Brian2's usual LIF: dv/dt = (v_leak - v + r i)/tau (unless refractory), method "exact", threshold "v > v_threshold", reset "v = v_reset".

    tau, refractory, dt in seconds. Input: the current i of each step. Brian2 counts a refractory period from the spike and takes it up
    again in the step that ends it, so its membrane stands still one step less than ours for the same number: this subtracts it.
    Brian2's monitor writes v at the start of a step; ours at its end. A weight that a synapse adds (`v += w`) arrives after the
    comparison of its step: with input=ImpulseInput() give it one step later, scaled by exp(-dt/tau).
    """
    held = refractory - dt
    stop = {"refractory": Clamp(held)} if held > dt / 2 else {}
    return LIF(dt=dt, **{"tau_mem": tau, "fire_on": ">", **stop, **options})


def nest_iaf_psc_delta(
    *,
    C_m: float = 250.0,
    tau_m: float = 10.0,
    t_ref: float = 2.0,
    E_L: float = -70.0,
    V_th: float = -55.0,
    V_reset: float = -70.0,
    dt: float = 0.1 * ms,
    **options: Any,
) -> LIF:
    """NEST's `iaf_psc_delta`: exact decay, a weight added to v as it arrives, spike where v >= V_th, v held for t_ref.

    Parameters in NEST's units (pF, ms, mV), the neuron in SI: an input of 1 mV is 1e-3. Input that arrives while v is held is lost.
    With input=CurrentInput() the input is a current [A], constant during the step, through r = tau_m/C_m. Spikes of step k here carry
    the time (k + 1) dt in NEST.
    """
    own = {**_nest_membrane(C_m, tau_m, t_ref, E_L, V_th, V_reset), "input": ImpulseInput()}
    return LIF(dt=dt, **{**own, **options})


def nest_iaf_psc_exp(
    *,
    C_m: float = 250.0,
    tau_m: float = 10.0,
    tau_syn_ex: float = 2.0,
    t_ref: float = 2.0,
    E_L: float = -70.0,
    V_th: float = -55.0,
    V_reset: float = -70.0,
    dt: float = 0.1 * ms,
    **options: Any,
) -> CubaLIF:
    """NEST's `iaf_psc_exp`, with one synaptic time constant: exact, a weight raises the current as it arrives, spike where v >= V_th.

    Parameters in NEST's units (pF, ms, mV), the neuron in SI: an input of 1 pA is 1e-12. The current goes on while v is held for t_ref.
    Spikes of step k here carry the time (k + 1) dt in NEST.
    """
    own = {**_nest_membrane(C_m, tau_m, t_ref, E_L, V_th, V_reset), "tau_syn": tau_syn_ex * ms}
    return CubaLIF(dt=dt, **{**own, **options})


def _by_euler(model: type[Model], dt: float, options: dict[str, Any]) -> Model:
    """A neuron by Euler's rule, which is what the other package means: no warning that its steps are coarse."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".* misses its decay by more than a tenth")
        return model(dt=dt, **{"integrator": Euler(), **options})


def _nest_membrane(C_m: float, tau_m: float, t_ref: float, E_L: float, V_th: float, V_reset: float) -> dict[str, Any]:
    voltages = {"v_leak": E_L * mV, "v_threshold": V_th * mV, "v_reset": V_reset * mV}
    stop = {"refractory": Clamp(t_ref * ms)} if t_ref else {}
    return {"tau_mem": tau_m * ms, "r": tau_m * ms / (C_m * pF), **voltages, **stop}


def _snntorch_reset(
    name: str, mechanism: str, delay: bool, zero: tuple[str, str, str]
) -> tuple[Reset, tuple[str, str, str]]:
    """Reset and order of a snnTorch mechanism; zero: the order of a delayed reset to zero."""
    known: dict[str, tuple[Reset, tuple[str, str, str]]] = {
        "subtract": (Subtract(), AFTER_INPUT),
        "zero": (ToValue(), zero),
        "none": (NoReset(), SAME_STEP),
    }
    if mechanism not in known:
        raise ValueError(
            f'{name}: reset_mechanism must be "subtract", "zero" or "none", got {mechanism!r}. The default is "subtract".'
        )
    reset, order = known[mechanism]
    return reset, order if delay else SAME_STEP


def _tau(name: str, what: str, decay: float, dt: float) -> float:
    if not 0 < decay < 1:
        raise ValueError(f"{name}: {what} must lie between 0 and 1, got {decay}. Use snntorch_leaky for alpha = 0.")
    return -dt / math.log(decay)
