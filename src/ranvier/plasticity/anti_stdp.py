"""Anti-STDP: what pair STDP strengthens is weakened, and the other way round."""

from typing import Any

from ranvier.plasticity.pair_stdp import PairSTDP


class AntiSTDP(PairSTDP):
    """Pair STDP with its signs exchanged, all-to-all: what punishes a neuron that fired and should not have.

    dw = -a_plus (w - w_min)^mu_plus exp(-s/tau_plus) for s = t_post - t_pre > 0,  dw = a_minus (w_max - w)^mu_minus exp(s/tau_minus) for s < 0.

    a_plus, tau_plus, mu_plus belong to the same pairs as in `PairSTDP`, those in which the presynaptic spike is first. Both in one network, one for neurons
    that are right and one for those that are wrong, are supervised STDP.

    Source: Mozafari, Kheradpisheh, Masquelier, Nowzari-Dalini and Ganjtabesh (2018), IEEE Transactions on Neural Networks and Learning Systems 29, eq. 4.
    """

    def depression(self, s: Any) -> Any:
        return -self.a_minus * (self.w_max - s.w) ** self.mu_minus

    def potentiation(self, s: Any) -> Any:
        return -self.a_plus * (s.w - self.w_min) ** self.mu_plus

    def validate(self) -> None:
        self._soft_bounds(self.mu_minus, self.mu_plus)
