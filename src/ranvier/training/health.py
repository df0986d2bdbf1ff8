"""Layers that are dead, saturated or exploding: found early, named with the cause and with what to change."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ranvier.layers import Recurrent, Sequential
from ranvier.neurons.neuron import Neuron

DEAD, SATURATED = 0.9, 0.9  # share of neurons without a spike; share of steps with one
LARGE = 1e4  # of a membrane, in units of the threshold


@dataclass(frozen=True)
class Finding:
    """One layer that will not learn: `layer` is its place in the network, `text` says what, why and what to type."""

    layer: int
    kind: str  # "silent", "nearly silent", "saturated", "exploding"
    text: str


@torch.no_grad()
def diagnose(net: Sequential, x: Tensor) -> list[Finding]:
    """Runs a batch x [T, B, *N] and looks at every population. An empty list means that all is well."""
    found = {k: layer.neuron if isinstance(layer, Recurrent) else layer for k, layer in enumerate(net.layers)}
    neurons = {k: neuron for k, neuron in found.items() if isinstance(neuron, Neuron)}
    membranes = {neuron.membrane for neuron in neurons.values()}
    records = net.run(x, record=("input", "output", *sorted(membranes))).records
    findings = []
    for k, neuron in neurons.items():
        finding = _population(k, neuron, *(records[f"{k}.{name}"] for name in ("input", "output", neuron.membrane)))
        findings += [finding] if finding else []
    return findings


def _population(k: int, neuron: Neuron, current: Tensor, output: Tensor, membrane: Tensor) -> Finding | None:
    who = f"layer {k} ({type(neuron).__name__}, {output[0, 0].numel()} neurons)"
    threshold = float(torch.as_tensor(getattr(neuron, "v_threshold", 1.0)).detach().abs().mean()) or 1.0
    if not bool(torch.isfinite(current).all()) or not bool(torch.isfinite(membrane).all()):
        return Finding(
            k,
            "exploding",
            f"{who} is exploding: its input or membrane holds NaN or infinity. Lower the learning rate, or clip gradients.",
        )
    if float(membrane.abs().max()) > LARGE * threshold:
        return Finding(
            k,
            "exploding",
            f"{who} is exploding: its membrane reaches {float(membrane.abs().max()):.3g}, {LARGE:g} times the threshold. "
            "Scale its weights down: net.calibrate(x), or lower the learning rate.",
        )
    if not neuron.fires:
        return None
    silent = float((output.flatten(0, 1).sum(0) == 0).float().mean())
    rate = float(output.mean())
    if silent >= DEAD:
        return Finding(
            k,
            "silent" if silent == 1 else "nearly silent",
            _why_silent(who, silent, neuron, current, membrane, threshold),
        )
    if rate > SATURATED:
        mean = float(current.mean())
        return Finding(
            k,
            "saturated",
            f"{who} is saturated: it fires in {100 * rate:.0f} % of all steps, so its output says nothing. Its mean input is {mean:.3g}, the "
            f"threshold {threshold:.3g}. Scale its weights down with net.calibrate(x), raise v_threshold, or add a refractory period.",
        )
    return None


def _why_silent(who: str, silent: float, neuron: Neuron, current: Tensor, membrane: Tensor, threshold: float) -> str:
    largest = float(current.max())
    what = "no neuron fired" if silent == 1 else f"{100 * silent:.0f} % of the neurons never fired"
    text = f"{who} is {'silent' if silent == 1 else 'nearly silent'}: {what} in {current.shape[0]} steps and {current.shape[1]} samples. "
    if float(current.abs().max()) == 0:
        return text + "Its input is zero: the layer before it is silent, or the data are empty. Mend that first."
    reached = float(membrane.max())
    text += f"Its input reaches {largest:.3g}, its membrane {reached:.3g}, and the threshold is {threshold:.3g}. "
    tau = getattr(neuron, "tau_mem", None)
    if tau is not None:
        seconds = float(torch.as_tensor(tau).detach().mean())
        kept = 1 - torch.exp(torch.tensor(-neuron.dt / seconds)).item()
        text += f"With tau_mem={1e3 * seconds:.3g} ms and dt={1e3 * neuron.dt:.3g} ms the membrane moves {100 * kept:.2g} % of the way a step. "
    factor = threshold / reached if reached > 0 else float("inf")
    scale = f"about {factor:.2g} times larger" if 1 < factor < 1e6 else "larger"
    return text + f"Make its weights {scale} with net.calibrate(x), lower v_threshold, or shorten tau_mem."
