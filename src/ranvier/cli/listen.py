"""`ranvier listen`."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from ranvier.cli.common import console, progress_bar, set_threads
from ranvier.cli.lines import warn, warnings_as_lines
from ranvier.data.blocks import FORMATS, Blocks, file_blocks, microphone_blocks, pcm_blocks
from ranvier.errors import BadFileError, RanvierError
from ranvier.training.listener import LONGEST, PAUSE, Decision, Listener
from ranvier.training.runs import RunFolder

app = typer.Typer(add_completion=False)


@app.command(
    epilog="Examples:  ranvier listen runs/spoken-digits-... meeting.flac --threshold 0.8   |   "
    "arecord -t raw -f S16_LE -r 8000 -c 1 | ranvier listen runs/spoken-digits-... - --json",
)
def listen(
    run: Annotated[Path, typer.Argument(help="Run folder of a network that was trained on sounds.")],
    source: Annotated[
        str,
        typer.Argument(
            help="A sound file of any length, rate and channels; - for raw mono samples on standard input; or microphone "
            "(needs the package sounddevice)."
        ),
    ],
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print JSON: one object a line for each utterance, the last one holds the summary."
        ),
    ] = False,
    threshold: Annotated[
        float, typer.Option(help="Least confidence, 0 to 1: decisions below are counted, not printed.")
    ] = 0.0,
    pause: Annotated[float, typer.Option(help="Seconds of quiet that end an utterance.")] = PAUSE,
    longest: Annotated[float, typer.Option(help="Seconds at which an utterance is cut in two.")] = LONGEST,
    rate: Annotated[
        int | None, typer.Option(help="With -: samples in a second; those of the training recordings by default.")
    ] = None,
    sample_format: Annotated[
        str, typer.Option("--format", help=f"With -: format of a sample, {' or '.join(FORMATS)}.")
    ] = "s16le",
    threads: Annotated[int | None, typer.Option(help="Processor cores to use.")] = None,
) -> None:
    """Listen to a long recording or a live sound and print what is said, with times, as soon as it has been said.

    An utterance is what stands out from the background noise, between two pauses; the network decides on each as it does on a whole file
    in `ranvier predict`. Times are seconds from the start. Any length of sound is taken in little memory. Ctrl-C ends it.
    """
    set_threads(threads)
    with warnings_as_lines():
        if not 0 <= threshold <= 1:
            raise RanvierError(f"--threshold {threshold:g}: must lie between 0 and 1, such as --threshold 0.8.")
        folder = RunFolder.open(run)
        trained = folder.recipe.rate or 0
        blocks = _open(source, rate, sample_format, trained)
        listener = Listener(folder.network(), folder.recipe, rate=blocks.rate, pause=pause, longest=longest)
        if blocks.rate < trained:
            warn(
                f"{blocks.name}: {blocks.rate} Hz, the network was trained at {trained} Hz: high frequencies are missing, decisions may suffer."
            )
        with console.status("compiling kernels (once on this machine; later runs find them)", spinner="dots"):
            listener.warm_up()
        _Session(blocks, listener, threshold, as_json).carry_out()


def _open(source: str, rate: int | None, sample_format: str, trained: int) -> Blocks:
    if source == "-":
        pipe = sys.stdin.buffer
        if pipe.isatty():
            raise RanvierError(
                f"standard input is a terminal, expected raw samples from a pipe. "
                f"Type `arecord -t raw -f S16_LE -r {rate or trained} -c 1 | ranvier listen RUN -`."
            )
        return pcm_blocks(pipe, trained if rate is None else rate, sample_format)
    if rate is not None:
        raise RanvierError(f"--rate {rate}: only raw samples (-) need it; {source} knows its own. Leave it out.")
    return microphone_blocks() if source == "microphone" else file_blocks(source)


class _Session:
    """One hearing: what was said, and the accounts of it."""

    def __init__(self, blocks: Blocks, listener: Listener, threshold: float, as_json: bool) -> None:
        self.blocks, self.listener, self.threshold, self.as_json = blocks, listener, threshold, as_json
        self.printed = self.below = 0
        self.heard = self.waited = 0.0  # seconds of sound, and of waiting for it

    def carry_out(self) -> None:
        started = time.perf_counter()
        problem, stopped = None, False
        try:
            with progress_bar("listening") as progress:
                seconds = self.blocks.seconds
                task = progress.add_task("seconds", total=round(seconds or 0), visible=bool(seconds))
                for wave in self._waves():
                    self._show(self.listener.push(wave))
                    progress.update(task, completed=round(self.heard))
        except KeyboardInterrupt:
            stopped = True
        except BadFileError as error:  # what could be read was heard
            problem = error
        if problem and not self.heard:
            raise problem
        if not stopped:
            self._show(self.listener.finish())
        self._summary(time.perf_counter() - started)
        if problem:
            raise problem
        if stopped and not self.blocks.live:
            warn(f"stopped at {self.heard:.1f} s")
            raise typer.Exit(130)

    def _waves(self) -> Iterator[np.ndarray]:
        """The waves of the source, with the accounts of how long they are and how long they were waited for."""
        waves = self.blocks.mono()
        while True:
            asked = time.perf_counter()
            try:
                wave = next(waves, None)
            finally:  # Ctrl-C mostly comes while one waits
                if self.blocks.live:
                    self.waited += time.perf_counter() - asked
            if wave is None:
                return
            self.heard += len(wave) / self.blocks.rate
            yield wave

    def _show(self, decisions: list[Decision]) -> None:
        for said in decisions:
            if said.confidence < self.threshold:
                self.below += 1
                continue
            self.printed += 1
            if self.as_json:
                self._print_json(
                    {
                        "start": round(said.start, 3),
                        "end": round(said.end, 3),
                        "class": said.label,
                        "confidence": said.confidence,
                        "probabilities": said.probabilities,
                        "cut": said.cut,
                    }
                )
            else:
                note = f", cut at {self.listener.longest:g} s" if said.cut else ""
                typer.echo(
                    f"{said.start:.2f} - {said.end:.2f} s: {said.label or 'no decision'} ({100 * said.confidence:.1f} %){note}"
                )

    def _summary(self, elapsed: float) -> None:
        worked = elapsed - self.waited
        factor = worked / self.heard if self.heard else None
        if self.as_json:
            values = {
                "audio_seconds": round(self.heard, 3),
                "elapsed_seconds": round(elapsed, 3),
                "work_seconds": round(worked, 3),
                "real_time_factor": factor,
                "utterances": self.printed + self.below,
                "below_threshold": self.below,
            }
            self._print_json({"summary": values})
            return
        below = f", {self.below} of them below {100 * self.threshold:g} %" if self.below else ""
        count = self.printed + self.below
        typer.echo(f"{count or 'no'} utterance{'s' * (count != 1)}{below} in {self.heard:.1f} s of audio")
        if factor:
            typer.echo(f"{worked:.2f} s of work: {1 / factor:.0f} times real time (real-time factor {factor:.4f})")
        if not count and self.heard:
            warn(
                "nothing stood out from the background noise. Check the recording level, and for raw samples --rate and --format."
            )

    def _print_json(self, values: dict[str, Any]) -> None:
        typer.echo(json.dumps(values))
