"""Triplet STDP: the table of 60 pairs, and its relation to BCM."""

import numpy as np
from tests.plasticity.protocol import DT, network, plastic, single

import ranvier as rv
from ranvier.plasticity import TripletSTDP
from ranvier.units import ms

# rate of 60 pairs [Hz]: change for s = +10 ms and -10 ms, minimal model; the same, full model
TABLE = {
    0.1: (0.0000, -0.3166, 0.0000, -0.3122),
    10: (0.1186, -0.3322, 0.1321, -0.3336),
    20: (0.2278, -0.3417, 0.2470, -0.3516),
    40: (0.5321, 0.1737, 0.5337, 0.1548),
    50: (0.7627, 0.7492, 0.7409, 0.7272),
}
WIDE = {"w_min": -10.0, "w_max": 10.0}
MODELS = (
    TripletSTDP(**WIDE),
    TripletSTDP(a2_plus=5e-10, a3_plus=6.2e-3, a2_minus=7e-3, a3_minus=2.3e-4, tau_y=125 * ms, **WIDE),
)


def test_golden_table_of_sixty_pairs():
    """Neuron 2k hears of pairs at the k-th rate with s = +10 ms, neuron 2k + 1 with s = -10 ms."""
    pre, post = [], []
    for rate in TABLE:
        at = 20 + np.arange(60) * round(1 / rate / DT)
        pre += [at.tolist(), (at + 10).tolist()]
        post += [(at + 10).tolist(), at.tolist()]
    net = network(list(MODELS), pre, post, pattern=rv.OneToOne())
    net.run(591.0)
    found = np.stack([net.weights(p).weight.reshape(5, 2) for p in plastic(net)], axis=1).reshape(5, 4)
    np.testing.assert_allclose(found, np.array(list(TABLE.values())), rtol=0, atol=6e-5)


def test_a_lone_pair_does_not_potentiate_in_the_minimal_model():
    """Traces are read before their own jump: else the triplet term would be a pair term."""
    assert single(MODELS[0], [10], [20], 40).weight.item() == 0
