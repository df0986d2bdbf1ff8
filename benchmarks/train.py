"""Training speed side by side: a plain PyTorch loop, snnTorch, SpikingJelly and Ranvier on the same maths.

Every peer and workload has its own process. In each round the processes are asked in shuffled order for one sample of the
forward pass and one of the training step, so that a machine which slows down slows all of them; speeds are compared within
a round, and the median over the rounds is reported.

    python benchmarks/train.py --rounds 7 --threads 2 --json times.json
"""

import argparse
import json
import math
import os
import platform
import queue
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, NamedTuple

if sys.argv[1:3] == ["--worker", "ranvier"]:
    import ranvier  # before torch, as a user does: it then sets how torch's threads wait  # noqa: F401

import torch
from torch import Tensor, nn

DECAY, THRESHOLD = 0.9, 1.0  # v <- 0.9 v + x; spike where v reaches 1; the reset subtracts 1 and is not differentiated
KINDS = ("forward", "training")
PACKAGES = {"plain": "torch", "snntorch": "snntorch", "spikingjelly": "spikingjelly", "ranvier": "ranvier"}
OWN_ORDER = ("snntorch",)  # subtracts the reset one step later, its default: other numbers by design
TOLERANCE = 0.02  # sums in another order flip a few spikes near the threshold


# ---- workloads -------------------------------------------------------------------------------------------------------


class Workload(NamedTuple):
    """sizes: neurons of each layer, input first; a single size is neurons driven directly."""

    sizes: tuple[int, ...]
    steps: int
    batch: int


WORKLOADS = {"mlp": Workload((784, 1000, 10), steps=25, batch=128), "neuron": Workload((4096,), steps=100, batch=64)}


class Problem(NamedTuple):
    """The numbers every peer gets. x: [T, B, N]; target: labels [B], or the gradient [T, B, N] given to backward."""

    x: Tensor
    target: Tensor
    synapses: list[nn.Module]


def problem(workload: Workload) -> Problem:
    """Input, target and weights, the same in every process."""
    g = torch.Generator().manual_seed(0)
    shape = (workload.steps, workload.batch, workload.sizes[0])
    if len(workload.sizes) == 1:
        x = 0.12 + 0.25 * torch.randn(shape, generator=g)
        return Problem(x.requires_grad_(), torch.randn(shape, generator=g), [nn.Identity()])
    x = (torch.rand(shape, generator=g) < 0.1).float()
    labels = torch.randint(workload.sizes[-1], (workload.batch,), generator=g)
    synapses: list[nn.Module] = []
    for inputs, outputs in zip(workload.sizes, workload.sizes[1:], strict=False):
        layer, width = nn.Linear(inputs, outputs), 1 / math.sqrt(inputs)
        with torch.no_grad():
            layer.weight.uniform_(-3 * width, 3 * width, generator=g)
            layer.bias.uniform_(-width, width, generator=g)
        synapses.append(layer)
    return Problem(x, labels, synapses)


# ---- peers: the synapses, each followed by LIF neurons, as a module from [T, B, N] to spikes [T, B, M] -------------------


class ArctanSpike(torch.autograd.Function):
    """Step function whose derivative is taken to be 1 / (1 + (pi u)^2)."""

    @staticmethod
    def forward(ctx: Any, u: Tensor) -> Tensor:
        ctx.save_for_backward(u)
        return (u >= 0).to(u.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (u,) = ctx.saved_tensors
        return grads[0] / (1 + (math.pi * u) ** 2)


class Plain(nn.Module):
    """What a user writes by hand."""

    def __init__(self, synapses: list[nn.Module]) -> None:
        super().__init__()
        self.synapses = nn.ModuleList(synapses)

    def forward(self, x: Tensor) -> Tensor:
        v: list[Any] = [0.0] * len(self.synapses)
        outputs = []
        for signal in x.unbind(0):
            for k, synapse in enumerate(self.synapses):
                u = DECAY * v[k] + synapse(signal)
                signal = ArctanSpike.apply(u - THRESHOLD)
                v[k] = u - THRESHOLD * signal.detach()
            outputs.append(signal)
        return torch.stack(outputs)


class SnnTorch(nn.Module):
    def __init__(self, synapses: list[nn.Module]) -> None:
        super().__init__()
        snntorch, surrogate = import_module("snntorch"), import_module("snntorch.surrogate")
        self.synapses = nn.ModuleList(synapses)
        options = {"threshold": THRESHOLD, "spike_grad": surrogate.atan(alpha=2.0), "reset_mechanism": "subtract"}
        self.neurons: Any = nn.ModuleList(snntorch.Leaky(DECAY, **options) for _ in synapses)

    def forward(self, x: Tensor) -> Tensor:
        v = [neuron.reset_mem() for neuron in self.neurons]
        outputs = []
        for signal in x.unbind(0):
            for k, (synapse, neuron) in enumerate(zip(self.synapses, self.neurons, strict=True)):
                signal, v[k] = neuron(synapse(signal), v[k])
            outputs.append(signal)
        return torch.stack(outputs)


class SpikingJelly(nn.Module):
    """Multi-step mode: a layer runs over all steps before the next one does."""

    def __init__(self, synapses: list[nn.Module]) -> None:
        super().__init__()
        base = "spikingjelly.activation_based"
        functional, layer, neuron, surrogate = (
            import_module(f"{base}.{name}") for name in ("functional", "layer", "neuron", "surrogate")
        )
        parts: list[nn.Module] = []
        for synapse in synapses:
            if isinstance(synapse, nn.Linear):
                parts.append(layer.Linear(synapse.in_features, synapse.out_features, step_mode="m"))
                parts[-1].load_state_dict(synapse.state_dict())
            parts.append(
                neuron.LIFNode(
                    tau=1 / (1 - DECAY), decay_input=False, v_threshold=THRESHOLD, v_reset=None, detach_reset=True,
                    surrogate_function=surrogate.ATan(alpha=2.0), step_mode="m",
                )
            )  # fmt: skip
        self.parts, self.reset = nn.Sequential(*parts), functional.reset_net

    def forward(self, x: Tensor) -> Tensor:
        self.reset(self.parts)
        return self.parts(x)


def ranvier(synapses: list[nn.Module]) -> nn.Module:
    rv = import_module("ranvier")
    neuron = rv.LIF.from_beta(DECAY, v_threshold=THRESHOLD, surrogate=rv.Arctan(alpha=2.0), reset=rv.Subtract())
    parts: list[nn.Module] = []
    for synapse in synapses:
        if isinstance(synapse, nn.Linear):
            parts.append(rv.Linear(synapse.in_features, synapse.out_features))
            parts[-1].load_state_dict(synapse.state_dict())
        parts.append(neuron)
    return rv.Sequential(*parts, rate=None)


PEERS: dict[str, Callable[[list[nn.Module]], nn.Module]] = {
    "plain": Plain,
    "snntorch": SnnTorch,
    "spikingjelly": SpikingJelly,
    "ranvier": ranvier,
}


class Case:
    """One peer on one workload: the two things that are timed, and two numbers that show what was computed."""

    def __init__(self, peer: str, workload: str) -> None:
        self.x, self.target, synapses = problem(WORKLOADS[workload])
        self.model = PEERS[peer](synapses)
        self.weights = list(self.model.parameters())
        self.optimizer = torch.optim.Adam(self.weights, lr=1e-5) if self.weights else None  # too small to change rates

    def forward(self) -> Tensor:
        with torch.no_grad():
            return self.model(self.x)

    def training(self) -> Tensor:
        """One step; returns the gradient of the first weights, or of the input where there are none."""
        if self.optimizer is None:
            self.x.grad = None
            self.model(self.x).backward(self.target)
            assert self.x.grad is not None
            return self.x.grad
        self.optimizer.zero_grad()
        nn.functional.cross_entropy(self.model(self.x).sum(0), self.target).backward()
        self.optimizer.step()
        assert self.weights[0].grad is not None
        return self.weights[0].grad


# ---- worker: a process that answers "forward" or "training" with one sample ----------------------------------------------


def serve(peer: str, workload: str, threads: int, seconds: float) -> None:
    """Says what it is ready for, then reads requests line by line until the input ends. One JSON object a line."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a peer prints must not be taken for an answer
    try:
        torch.set_num_threads(threads)
        case, facts = _prepare(peer, workload)
        print(json.dumps(facts), file=answers)
        for line in sys.stdin:
            print(json.dumps(_sample(getattr(case, line.strip()), seconds)), file=answers)
    except ModuleNotFoundError as error:
        print(json.dumps({"missing": str(error)}), file=answers)
    except Exception:
        print(json.dumps({"error": traceback.format_exc().strip()}), file=answers)


def _prepare(peer: str, workload: str) -> tuple[Case, dict[str, Any]]:
    """Imports, builds, warms up. Memory is counted from the idle process in which all code is loaded."""
    single = PEERS[peer]([nn.Linear(1, 1)])
    single(torch.zeros(2, 1, 1)).sum().backward()  # libraries load and compile at the first step, not at the import
    torch.optim.Adam(single.parameters()).step()
    idle, peak = _memory("VmRSS"), {}
    case = Case(peer, workload)
    rate = float(case.forward().mean())
    peak["forward"] = _memory("VmHWM") - idle
    gradient = float(case.training().norm())
    for _ in range(2):
        case.forward()
        case.training()
    peak["training"] = _memory("VmHWM") - idle
    return case, {"version": _version(PACKAGES[peer]), "torch": torch.__version__, "python": platform.python_version(),
                  "rate": rate, "gradient": gradient, "idle_mib": idle, "peak_mib": peak}  # fmt: skip


def _sample(call: Callable[[], object], seconds: float) -> dict[str, float]:
    """Seconds a call, over calls that fill `seconds` after an untimed one (caches are cold after the others' turns)."""
    call()
    busy, own, start, calls = _busy(), time.process_time(), time.perf_counter(), 0
    while (spent := time.perf_counter() - start) < seconds:
        call()
        calls += 1
    others = max(0.0, _busy() - busy - (time.process_time() - own)) / (spent * (os.cpu_count() or 1))
    return {"seconds": spent / calls, "others": others}


def _busy() -> float:
    """CPU seconds that all processes together have used, with those the hypervisor took; 0 where the system does not say."""
    try:
        ticks = [int(v) for v in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    except OSError:
        return 0.0
    return (sum(ticks) - sum(ticks[3:5])) / os.sysconf("SC_CLK_TCK")  # less idle and waiting for a disk


def _memory(field: str) -> float:
    """VmRSS (now) or VmHWM (peak) of this process in MiB; not a number where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return math.nan
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(field)), math.nan)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:  # run from a source folder
        return getattr(import_module(package), "__version__", "unknown")


# ---- parent --------------------------------------------------------------------------------------------------------------


class WorkerError(Exception):
    """A worker that stopped, failed or did not answer in time; the text is what it said last."""


class Worker:
    """The process of one peer and workload."""

    def __init__(self, peer: str, workload: str, options: argparse.Namespace) -> None:
        self.peer, self.timeout = peer, options.timeout
        self.log = tempfile.TemporaryFile("w+")
        limits = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(options.threads))
        command = [options.python.get(peer, sys.executable), os.path.abspath(__file__), "--worker", peer, workload]
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

    def answer(self) -> dict[str, Any]:
        """The next answer; raises WorkerError where there is none or it reports a failure."""
        try:
            line = self.lines.get(timeout=self.timeout)
        except queue.Empty:
            raise WorkerError(f"no answer within {self.timeout:g} s; raise --timeout") from None
        if not line:
            self.log.seek(0)
            raise WorkerError(f"stopped with code {self.process.wait()}: {self.log.read()[-2000:].strip() or 'silent'}")
        found = json.loads(line)
        if "error" in found:
            raise WorkerError(found["error"])
        return found

    def ask(self, kind: str) -> dict[str, Any]:
        """One sample of "forward" or "training"."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(kind + "\n")
            self.process.stdin.flush()
        except OSError:
            pass  # it has stopped; `answer` tells why
        return self.answer()

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()


def measure(workload: str, options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """For each peer that ran: facts, and `seconds` and `others` of each kind, one entry a round. Others: {"failed": why}."""
    workers = {peer: Worker(peer, workload, options) for peer in options.peers}
    found: dict[str, dict[str, Any]] = {}
    try:
        for peer in list(workers):
            found[peer] = _guarded(peer, workers, workers[peer].answer)
            if "missing" in found[peer]:
                print(f"{workload}: {peer} is skipped: {found[peer]['missing']}. See benchmarks/README.md.", flush=True)
                workers.pop(peer).stop()
            found[peer] |= {name: {kind: [] for kind in KINDS} for name in ("seconds", "others")}
        for _ in range(options.rounds):
            for peer in random.sample(list(workers), len(workers)):
                for kind in KINDS if peer in workers else ():
                    sample = _guarded(peer, workers, lambda p=peer, k=kind: workers[p].ask(k))
                    if "failed" in sample:
                        found[peer] |= sample
                        break
                    for name, value in sample.items():
                        found[peer][name][kind].append(value)
    finally:
        for worker in workers.values():
            worker.stop()
    return found


def _guarded(peer: str, workers: dict[str, Worker], call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What the call returns; a worker that fails is stopped and named, and the others go on."""
    try:
        return call()
    except WorkerError as error:
        print(f"{peer} failed: {error}", file=sys.stderr, flush=True)
        workers.pop(peer).stop()
        return {"failed": str(error)}


def summarise(found: dict[str, dict[str, Any]]) -> None:
    """Adds to each peer that ran `median`, `minimum` [s] and `speed`: how many times as fast as the fastest but Ranvier."""
    ran = {peer: facts for peer, facts in found.items() if not {"missing", "failed"} & set(facts)}
    for facts in ran.values():
        facts["median"] = {kind: statistics.median(facts["seconds"][kind]) for kind in KINDS}
        facts["minimum"] = {kind: min(facts["seconds"][kind]) for kind in KINDS}
        facts["speed"], facts["best_peer"] = {}, {}
    for kind in KINDS:
        others = [peer for peer in ran if peer != "ranvier"]
        if not others:
            continue
        best = min(others, key=lambda peer: ran[peer]["median"][kind])
        for facts in ran.values():
            ratios = [b / own for b, own in zip(ran[best]["seconds"][kind], facts["seconds"][kind], strict=True)]
            facts["speed"][kind], facts["best_peer"][kind] = statistics.median(ratios), best


def disagreements(found: dict[str, dict[str, Any]]) -> list[str]:
    """Peers whose rate or gradient is not the one of the first peer, though they compute the same."""
    same = {p: f for p, f in found.items() if "median" in f and p not in OWN_ORDER}
    lines = []
    for name in ("rate", "gradient"):
        values = {peer: facts[name] for peer, facts in same.items()}
        if values and max(values.values()) - min(values.values()) > TOLERANCE * max(map(abs, values.values())):
            lines.append(f"{name} differs: " + ", ".join(f"{peer} {value:.6g}" for peer, value in values.items()))
    return lines


def table(workload: str, found: dict[str, dict[str, Any]]) -> str:
    """One line a peer: median (minimum) in ms, speed against the best other library, memory, and what was computed."""
    w = WORKLOADS[workload]
    lines = [
        f"{workload}: {' -> '.join(map(str, w.sizes))} neurons, {w.steps} steps, batch {w.batch}",
        f"{'':14}{'forward ms (min)':>20}{'speed':>8}{'training ms (min)':>20}{'speed':>8}"
        f"{'MiB idle + fwd / train':>25}{'rate':>9}{'gradient':>11}",
    ]
    for peer, facts in found.items():
        if "median" not in facts:
            lines.append(f"{peer:14}{'skipped' if 'missing' in facts else 'failed':>20}")
            continue
        line = f"{peer:14}"
        for kind in KINDS:
            line += f"{1e3 * facts['median'][kind]:12.1f} ({1e3 * facts['minimum'][kind]:5.1f})"
            line += f"{facts['speed'][kind]:7.2f}x" if facts["speed"] else f"{'-':>8}"
        forward, training = facts["peak_mib"].values()
        memory = f"{facts['idle_mib']:.0f} + {forward:.0f} / {training:.0f}"
        lines.append(f"{line}{memory:>25}{facts['rate']:9.5f}{facts['gradient']:11.4g}")
    shares = [o for facts in found.values() for kind in KINDS for o in facts["others"][kind]]
    lines.append(f"Other processes used {100 * statistics.fmean(shares or [0.0]):.0f} % of the processor meanwhile.")
    return "\n".join(lines)


def machine() -> dict[str, Any]:
    """What the times depend on."""
    try:
        cpu = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    except (OSError, StopIteration):
        cpu = platform.processor()
    return {"cpu": cpu.split(":")[-1].strip(), "cores": os.cpu_count(), "system": platform.platform(),
            "date": datetime.now(UTC).isoformat(timespec="seconds"), "python": platform.python_version()}  # fmt: skip


def _elsewhere(text: str) -> tuple[str, str]:
    peer, equals, path = text.partition("=")
    if not equals or peer not in PEERS:
        raise argparse.ArgumentTypeError(f"{text!r} is not PEER=PATH with a peer of {', '.join(PEERS)}")
    if shutil.which(path) is None:
        raise argparse.ArgumentTypeError(f"{path!r} is no program; give the python of {peer}'s environment")
    return peer, path


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--workloads", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=0.3, help="least length of a sample")
    parser.add_argument("--timeout", type=float, default=300, help="seconds to wait for an answer")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample here")
    parser.add_argument("--python", type=_elsewhere, action="append", default=[], metavar="PEER=PATH",
                        help="interpreter of a peer that lives in another environment")  # fmt: skip
    parser.add_argument("--worker", nargs=2, metavar=("PEER", "WORKLOAD"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.rounds < 1 or options.threads < 1:
        parser.error(f"--rounds and --threads must be at least 1, got {options.rounds} and {options.threads}")
    options.python = dict(options.python)
    return options


def main() -> int:
    options = arguments()
    if options.worker:
        peer, workload = options.worker
        serve(peer, workload, options.threads, options.seconds)
        return 0
    about = machine() | {"threads": options.threads, "rounds": options.rounds, "seconds": options.seconds}
    print(f"{about['cpu']}, {about['cores']} cores, {options.threads} threads; {options.rounds} rounds", flush=True)
    results, wrong = {}, []
    for workload in dict.fromkeys(options.workloads):
        found = results[workload] = measure(workload, options)
        summarise(found)
        wrong += [f"{workload}: {line}" for line in disagreements(found)]
        print(f"\n{table(workload, found)}", flush=True)
    versions = {peer: f"{peer} {facts['version']} (torch {facts['torch']})" for found in results.values()
                for peer, facts in found.items() if "version" in facts}  # fmt: skip
    print("\n" + ", ".join(versions.values()))
    if options.json:
        options.json.write_text(json.dumps({"machine": about, "workloads": results, "disagreements": wrong}, indent=1))
    for line in wrong:
        print(f"Not the same maths, so no comparison: {line}", file=sys.stderr)
    return 1 if wrong or any("failed" in facts for found in results.values() for facts in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
