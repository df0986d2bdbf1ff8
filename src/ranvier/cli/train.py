"""`ranvier train`."""

import json
import shlex
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer

from ranvier.cli.common import console, load, load_again, progress_bar, set_threads
from ranvier.cli.lines import warn, warnings_as_lines
from ranvier.data.floor import linear_floor
from ranvier.data.samples import Samples
from ranvier.data.splits import Split, split
from ranvier.errors import RanvierError
from ranvier.plotting.report import write_report
from ranvier.training.fit import finished, fit
from ranvier.training.inputs import BANDS, Inputs, prepare
from ranvier.training.measure import measure
from ranvier.training.module import Classifier
from ranvier.training.network import build
from ranvier.training.outcome import Outcome
from ranvier.training.recipe import NEURONS, Recipe, image_recipe, sound_recipe
from ranvier.training.reservoirs.job import Job
from ranvier.training.reservoirs.job import train as fit_reservoir
from ranvier.training.reservoirs.models import MODELS, reservoir, suited
from ranvier.training.runs import CHECKPOINT, NETWORK, REPORT, RESERVOIR, RunFolder, Source
from ranvier.training.summary import final_figures, report

app = typer.Typer(add_completion=False)


def _told(in_one_pass: bool) -> str:
    """Names and what they are, of the models that are fitted in one pass, or of the others."""
    return "; ".join(f"{name}, {m.told}" for name, m in MODELS.items() if m.in_one_pass is in_one_pass)


@app.command(
    epilog="Examples:  ranvier train spoken-digits   |   ranvier train my-recordings --epochs 40   |   ranvier train spoken-digits --model echo",
)
def train(
    source: Annotated[
        str | None,
        typer.Argument(
            help="spoken-digits, digits, or a path: a folder with one sub-folder a class (sounds or images), IDX files, an NPZ file."
        ),
    ] = None,
    resume: Annotated[Path | None, typer.Option(help="Continue this run folder instead of starting a new run.")] = None,
    data: Annotated[
        str | None, typer.Option(help="With digits: a folder of IDX files, such as MNIST's, instead of the small set.")
    ] = None,
    split_: Annotated[
        str | None,
        typer.Option(
            "--split",
            help="official, speaker:NAME, recording:NAME or random; by default the most honest that is possible.",
        ),
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Times through the training samples.")] = None,
    model: Annotated[
        str,
        typer.Option(
            help="network: spiking, trained by gradients. Fixed, with a readout that is fitted in one pass: "
            f"{_told(True)}. Trained by gradients, with such a readout at the end: {_told(False)}."
        ),
    ] = NETWORK,
    neuron: Annotated[str | None, typer.Option(help=f"Model of the hidden neurons: {', '.join(NEURONS)}.")] = None,
    hidden: Annotated[str | None, typer.Option(help="Sizes of the hidden populations, such as 256 or 256,128.")] = None,
    steps: Annotated[int | None, typer.Option(help="Time steps a sample.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random; 0 by default.")] = None,
    threads: Annotated[int | None, typer.Option(help="Processor cores to use; all by default.")] = None,
    out: Annotated[str | None, typer.Option(help="Run folder to write; by default runs/NAME-TIME.")] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse the folder if a single file cannot be read.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON; what happens meanwhile goes to standard error.")
    ] = False,
) -> None:
    """Train a spiking network, or a reservoir, and write a run folder: weights, configuration, metrics and a report.

    The data are described first, with how they are split and why, and with a linear floor: what ridge regression makes of the same
    features. A network is worth its spikes where it is well above that. A folder that holds something is never written over.
    """
    set_threads(threads)
    say = partial(typer.echo, err=as_json)
    with warnings_as_lines():
        if model not in (NETWORK, *MODELS):
            raise RanvierError(f"--model {model}: no such model. Choose one of {NETWORK}, {', '.join(MODELS)}.")
        if resume is not None:
            given = {
                "SOURCE": source,
                "--data": data,
                "--split": split_,
                "--epochs": epochs,
                "--model": model if model != NETWORK else None,
                "--neuron": neuron,
                "--hidden": hidden,
                "--steps": steps,
                "--seed": seed,
                "--out": out,
                "--strict": strict or None,
            }
            fixed = [name for name, value in given.items() if value is not None]
            if fixed:
                raise RanvierError(
                    f"--resume continues a run as it was begun, so {', '.join(fixed)} cannot be given with it. Type `ranvier train --resume {resume}`."
                )
            run = RunFolder.open(resume)
            if not run.holds_network:
                raise RanvierError(_nothing_to_resume(run))
            if finished(run):
                raise RanvierError(
                    f"{resume}: has finished all {run.recipe.epochs} epochs. To train longer, type its command again, "
                    f"`{run.command}`, with a larger --epochs and another --out."
                )
            _answer(run, _train(run, load_again(run), True, say), as_json)
            return
        if source is None:
            raise RanvierError(
                "nothing to train on. Type `ranvier train spoken-digits`, or give a folder with one sub-folder a class."
            )
        if model != NETWORK:
            _refuse(model, {"--epochs": epochs, "--neuron": neuron, "--steps": steps})
        origin = Source(source, data, split_, strict)
        samples = load(origin)
        recipe = _recipe(samples).changed(epochs=epochs, neuron=neuron, hidden=_sizes(hidden), steps=steps, seed=seed)
        parts = split(samples, split_, recipe.seed)  # a wrong --split is an error before anything is written
        typed = f"ranvier {shlex.join(sys.argv[1:])}"
        if model == NETWORK:
            run = RunFolder.create(out, recipe, origin, typed)
            figures = _train(run, samples, False, say)
        else:
            made = reservoir(model, recipe, _sizes(hidden), epochs)
            settings = {key: repr(value) for key, value in made.get_params(deep=False).items()}
            run = RunFolder.create(out, suited(model, recipe), origin, typed, model, settings)
            figures = _fit_reservoir(Job(run, samples, parts, made), say)
        _answer(run, figures, as_json)


def _answer(run: RunFolder, figures: Mapping[str, Any], as_json: bool) -> None:
    """The result for other programs."""
    if as_json:
        typer.echo(json.dumps({"run": str(run.path), "report": str(run.path / REPORT), **figures}, indent=2))


def _refuse(model: str, given: dict[str, object]) -> None:
    once = MODELS[model].in_one_pass
    wrong = [name for name, value in given.items() if value is not None and (once or name != "--epochs")]
    if wrong:
        raise RanvierError(
            f"--model {model}{' is fitted in one pass and' if once else ''} has no {', '.join(wrong)}. Leave that out, or use --model network."
        )


def _nothing_to_resume(run: RunFolder) -> str:
    """Why a reservoir's run is not continued, and what to type instead."""
    anew = f"type its command again, `{run.command}`, with another --out"
    if (run.path / RESERVOIR).is_file():
        return (
            f"{run.path}: holds a reservoir (--model {run.model}) that is fitted; a fit is one step, so there is nothing to go on with. Use it with "
            f"`ranvier predict {run.path} FILE` or `ranvier evaluate {run.path} FOLDER`. To fit anew, {anew}."
        )
    return f"{run.path}: is of a reservoir (--model {run.model}) whose fit did not end; a fit is one step, of which nothing is kept. To begin anew, {anew}."


def _fit_reservoir(job: Job, say: Callable[[str], None]) -> Mapping[str, Any]:
    say(job.samples.summary())
    say(job.parts.reason)
    try:
        figures = fit_reservoir(job, say)
    except KeyboardInterrupt:
        warn(
            f"stopped; a fit is one step, of which nothing is kept. Type `{job.run.command}` again with another --out, or delete {job.run.path}."
        )
        raise typer.Exit(130) from None
    say(
        f"test accuracy {100 * figures['test_accuracy']:.1f} %   (linear floor {100 * figures['linear_floor']:.1f} %, "
        f"{figures['test_samples']} samples; fitted in {figures['seconds']:.0f} s)"
    )
    say(f"report: {job.run.path / REPORT}")
    return figures


def _recipe(samples: Samples) -> Recipe:
    if isinstance(samples.x, list):
        assert samples.rate is not None
        return sound_recipe(samples.classes, samples.rate, BANDS)
    return image_recipe(samples.classes, tuple(samples.x.shape[1:]))


def _sizes(hidden: str | None) -> tuple[int, ...] | None:
    if hidden is None:
        return None
    try:
        return tuple(int(size) for size in hidden.split(","))
    except ValueError:
        raise RanvierError(
            f"--hidden {hidden}: expected numbers with commas between, such as --hidden 256,128."
        ) from None


def _train(run: RunFolder, samples: Samples, resume: bool, say: Callable[[str], None]) -> Mapping[str, Any]:
    try:
        return _carry_out(run, samples, resume, say)
    except KeyboardInterrupt:
        kept = len(run.metrics()["epochs"])
        warn(
            f"stopped; {kept} of {run.recipe.epochs} epochs are kept in {run.path}. Continue with `ranvier train --resume {run.path}`."
        )
        raise typer.Exit(130) from None


def _carry_out(run: RunFolder, samples: Samples, resume: bool, say: Callable[[str], None]) -> Mapping[str, Any]:
    recipe = run.recipe
    say(samples.summary())
    parts = split(samples, run.source.split, recipe.seed)
    say(parts.reason)
    with console.status("features", spinner="dots"):
        inputs = prepare(samples, recipe)
        features = inputs.flat()
        floor = linear_floor(features[parts.train], samples.y[parts.train], features[parts.test], samples.y[parts.test])
    say(f"linear floor (ridge on the same features): {100 * floor:.1f} % of the test samples")
    with console.status("compiling kernels (once on this machine; later runs find them)", spinner="dots"):
        _compile(recipe, inputs, parts)
    say(
        f"training {_count(recipe.epochs, 'epoch')} on {_count(torch.get_num_threads(), 'thread')} into {run.path} "
        "(firing: share of steps with a spike, of each population)"
    )
    started = time.perf_counter()
    module = _fit(run, inputs, parts, resume, say)
    seconds = sum(row["seconds"] for row in module.history) if resume else time.perf_counter() - started
    net = run.network()
    measured = measure(net, inputs, parts.test, recipe)
    figures = final_figures(measured, samples.y[parts.test], floor, seconds) | {"warnings": module.warnings}
    run.save_metrics(module.history, figures)
    data = report(Outcome(run, samples, inputs, parts, measured, run.metrics()), net)
    path = write_report(data, run.path / REPORT)
    (run.path / CHECKPOINT).unlink(missing_ok=True)
    say(
        f"test accuracy {100 * figures['test_accuracy']:.1f} %   (linear floor {100 * floor:.1f} %, {len(parts.test)} samples)"
    )
    say(f"report: {path}")
    return figures


def _compile(recipe: Recipe, inputs: Inputs, parts: Split) -> None:
    """Runs one small batch forward and backward, so that compiling does not hide in the first epoch's time."""
    x = inputs.batch(torch.from_numpy(parts.train[:2]), None)
    build(recipe)(x).sum().backward()


def _fit(run: RunFolder, inputs: Inputs, parts: Split, resume: bool, say: Callable[[str], None]) -> Classifier:
    recipe = run.recipe
    spent: list[float] = []
    with progress_bar("training") as progress:
        task = progress.add_task("", total=None)

        def on_batch(module: Classifier, index: int) -> None:
            total = len(module.batches)
            progress.update(task, completed=module.current_epoch * total + index + 1, total=recipe.epochs * total)

        def on_epoch(module: Classifier) -> None:
            row = module.history[-1]
            spent.append(row["seconds"])
            left = (recipe.epochs - row["epoch"]) * float(np.median(spent))
            rates = " / ".join(f"{100 * rate:.1f}" for rate in row["rates"].values())
            say(
                f"epoch {row['epoch']:3d}/{recipe.epochs}  loss {row['loss']:.3f}  train {100 * row['accuracy']:5.1f} %  "
                f"test {100 * row['test_accuracy']:5.1f} %  firing {rates} %  left {_clock(left)}"
            )

        return fit(run, inputs, parts.train, parts.test, resume=resume, on_epoch=on_epoch, on_batch=on_batch)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
