"""`ranvier`: the verbs, and what a user sees when something goes wrong."""

import difflib
import logging
import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from ranvier import __version__
from ranvier.errors import RanvierError

VERBS = {
    "train": "Train a spiking network on sounds or images; writes a run folder with a report.",
    "predict": "Class and confidence of single files, by a trained network.",
    "listen": "What is said, and when, in a long recording, a pipe or the microphone, by a trained network.",
    "evaluate": "Accuracy of a trained network on a labelled folder.",
    "report": "Draw the report of a run again.",
    "energy": "What a trained network would cost in energy, beside the same network without spikes.",
    "simulate": "Simulate a network, a standard one or your own script: rates, irregularity, speed, a report.",
    "neuron": "Look at a neuron model, built-in or your own: equations, trace, f-I curve, phase plane.",
    "convert": "Turn a trained torch network of ReLUs into a spiking one; accuracy against steps.",
    "check": "List what a trained network has that a neuromorphic chip has not.",
    "export": "Write a trained network as NIR or C, for other tools and chips.",
    "import": "Look at the network in a NIR file; mend an old one.",
    "doctor": "Look at this machine: cores, torch, kernel cache, audio; say what is wrong.",
}


class Verbs(TyperGroup):
    """Loads a verb's module when it is used, so that `--help` answers at once."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in VERBS:
            near = difflib.get_close_matches(cmd_name, VERBS, n=1)
            meant = f" Did you mean `ranvier {near[0]}`?" if near else ""
            ctx.fail(f"no verb {cmd_name!r}.{meant} Known: {', '.join(VERBS)}.")
        return get_command(import_module(f"ranvier.cli.{cmd_name}").app)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        typer.echo(
            f"Usage: {ctx.command_path} [OPTIONS] VERB ...\n\n  Spiking neural networks: train, use and look at them.\n"
        )
        typer.echo("\n".join(f"  {verb:<10}{text}" for verb, text in VERBS.items()))
        typer.echo(
            f"\n  --version   Show the version.\n  --help      Show this; `{ctx.command_path} VERB --help` tells what a verb takes.\n\n"
            "Start with:  ranvier train spoken-digits\n"
            "Your data:   ranvier train FOLDER      (one sub-folder a class, of sounds or images)"
        )


app = typer.Typer(cls=Verbs, add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"ranvier {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def verbs(
    ctx: typer.Context, version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False
) -> None:
    """Spiking neural networks: train, use and look at them."""
    if ctx.invoked_subcommand is None:
        ctx.get_help()


def main() -> None:
    """Entry point: what the user did or gave wrongly is one paragraph without a traceback, with status 1."""
    logging.getLogger("ranvier").setLevel(logging.ERROR)  # verbs say themselves what takes long
    try:
        app(prog_name="ranvier")
    except (RanvierError, NotImplementedError) as error:
        typer.secho("error: ", fg="red", bold=True, nl=False, err=True)
        typer.echo(str(error), err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(141)


if __name__ == "__main__":
    main()
