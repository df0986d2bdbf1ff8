"""Neural circuit policies: sparse wiring from sensory to motor neurons, after the worm's."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PARTS = ("inter", "command", "motor")


@dataclass(frozen=True)
class NCP:
    """Wiring of a neural circuit policy: sensory -> inter -> command -> motor neurons, command neurons also among themselves.

    Sensory neurons are the input. Each of them reaches `sensory_fanout` interneurons, each interneuron `inter_fanout` command neurons;
    `recurrent` synapses join command neurons with each other or themselves; each motor neuron listens to `motor_fanin` command neurons. Who reaches
    whom is drawn, never twice; an interneuron or command neuron that nobody reaches is given as many senders as the others have on average. There is
    no other synapse, so that a motor neuron hears of the input through two neurons at least. A synapse excites or inhibits, with equal probability.

    Args:
        inter, command, motor: neurons of each kind; motor neurons are the output.
        sensory_fanout, inter_fanout, recurrent, motor_fanin: numbers of synapses, as above.

    Raises:
        ValueError: a number below 1 (recurrent: below 0), or more synapses than there are neurons to reach.

    Source: Lechner, Hasani, Amini, Henzinger, Rus and Grosu (2020), "Neural circuit policies enabling auditable autonomy", Nature Machine Intelligence 2,
    methods, "Designing NCP networks".

    >>> import numpy as np
    >>> policy = NCP(inter=6, command=4, motor=1, sensory_fanout=3, inter_fanout=2, recurrent=4, motor_fanin=3)
    >>> matrix = policy.draw(2, np.random.default_rng(0))
    >>> matrix.shape, int(np.count_nonzero(matrix[:, -1]))
    ((13, 11), 3)
    """

    inter: int
    command: int
    motor: int
    sensory_fanout: int
    inter_fanout: int
    recurrent: int
    motor_fanin: int

    def __post_init__(self) -> None:
        for name in (*PARTS, "sensory_fanout", "inter_fanout", "motor_fanin"):
            if getattr(self, name) < 1:
                raise ValueError(f"NCP: {name} must be at least 1, got {getattr(self, name)}.")
        for name, most, what in (
            ("sensory_fanout", self.inter, "interneurons"),
            ("inter_fanout", self.command, "command neurons"),
            ("motor_fanin", self.command, "command neurons"),
            ("recurrent", self.command**2, "pairs of command neurons"),
        ):
            if not 0 <= getattr(self, name) <= most:
                raise ValueError(
                    f"NCP: {name} must be at most {most}, there are no more {what}; got {getattr(self, name)}."
                )

    @staticmethod
    def auto(units: int, motor: int, sparsity: float = 0.5) -> "NCP":
        """The wiring of `units` neurons, `motor` of them motor neurons, of the others two fifths command neurons; sparsity: share of synapses left out.

        Source: the rule of the authors' package (`AutoNCP`).
        """
        if not 0 <= sparsity < 1:
            raise ValueError(f"NCP.auto: sparsity must lie in [0, 1), got {sparsity}.")
        if units < motor + 3:
            raise ValueError(
                f"NCP.auto: units must be at least motor + 3 = {motor + 3}, got {units}. Give more units, or fewer motor neurons."
            )
        command = max(int(0.4 * (units - motor)), 1)
        inter, dense = units - motor - command, 1 - sparsity
        fanout = max(int(command * dense), 1)
        return NCP(
            inter=inter, command=command, motor=motor, sensory_fanout=max(int(inter * dense), 1), inter_fanout=fanout,
            recurrent=min(max(int(2 * command * dense), 1), command**2), motor_fanin=fanout,
        )  # fmt: skip

    @property
    def units(self) -> int:
        """Neurons behind the sensory ones."""
        return self.inter + self.command + self.motor

    def draw(self, sensory: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Synapses [sensory + units, units], from row to column: 1, -1, or 0 where there is none. Units are inter, command and motor neurons in turn."""
        ends = np.cumsum([0, sensory, self.inter, self.command, self.motor])
        senses, inter, command, motor = (np.arange(a, b) for a, b in zip(ends[:-1], ends[1:], strict=True))
        linked = np.zeros((ends[-1], ends[-1]), bool)
        for senders, receivers, each in ((senses, inter, self.sensory_fanout), (inter, command, self.inter_fanout)):
            for sender in senders:
                linked[sender, rng.choice(receivers, each, replace=False)] = True
            mean = int(np.clip(len(senders) * each // len(receivers), 1, len(senders)))
            for receiver in receivers[~linked[np.ix_(senders, receivers)].any(0)]:
                linked[rng.choice(senders, mean, replace=False), receiver] = True
        for receiver in motor:
            linked[rng.choice(command, self.motor_fanin, replace=False), receiver] = True
        among = rng.choice(len(command) ** 2, self.recurrent, replace=False)
        linked[command[among // len(command)], command[among % len(command)]] = True
        sign = np.where(rng.random(linked.shape) < 0.5, -1.0, 1.0)
        return np.where(linked, sign, 0.0)[:, sensory:]
