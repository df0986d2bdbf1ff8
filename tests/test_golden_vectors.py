"""Where each golden vector stands: the numbers that a model, code, distance or loss must give, and the test that asks for them.

The last tests hold those that no other file has: what learning rules need of a neuron before the rule itself.
"""

import math
from pathlib import Path

import pytest
import torch

from ranvier.equations import Clamp
from ranvier.neurons import LIF, CubaLIF, EPropALIF
from ranvier.units import ms

HERE = Path(__file__).parent

# vector: file, test
WHERE = {
    "LIF: 18 spikes from 22 on where the old membrane is compared": ("neurons/test_lif.py", "test_firing_on_the_old_membrane_comes_a_step_late"),
    "LIF: the five resets under a constant 0.3": ("neurons/test_lif.py", "test_golden_table_of_resets"),
    "LIF: the same by the options of snnTorch": ("neurons/test_presets.py", "test_golden_table_of_leaky"),
    "LIF: add, leak, compare: 0.998791 is no spike": ("neurons/test_lif.py", "test_a_weight_added_before_the_leak_must_exceed_the_threshold_over_beta"),
    "LIF: intervals of 23.979, 10.986 and 6.931 ms": ("neurons/test_lif.py", "test_interval_between_spikes_is_the_closed_form"),
    "LIF: 26.4304 and 78.2477 Hz": ("test_golden_vectors.py", "test_rates_of_a_refractory_lif"),
    "IF: 0.37 x 100 is 36 or 33": ("neurons/test_if.py", "test_soft_reset_keeps_the_rest_and_hard_reset_loses_it"),
    "AdaptiveLIF: 12 spikes from 10 on, 18 without adaptation": ("neurons/test_adaptive_lif.py", "test_golden_spike_times"),
    "CubaLIF: response and its peak, 2.116535": ("neurons/test_cuba_lif.py", "test_the_response_peaks_where_theory_says"),
    "CubaLIF: first spikes at 5.566, 2.826 and 1.154 ms": ("test_golden_vectors.py", "test_first_spikes_of_event_gradients"),
    "Synaptic: sum of products of decays": ("neurons/test_synaptic_lif.py", "test_the_response_to_an_impulse_is_the_sum_of_products_of_decays"),
    "Alpha: its peak": ("neurons/test_alpha.py", "test_the_peak_stands_where_theory_says"),
    "SRM0: the LIF that resets by subtraction": ("neurons/test_srm.py", "test_a_lif_with_reset_by_subtraction_is_srm0"),
    "SRM: kernel t/tau exp(1 - t/tau)": ("neurons/test_srm.py", "test_equal_time_constants_give_the_kernel_of_bohte"),
    "Izhikevich: the 20 patterns": ("neurons/test_izhikevich.py", "test_spikes_of_the_figure"),
    "HodgkinHuxley: gates at rest": ("neurons/test_hodgkin_huxley.py", "test_gates_at_rest"),
    "HodgkinHuxley: 1, 3, 69 and 87 spikes": ("neurons/test_hodgkin_huxley.py", "test_counts_and_the_jump_to_repetitive_firing"),
    "AdEx: 31.82 to 101.86 ms": ("neurons/test_adex.py", "test_golden_spike_times"),
    "AdEx: counts of the firing patterns": ("neurons/test_adex.py", "test_golden_counts_of_firing_patterns"),
    "EPropALIF: spikes in steps 3 and 5": ("test_golden_vectors.py", "test_spikes_of_the_adaptive_neuron_of_eprop"),
    "ALIF to EPropALIF: beta of 2018": ("neurons/test_eprop_alif.py", "test_beta_is_not_portable_and_its_conversion_is"),
    "Poisson: CV and Fano factor of 1": ("neurons/test_poisson_neuron.py", "test_intervals_and_counts_are_those_of_a_poisson_process"),
    "LTC: 0.258957, and 0.250938 by steps of 0.1": ("layers/test_ltc.py", "test_a_single_unit_converges_in_first_order"),
    "SpikingLSTM: without a threshold a plain LSTM": ("layers/test_spiking_lstm.py", "test_the_membrane_is_the_output_of_a_plain_lstm"),
    "PhasedLSTM: the gate": ("layers/test_phased_lstm.py", "test_the_gate_has_these_values"),
    "SubLSTM: its formula": ("layers/test_sub_lstm.py", "test_equals_its_formula"),
    "DendriticTree: 2046 synapses": ("layers/test_dendritic_tree.py", "test_a_tree_of_1024_leaves_has_2046_synapses"),
    "surrogates: values at 0, 0.1, 0.5 and 1": ("test_surrogates.py", "test_golden_values"),
    "bernoulli: a half": ("encoders/test_encoders_rate.py", "test_a_half_is_one_spike_in_two_steps_and_its_spread_is_binomial"),
    "poisson: 63.75 Hz": ("encoders/test_encoders_rate.py", "test_brightest_pixel_of_an_image_fires_at_63_75_hz"),
    "regular: floor(r T + phase) spikes": ("encoders/test_encoders_regular.py", "test_count_is_the_whole_part_and_off_by_less_than_one"),
    "latency: 3.92, 2, 0": ("encoders/test_encoders_latency.py", "test_linear_golden"),
    "log_latency: 4.0, 0.1166, 0.0580": ("encoders/test_encoders_latency.py", "test_logarithmic_golden"),
    "phase: off by less than 2^-K": ("encoders/test_encoders_phase.py", "test_round_trip_is_within_the_last_digit"),
    "rank order: 2.479516 and 2.048": ("encoders/test_encoders_rank_order.py", "test_golden_responses"),
    "rank order: weights 0.9, 0.729, 1, 0.81": ("encoders/test_encoders_rank_order.py", "test_golden_weights_of_an_order"),
    "rank order, decoded": ("decoders/test_decoders_rank_order.py", "test_golden_scores"),
    "population: activations of 0.3": ("encoders/test_encoders_population.py", "test_golden_activations"),
    "population: steps 1, 4, 9": ("encoders/test_encoders_population.py", "test_golden_times"),
    "delta": ("encoders/test_encoders_delta.py", "test_golden"),
    "delta: the first sample": ("encoders/test_encoders_delta.py", "test_first_sample_is_silent_unless_padded_with_zero"),
    "step-forward": ("encoders/test_encoders_changes.py", "test_step_forward_golden"),
    "moving window": ("encoders/test_encoders_changes.py", "test_moving_window_golden"),
    "threshold-based: 0.345832": ("encoders/test_encoders_changes.py", "test_threshold_based_golden"),
    "bsa, hsa: steps 2 and 4": ("encoders/test_encoders_bsa.py", "test_golden"),
    "bsa: sums of filters are found exactly": ("encoders/test_encoders_bsa.py", "test_filters_apart_are_found_exactly"),
    "mel: of librosa, both scales": ("encoders/test_audio.py", "test_picture_and_cepstra_are_those_of_librosa"),
    "DCT: its own inverse": ("encoders/test_audio.py", "test_dct_is_orthonormal_and_that_of_scipy"),
    "gammatone: 0.887 ERB": ("encoders/test_cochlea.py", "test_filters_peak_at_their_centres_with_their_bandwidth"),
    "cross entropy of counts: 0.1698460196": ("losses/test_losses.py", "test_count_golden"),
    "cross entropies of equal evidence: ln C": ("losses/test_losses.py", "test_equal_evidence_gives_ln_c"),
    "time to first spike: 0.5 ms, 6.4 ms, 0.003": ("losses/test_losses_spike_times.py", "test_time_to_first_spike_golden"),
    "van Rossum as a loss": ("losses/test_losses_van_rossum.py", "test_golden"),
    "Victor-Purpura: 0.6, 4.0, 0, 4": ("analysis/test_victor_purpura.py", "test_golden"),
    "van Rossum: 0.695771, or 0.983968": ("analysis/test_van_rossum.py", "test_golden"),
    "ISI-distance: 0.4375": ("analysis/test_isi_distance.py", "test_golden"),
    "SPIKE-distance: 0.186309523809523814": ("analysis/test_spike_distance.py", "test_golden"),
    "PairSTDP: +0.0009545645, +0.0047892102, +0.0047179666": ("plasticity/test_pair_stdp.py", "test_golden_of_the_pairing_schemes"),
    "PairSTDP: the same in a network": ("plasticity/test_pair_stdp.py", "test_golden_of_the_pairing_schemes_in_a_network"),
    "TripletSTDP: table of 60 pairs, both models": ("plasticity/test_triplet_stdp.py", "test_golden_table_of_sixty_pairs"),
    "MSTDPET: 0.0318169249, z 0.0154299811": ("plasticity/test_reward_stdp.py", "test_golden_eligibility"),
    "RewardSTDP: 3.0656620e-5": ("plasticity/test_reward_stdp.py", "test_golden_dopamine"),
    "DiehlCookSTDP: 0.2036181413": ("plasticity/test_diehl_cook_stdp.py", "test_golden_synapse"),
    "ABS: phi 0, -0.5, -1, 0, 3": ("plasticity/test_voltage_rules.py", "test_golden_phi"),
    "BCM: answers 2 and 0": ("plasticity/test_bcm.py", "test_golden_fixed_point_of_two_patterns"),
    "BCM of STDP: 30 Hz and 19.22 Hz": ("plasticity/test_bcm.py", "test_golden_threshold_between_depression_and_potentiation"),
}  # fmt: skip


@pytest.mark.parametrize("file", sorted({file for file, _ in WHERE.values()}))
def test_they_stand_where_they_are_said_to(file: str) -> None:
    text = (HERE / file).read_text(encoding="utf-8")
    assert not [test for name, test in WHERE.values() if name == file and f"\ndef {test}(" not in text]


def test_rates_of_a_refractory_lif() -> None:
    """1 / (t_ref + tau ln(J / (J - 1))): tau 20 ms, t_ref 2 ms."""
    dt, drives = 0.1 * ms, torch.tensor([1.2, 2.4], dtype=torch.float64)
    neuron = LIF(tau_mem=20 * ms, refractory=Clamp(2 * ms), dt=dt, backend="eager")
    spikes = neuron(drives.expand(800, 1, 2))
    for k, rate in enumerate((26.4304, 78.2477)):
        first, second = spikes[:, 0, k].nonzero().flatten()[:2].tolist()
        steps = 1 / rate / dt
        assert 0 <= second - first - steps < 1.01  # the first whole step at or after it


def test_first_spikes_of_event_gradients() -> None:
    """tau 20 and 5 ms, one input of weight w at 0: below 1 / eps(9.242 ms) there is no spike; times from the closed form."""
    dt = 0.01 * ms
    critical = 1 / 0.15749013
    assert critical == pytest.approx(6.349604, abs=1e-5)
    weights = torch.tensor([critical - 1e-3, critical + 1e-3, 7, 10, 20], dtype=torch.float64)
    x = torch.zeros(1000, 1, 5, dtype=torch.float64)
    x[0, 0] = weights
    spikes = CubaLIF(tau_mem=20 * ms, tau_syn=5 * ms, dt=dt, backend="eager")(x)[:, 0]
    assert spikes.amax(0).tolist() == [0, 1, 1, 1, 1]
    for k, t in enumerate((5.56628083, 2.82625176, 1.15368764), start=2):
        assert int(spikes[:, k].argmax()) == math.ceil(t * ms / dt)


def test_spikes_of_the_adaptive_neuron_of_eprop() -> None:
    x = 0.5 * torch.tensor([1, 0, 0, 1, 0, 1, 1, 0, 0, 0], dtype=torch.float64).view(10, 1, 1)
    neuron = EPropALIF(
        tau_mem=20 * ms, tau_adapt=200 * ms, beta=0.17, order=("integrate", "reset", "fire"), backend="eager"
    )
    assert neuron(x).flatten().nonzero().flatten().tolist() == [3, 5]
