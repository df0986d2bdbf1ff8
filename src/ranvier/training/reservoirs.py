"""Reservoirs behind `ranvier train --model`: from labelled samples to a fitted reservoir, its run folder and its report."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import confusion_matrix

import ranvier
from ranvier.data.floor import linear_floor
from ranvier.data.samples import Samples
from ranvier.data.splits import Split
from ranvier.errors import RanvierError
from ranvier.files import write_atomic
from ranvier.plotting.report import LayerFacts, ReportData, SampleTrace, write_report
from ranvier.reservoirs import (
    DeepEchoState,
    DeepLiquidState,
    EchoState,
    Equidistant,
    LiquidState,
    Rates,
    Reservoir,
    RidgeClassifier,
    save,
)
from ranvier.training.inputs import Inputs, frame_time, prepare
from ranvier.training.recipe import Recipe
from ranvier.training.runs import CONFIG, FORMAT, REPORT, RESERVOIR, RunFolder
from ranvier.training.summary import versions
from ranvier.units import Hz, ms

PENALTY = 30.0
SPREAD = 4.0  # of outputs near -1 and 1: probabilities are the soft maximum of the outputs times this
ROW = 10 * ms  # time of a row of a picture, which has none of its own


def _echo(units: Sequence[int], **shared: Any) -> Reservoir:
    options: dict[str, Any] = {"leak": 0.3, "input_scaling": 0.1, "bias_scaling": 0.1, **shared}
    return EchoState(units[0], **options) if len(units) == 1 else DeepEchoState(tuple(units), **options)


def _liquid(units: Sequence[int], **shared: Any) -> Reservoir:
    return LiquidState(
        (units[0], 5, 4), input_inhibitory=0.5, weight_scale=0.3, target_rate=20 * Hz, code=Rates(200 * Hz), dt=0.5 * ms, **shared
    )  # fmt: skip


def _deep_liquid(units: Sequence[int], **shared: Any) -> Reservoir:
    return DeepLiquidState(
        (units[0], 5, 4), layers=2, input_inhibitory=0.5, weight_scale=0.3, target_rate=20 * Hz, code=Rates(200 * Hz), dt=0.5 * ms, **shared
    )  # fmt: skip


# Name on the command line: what makes it, and the sizes that it has by default (of liquids the length of a column of 5 x 4).
MODELS: dict[str, tuple[Callable[..., Reservoir], tuple[int, ...]]] = {
    "echo": (_echo, (500,)),
    "deep-echo": (_echo, (200, 200, 200)),
    "liquid": (_liquid, (15,)),
    "deep-liquid": (_deep_liquid, (8,)),
}


def reservoir(name: str, recipe: Recipe, units: Sequence[int] | None) -> Reservoir:
    """The reservoir of a name, not yet fitted. units: sizes in place of its own."""
    make, sizes = MODELS[name]
    if units is not None and name.endswith("liquid"):
        raise RanvierError(
            f"--hidden: --model {name} has a column of fixed size. Leave --hidden out, or use --model echo."
        )
    return make(
        units or sizes, pooling=Equidistant(5, segments=True), readout=RidgeClassifier(PENALTY), random_state=recipe.seed, **_timing(name, recipe)
    )  # fmt: skip


def _timing(name: str, recipe: Recipe) -> dict[str, Any]:
    return {"step": ROW} if name.endswith("liquid") else {}


@dataclass(frozen=True, eq=False)
class Job:
    """What a run is made of."""

    run: RunFolder
    name: str
    samples: Samples
    parts: Split
    units: Sequence[int] | None = None

    def sequences(self, inputs: Inputs) -> list[np.ndarray]:
        """The rows that the reservoir gets of each sample, [T, features], of mean 0 and deviation 1: frames of the spoken part, or rows of a picture."""
        pictures = [np.asarray(inputs.picture(k), np.float64) for k in range(len(self.samples))]
        return [(p - p.mean()) / max(float(p.std()), 1e-9) for p in pictures]


def train(job: Job, say: Callable[[str], None]) -> dict[str, Any]:
    """Fits the reservoir, measures it on the test samples and writes the run folder; returns the final figures."""
    run, recipe, parts, y = job.run, job.run.recipe, job.parts, job.samples.y
    inputs = prepare(job.samples, recipe)
    features = inputs.flat()
    floor = linear_floor(features[parts.train], y[parts.train], features[parts.test], y[parts.test])
    say(f"linear floor (ridge on the same features): {100 * floor:.1f} % of the test samples")
    x = job.sequences(inputs)
    test = [x[k] for k in parts.test]
    model: Any = reservoir(job.name, recipe, job.units)
    _write_config(run, job.name, model)
    say(f"fitting {type(model).__name__} on {len(parts.train)} samples into {run.path}")
    began = time.perf_counter()
    model.fit([x[k] for k in parts.train], y[parts.train])
    seconds = time.perf_counter() - began
    found = model.predict(test)
    accuracy = float(np.mean(found == y[parts.test]))
    figures = {
        "model": job.name, "test_accuracy": accuracy, "linear_floor": floor, "test_samples": len(test), "seconds": seconds,
    }  # fmt: skip
    layers = _layers(model, test, len(recipe.classes))
    figures["rates"] = {layer.name: layer.rate for layer in layers if layer.finite.size}
    save(model, run.path / RESERVOIR)
    run.save_metrics([], figures)
    write_report(_report(job, model, x, inputs, found, accuracy, floor, seconds, layers), run.path / REPORT)
    return figures


def _write_config(run: RunFolder, name: str, model: Any) -> None:
    config = {
        "format": FORMAT,
        "ranvier": ranvier.__version__,
        "command": run.command,
        "source": vars(run.source),
        "model": name,
        "settings": {key: repr(value) for key, value in model.get_params(deep=False).items()},
    }
    write_atomic(run.path / CONFIG, json.dumps(config, indent=2))


def _layers(model: Any, test: list[np.ndarray], classes: int) -> list[LayerFacts]:
    """The reservoir and its readout, work a sample."""
    steps = float(np.mean([len(rows) for rows in test]))
    columns = int(model.readout_.coef_.shape[1])
    products, learned = columns * classes, model.readout_.coef_.size + classes
    readout = LayerFacts("2 readout", classes, np.empty(0), products, products, classes, learned, True)
    if not isinstance(model, LiquidState):
        weights = [model.weights_] if isinstance(model, EchoState) else model.layers_
        multiplied = steps * sum(w.win.size + np.count_nonzero(w.weight) for w in weights)
        units = sum(w.units for w in weights)
        return [LayerFacts("1 reservoir", units, np.empty(0), multiplied, multiplied, units * steps, 0, True), readout]
    counts = np.concatenate(model.spike_counts(test))
    each = round(model.step / model.dt)
    wiring = model.wiring_
    links = np.bincount(wiring.pre, minlength=wiring.n)
    entering = np.bincount(model.inputs_.channel, minlength=len(model.inputs_.sums))
    work = float(counts.sum(0) @ links) / len(test) + float(model.input_counts(test).mean(0) @ entering)
    rates = counts.mean(0) / each
    return [
        LayerFacts(
            "1 liquid", wiring.n, rates, work, steps * each * (links.sum() + entering.sum()), wiring.n * steps * each, 0
        ),
        readout,
    ]


def _report(
    job: Job,
    model: Any,
    x: list[np.ndarray],
    inputs: Inputs,
    found: np.ndarray,
    accuracy: float,
    floor: float,
    seconds: float,
    layers: Sequence[LayerFacts],
) -> ReportData:
    run, samples, parts = job.run, job.samples, job.parts
    recipe, y = run.recipe, samples.y[parts.test]
    shown = int(parts.test[np.flatnonzero(found == y)[0] if (found == y).any() else 0])
    spiking = isinstance(model, LiquidState)
    facts = {
        "data": f"{samples.name}, {len(samples)} {'recordings' if samples.kind == 'sound' else 'images'}",
        "model": f"{type(model).__name__}, {layers[0].neurons} {'neurons' if spiking else 'units'}",
        "learned": f"{layers[-1].parameters:,} numbers, the readout alone",
        "steps": f"{np.mean([len(rows) for rows in x]):.0f} a sample on average",
        "fit": f"{seconds:.0f} s",
        "seed": str(recipe.seed),
        "split": parts.reason,
    }
    if spiking:
        facts["firing"] = f"{model.rate_:.1f} Hz in training"
    return ReportData(
        title=f"{Path(samples.name).name}: a reservoir, by Ranvier",
        command=run.command,
        classes=recipe.classes,
        accuracy=accuracy,
        floor=floor,
        confusion=confusion_matrix(y, found, labels=range(len(recipe.classes))),
        history=[],
        layers=layers,
        sample=_trace(job, model, x[shown], inputs, shown),
        facts=facts,
        configuration={key: repr(value) for key, value in model.get_params(deep=False).items()},
        versions=versions(),
        dense="every synapse in every time step"
        if spiking
        else "the same, since a reservoir of real numbers has no spikes",
    )


def _trace(job: Job, model: Any, rows: np.ndarray, inputs: Inputs, index: int) -> SampleTrace:
    """One sample followed through: what the readout would say if the sample ended at each step."""
    recipe = job.run.recipe
    output = model.decision_function([rows[: t + 1] for t in range(len(rows))])
    every = np.zeros((len(rows), len(recipe.classes)))
    every[:, model.classes_] = output if output.ndim == 2 else np.stack([-output, output], 1)
    weights = np.exp(SPREAD * (every - every.max(1, keepdims=True)))
    rasters = {"1 liquid": model.spike_counts([rows])[0] > 0} if isinstance(model, LiquidState) else {}
    return SampleTrace(
        name=job.samples.names[index],
        label=recipe.classes[int(job.samples.y[index])],
        predicted=recipe.classes[int(model.predict([rows])[0])],
        dt=frame_time(recipe) if recipe.kind == "sound" else ROW,
        picture=inputs.picture(index),
        picture_kind="spectrogram" if recipe.kind == "sound" else "image",
        encoded=rows,
        rasters=rasters,
        output=every,
        output_kind="output of the readout",
        probability=weights / weights.sum(1, keepdims=True),
    )
