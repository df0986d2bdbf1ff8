"""Processes that are measured side by side: one a peer and workload, asked in shuffled order, so that a machine which slows down
slows all of them."""

import argparse
import json
import os
import queue
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from peers import PEERS

RARE = 10.0  # seconds; what takes longer a call is asked in every third round only
Found = dict[str, dict[str, Any]]


class WorkerError(Exception):
    """A worker that stopped, failed or did not answer in time; the text is what it said last."""


class Worker:
    """The process of one peer and workload; see `worker.py` for the requests. script: another file that answers them."""

    def __init__(self, peer: str, workload: str, options: argparse.Namespace, script: str = "worker.py") -> None:
        self.timeout, self.log = options.timeout, tempfile.TemporaryFile("w+")
        limits = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(options.threads)) | {"JAX_PLATFORMS": "cpu"}
        command = [options.python.get(peer, sys.executable), str(Path(__file__).with_name(script)), peer, workload]
        command += ["--threads", str(options.threads), "--seconds", str(options.seconds)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True, env=os.environ | limits
        )
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put("")  # the end

    def ask(self, request: str) -> dict[str, Any]:
        """The answer; raises WorkerError where there is none or it reports a failure."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(request + "\n")
            self.process.stdin.flush()
        except OSError:
            pass  # it has stopped; what follows tells why
        try:
            line = self.lines.get(timeout=self.timeout)
        except queue.Empty:
            raise WorkerError(f"{request}: no answer within {self.timeout:g} s; raise --timeout") from None
        if not line:
            self.log.seek(0)
            raise WorkerError(f"stopped with code {self.process.wait()}: {self.log.read()[-2000:].strip() or 'silent'}")
        found = json.loads(line)
        if "error" in found:
            raise WorkerError(found["error"])
        return found

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()


def interleave(
    tasks: Mapping[str, tuple[str, str]], kinds: Sequence[str], rounds: int, options: argparse.Namespace
) -> tuple[Found, list[dict[str, Any]]]:
    """Samples of every task, and of the limits of the first task's workload, round by round.

    tasks: name -> (peer, workload). A task that ran has its facts, and `seconds` and `others` by kind, one entry a round (None where a
    slow call was left out); one that did not has `missing` or `failed`, with the reason. The limits: one entry a round.
    """
    workers = {name: Worker(*task, options) for name, task in tasks.items()}
    workers["limits"] = Worker("limits", next(iter(tasks.values()))[1], options)
    found: Found = {}
    limits: list[dict[str, Any]] = []
    try:
        for name in list(workers):  # one after the other: their peaks of memory need not meet
            found[name] = _ask(name, "prepare", workers)
            if "missing" in found[name]:
                print(f"{name} is skipped: {found[name]['missing']}", flush=True)
                workers.pop(name).stop()
            found[name] |= {field: {kind: [] for kind in kinds} for field in ("seconds", "others")}
        for turn in range(rounds):
            for name in random.sample(list(workers), len(workers)):
                if name == "limits":
                    limits.append(_ask(name, "limits", workers))
                    continue
                for kind in kinds:
                    if name in workers:
                        _take(found[name], kind, turn, lambda n=name, k=kind: _ask(n, k, workers))
    finally:
        for worker in workers.values():
            worker.stop()
    facts = found.pop("limits")
    return found, [facts | sample for sample in limits if "failed" not in sample]


def _take(facts: dict[str, Any], kind: str, turn: int, ask: Callable[[], dict[str, Any]]) -> None:
    """Adds one round's sample of a kind to a task's facts."""
    last = next((s for s in reversed(facts["seconds"][kind]) if s is not None), 0.0)
    if turn % 3 and last > RARE:
        sample: dict[str, Any] = {"seconds": None, "others": None}
    else:
        sample = ask()
    if "failed" in sample:
        facts |= sample
        return
    for field, value in sample.items():
        facts[field][kind].append(value)


def _ask(name: str, request: str, workers: dict[str, Worker]) -> dict[str, Any]:
    """The answer; a worker that fails is stopped and named, and the others go on."""
    try:
        return workers[name].ask(request)
    except WorkerError as error:
        print(f"{name} failed: {error}", file=sys.stderr, flush=True)
        workers.pop(name).stop()
        return {"failed": str(error)}


def once(peer: str, workload: str, request: str, options: argparse.Namespace) -> dict[str, Any]:
    """The answer of a fresh process to one request; `missing` or `failed` where there is none."""
    workers = {peer: Worker(peer, workload, options)}
    try:
        return _ask(peer, request, workers)
    finally:
        for worker in workers.values():
            worker.stop()


def ran(found: Found) -> Found:
    """The tasks that gave samples."""
    return {name: facts for name, facts in found.items() if not {"missing", "failed"} & set(facts)}


def median(samples: Sequence[float | None]) -> float:
    """Of the rounds in which there was a sample."""
    return statistics.median(s for s in samples if s is not None)


def ratio(above: Sequence[float | None], below: Sequence[float | None]) -> float:
    """Median over the rounds of above / below within the round."""
    return median([a / b if a is not None and b is not None else None for a, b in zip(above, below, strict=True)])


def elsewhere(text: str) -> dict[str, str]:
    """PEER[,PEER]=PATH -> the interpreter of each peer."""
    names, equals, path = text.partition("=")
    unknown = set(names.split(",")) - set(PEERS)
    if not equals or unknown:
        raise argparse.ArgumentTypeError(f"{text!r} is not PEER=PATH with peers of {', '.join(PEERS)}")
    if shutil.which(path) is None:
        raise argparse.ArgumentTypeError(f"{path!r} is no program; give the python of the environment of {names}")
    return dict.fromkeys(names.split(","), path)
