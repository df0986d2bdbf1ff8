"""From a trained run to its report and its final figures."""

import platform
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.metrics import confusion_matrix

import ranvier
from ranvier.data.samples import Samples
from ranvier.data.splits import Split
from ranvier.energy import Estimate, NeuroBench, neurobench, price
from ranvier.layers import Sequential
from ranvier.plotting.report import LayerFacts, ReportData, SampleTrace
from ranvier.training import scoring
from ranvier.training.inputs import Inputs
from ranvier.training.measure import BATCH, Measured, population_names
from ranvier.training.outcome import Outcome
from ranvier.training.runs import RunFolder


def final_figures(measured: Measured, y: np.ndarray, floor: float | None, seconds: float) -> dict[str, Any]:
    """The figures that metrics.json keeps."""
    return {
        "test_accuracy": measured.accuracy(y),
        "linear_floor": floor,
        "test_samples": len(y),
        "seconds": seconds,
        "synaptic_operations": sum(layer.operations for layer in measured.layers if not layer.analog)
        / measured.samples,
        "multiply_accumulates": sum(layer.operations for layer in measured.layers if layer.analog) / measured.samples,
        "dense_multiply_accumulates": sum(layer.dense for layer in measured.layers) / measured.samples,
        "rates": {layer.name: float(layer.rates.mean()) for layer in measured.layers if layer.fires},
    }


def report(outcome: Outcome, net: Sequential) -> ReportData:
    """Everything the report shows."""
    run, samples, inputs, split, measured, y = (
        outcome.run,
        outcome.samples,
        outcome.inputs,
        outcome.parts,
        outcome.measured,
        outcome.y,
    )
    recipe, history = run.recipe, outcome.history
    labels = list(range(-1, len(recipe.classes)))
    confusion = confusion_matrix(y, measured.decision, labels=labels)[1:, 1:]
    spiking = [layer for layer in measured.layers if layer.fires]
    total = sum(float(row["seconds"]) for row in history)
    parameters = sum(p.numel() for p in net.parameters())
    facts = {
        "data": f"{samples.name}, {len(samples)} {'recordings' if samples.kind == 'sound' else 'images'}",
        "network": " - ".join(f"{layer.neurons} {layer.name.split(' ', 1)[1]}" for layer in measured.layers),
        "parameters": f"{parameters:,}",
        "steps": f"{recipe.steps} of {1e3 * recipe.dt:g} ms",
        "epochs": f"{len(history)} of {recipe.epochs}",
        "training time": f"{total:.0f} s",
        "firing": ", ".join(f"{100 * float(layer.rates.mean()):.1f} %" for layer in spiking) + " of steps",
        "seed": str(recipe.seed),
        "split": split.reason,
    }
    layers = [
        LayerFacts(
            name=layer.name,
            neurons=layer.neurons,
            rates=layer.rates,
            synops=layer.operations / measured.samples,
            macs=layer.dense / measured.samples / (recipe.steps if samples.kind == "image" else 1),
            updates=layer.neurons * recipe.steps,
            parameters=layer.parameters,
            analog=layer.analog,
        )
        for layer in measured.layers
    ]
    return ReportData(
        title=f"{Path(samples.name).name}: a spiking network, by Ranvier",
        command=run.command,
        classes=recipe.classes,
        accuracy=measured.accuracy(y),
        floor=outcome.floor,
        confusion=confusion,
        history=history,
        layers=layers,
        sample=trace(net, samples, inputs, typical(measured, y, split), run),
        facts=facts,
        configuration=recipe.as_dict(),
        warnings=outcome.warnings,
        versions=versions(),
        dense="one dense pass a picture" if samples.kind == "image" else "one dense pass in every time step",
        energy=energy(measured, measured.accuracy(y)),
        neurobench=benchmarked(net, inputs, split.test),
    )


def energy(measured: Measured, accuracy: float | None, **options: Any) -> Estimate | None:
    """What the measured work would cost; options go to `ranvier.energy.price`. None where no work was counted.

    Without spikes a picture is computed once, a sound in every step: `Measured.passes`.
    """
    if measured.counts is None:
        return None
    return price(measured.counts, accuracy=accuracy, passes=measured.passes, **options)


def benchmarked(net: Sequential, inputs: Inputs, index: np.ndarray) -> NeuroBench:
    """NeuroBench's metrics on the first samples of `index`, a batch at most."""
    return neurobench(net, inputs.batch(torch.from_numpy(index[:BATCH]), None))


@torch.no_grad()
def trace(net: Sequential, samples: Samples, inputs: Inputs, index: int, run: RunFolder) -> SampleTrace:
    """One sample followed through the network."""
    recipe = run.recipe
    x = inputs.batch(torch.tensor([index]), None)
    done = net.run(x, record=("output",))
    names = population_names(net)
    output = done.output[:, 0]
    decision = int(scoring.decision(recipe, done.output)[0])
    rasters = {
        name: done.records[f"{k}.output"][:, 0].flatten(1).bool().numpy()
        for k, name in names.items()
        if net.layers[k] is not net.layers[-1]
    }
    return SampleTrace(
        name=samples.names[index],
        label=recipe.classes[int(samples.y[index])],
        predicted=recipe.classes[decision] if decision >= 0 else "no decision",
        dt=recipe.dt,
        picture=inputs.picture(index),
        picture_kind="spectrogram" if recipe.kind == "sound" else "image",
        encoded=x[:, 0].flatten(1).numpy(),
        rasters=rasters,
        output=output.numpy(),
        output_kind="membrane potential",
        probability=scoring.over_time(recipe, done.output)[:, 0].numpy(),
    )


def versions() -> dict[str, str]:
    """Versions that a result depends on."""
    return {
        "ranvier": ranvier.__version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def typical(measured: Measured, y: np.ndarray, split: Split) -> int:
    """A right decision of middling confidence, else the first sample."""
    right = np.flatnonzero(measured.decision == y)
    if not len(right):
        return int(split.test[0])
    order = right[np.argsort(measured.probability[right].max(1), kind="stable")]
    return int(split.test[order[len(order) // 2]])
