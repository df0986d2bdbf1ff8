"""The libraries that are measured, one file each. Each file offers `case(problem)`: that problem in the library's own layers."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from workloads import Problem, Recurrent


class Case(Protocol):
    """A problem in a library: what is timed, and two numbers that show what was computed."""

    def forward(self) -> Any:
        """One forward pass without gradients (streamed: one pass over the steps, each output waited for)."""
        ...

    def training(self) -> Any:
        """One training step."""
        ...

    def rate(self) -> float:
        """Mean absolute output of a forward pass from rest."""
        ...

    def gradient(self) -> float:
        """Norm of the first weights' gradient in one training step; of the input's where there are no weights."""
        ...


class Unsupported(Exception):
    """The peer has nothing for this workload, or nothing of its own; the text says why."""


@dataclass(frozen=True)
class Peer:
    """Where a peer is found, and in what its numbers differ by design from those of `workloads`.

    module, build: its file here and the function in it. package: what is installed. output: other spikes, hence another gradient
    too. slope: the same spikes, another gradient. recurrent: other spikes in the recurrent network.
    """

    module: str
    package: str
    build: str = "case"
    output: str = ""
    slope: str = ""
    recurrent: str = ""

    def case(self, problem: Problem) -> Case:
        """The problem in this library. The library is loaded first, as a user does: Ranvier sets how torch's threads wait."""
        import_module(self.package)
        return getattr(import_module(f"peers.{self.module}"), self.build)(problem)

    def differs(self, problem: Problem) -> tuple[str, str]:
        """Why the output, and why the gradient, are other numbers than the definition's; empty where they must agree."""
        recurrent = any(isinstance(layer, Recurrent) for layer in problem.layers)
        output = self.output or (self.recurrent if recurrent else "")
        return output, output or self.slope


_LATE = "fires on the membrane of the step before"
PEERS = {
    "plain": Peer("plain", "torch"),
    "snntorch": Peer("snntorch", "snntorch", output="subtracts the reset one step later, after the decay"),
    "spikingjelly": Peer("spikingjelly", "spikingjelly", recurrent="has no synaptic current"),
    "norse": Peer(
        "norse", "norse", slope="SuperSpike surrogate; the reset is differentiated", recurrent="resets to zero"
    ),
    "sinabs": Peer("sinabs", "sinabs", slope="exponential surrogate; the reset is differentiated"),
    "spyx": Peer("spyx", "spyx", output=_LATE),
    "spyx-hoist": Peer("spyx", "spyx", "hoisted", output=_LATE),
    "jax": Peer("jax", "jax"),
    "ranvier": Peer("ranvier", "ranvier"),
}
