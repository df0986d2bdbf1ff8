"""What Hodgkin-Huxley and Traub-Miles share: one text for the currents, and what a model of its own must add."""

from typing import Any

import pytest

from ranvier.equations import ModelError
from ranvier.neurons import HodgkinHuxley, TraubMiles
from ranvier.neurons.sodium_potassium import SodiumPotassium


def test_both_models_have_the_same_equations_around_their_rates() -> None:
    for name in ("flow", "m_start", "h_start", "n_start", "settled", "threshold", "rearm"):
        methods = {kind.declaration.methods[name] for kind in (HodgkinHuxley, TraubMiles)}
        assert methods == {getattr(SodiumPotassium, name)}
    assert list(HodgkinHuxley.declaration.states) == list(TraubMiles.declaration.states) == ["v", "m", "h", "n"]


def test_a_model_without_rates_or_start_is_refused_when_it_is_made() -> None:
    with pytest.raises(ModelError, match="needs `def rates"):

        class NoRates(HodgkinHuxley):
            def rates(self, v: Any) -> Any:
                return SodiumPotassium.rates(self, v)

    with pytest.raises(ModelError, match="needs `def start"):

        class NoStart(TraubMiles):
            def start(self) -> Any:
                return SodiumPotassium.start(self)
