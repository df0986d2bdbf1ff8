"""A fitted reservoir's report."""

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import confusion_matrix

from ranvier.data.samples import Samples
from ranvier.plotting.report import LayerFacts, ReportData, SampleTrace
from ranvier.reservoirs import LiquidState, LiquidTimeConstant
from ranvier.training.inputs import Inputs, frame_time
from ranvier.training.measure import LayerWork
from ranvier.training.outcome import Outcome
from ranvier.training.reservoirs.models import ROW
from ranvier.training.reservoirs.sequences import sequences
from ranvier.training.reservoirs.votes import probabilities, votes
from ranvier.training.runs import RunFolder
from ranvier.training.summary import energy, typical, versions

SPIKING = "one dense pass over all synapses in every row of the sample, as an echo state network with the same synapses makes, and one over the readout"
REAL = "all synapses in every row of the sample, and the readout once"


def report(outcome: Outcome, model: Any) -> ReportData:
    """Everything the report shows."""
    run, samples, inputs, parts, measured, y = (
        outcome.run,
        outcome.samples,
        outcome.inputs,
        outcome.parts,
        outcome.measured,
        outcome.y,
    )
    recipe, final = run.recipe, outcome.final
    cell = isinstance(model, LiquidTimeConstant)
    spiking = isinstance(model, LiquidState)
    body = measured.layers[0]
    facts = {
        "data": f"{samples.name}, {len(samples)} {'recordings' if samples.kind == 'sound' else 'images'}",
        "model": f"{type(model).__name__}, {body.neurons} {'neurons' if spiking else 'units'}",
        "learned": f"{sum(layer.parameters for layer in measured.layers):,} numbers, {'the cell and its readout' if cell else 'the readout alone'}",
        "steps": f"{np.mean([len(rows) for rows in sequences(inputs, parts.test)]):.0f} rows a sample on average",
        "fit": f"{final['seconds']:.0f} s" if "seconds" in final else "of unknown length",
        "seed": str(recipe.seed),
        "split": parts.reason,
    }
    if spiking:
        facts["firing"] = f"{model.rate_:.1f} Hz in training"
    return ReportData(
        title=f"{Path(samples.name).name}: a {'liquid network' if cell else 'reservoir'}, by Ranvier",
        command=run.command,
        classes=recipe.classes,
        accuracy=measured.accuracy(y),
        floor=outcome.floor,
        confusion=confusion_matrix(y, measured.decision, labels=range(len(recipe.classes))),
        history=outcome.history,
        layers=[_facts(layer, measured.samples) for layer in measured.layers],
        sample=_trace(run, model, samples, inputs, typical(measured, y, parts)),
        facts=facts,
        configuration={key: repr(value) for key, value in model.get_params(deep=False).items()},
        warnings=outcome.warnings,
        versions=versions(),
        dense=SPIKING if spiking else REAL,
        energy=energy(measured, measured.accuracy(y)),
        without_history="The readout was fitted in one pass over the training samples, so there are no epochs to show.",
    )


def _facts(layer: LayerWork, samples: int) -> LayerFacts:
    return LayerFacts(
        name=layer.name,
        neurons=layer.neurons,
        rates=layer.rates,
        synops=layer.operations / samples,
        macs=layer.dense / samples,
        updates=layer.neurons * layer.steps / samples,
        parameters=layer.parameters,
        analog=layer.analog,
    )


def _trace(run: RunFolder, model: Any, samples: Samples, inputs: Inputs, index: int) -> SampleTrace:
    """One sample followed through: what the readout would say if the sample ended at each step."""
    recipe = run.recipe
    (rows,) = sequences(inputs, np.array([index]))
    output = votes(model, [rows[: t + 1] for t in range(len(rows))], len(recipe.classes))
    return SampleTrace(
        name=samples.names[index],
        label=recipe.classes[int(samples.y[index])],
        predicted=recipe.classes[int(output[-1].argmax())],
        dt=frame_time(recipe) if recipe.kind == "sound" else ROW,
        picture=inputs.picture(index),
        picture_kind="spectrogram" if recipe.kind == "sound" else "image",
        encoded=rows,
        rasters={"1 liquid": model.spike_counts([rows])[0] > 0} if isinstance(model, LiquidState) else {},
        output=output,
        output_kind="output of the readout",
        probability=probabilities(output),
    )
