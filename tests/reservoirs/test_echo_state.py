"""Echo state networks, deep ones, and the next-generation reservoir."""

import warnings

import numpy as np
import pytest
import torch

import ranvier as rv
from ranvier.reservoirs import (
    FORCE,
    NVAR,
    Cycle,
    DeepEchoState,
    EchoLayer,
    EchoState,
    IntrinsicPlasticity,
    Orthogonal,
    Ridge,
    Sparse,
    spectral_radius,
    tasks,
)  # fmt: skip
from ranvier.reservoirs.scan import scan
from ranvier.reservoirs.units import matrix_of, seeds

U = np.random.default_rng(0).uniform(-1, 1, (300, 1))
NEXT = np.r_[U[1:, 0], 0.0]
SINE = np.sin(np.arange(400) * 0.3)[:, None]


def test_arguments_scale_what_they_name() -> None:
    model = EchoState(30, spectral_radius=0.7, input_scaling=[0.5, 2.0], bias_scaling=0.3, readout=Ridge(1.0))
    model.fit(np.hstack([U, U]), NEXT)
    w = model.weights_
    assert spectral_radius(matrix_of(w)) == pytest.approx(0.7, rel=1e-8)
    assert 0.4 < np.abs(w.win[:, 0]).max() <= 0.5 < 1.5 < np.abs(w.win[:, 1]).max() <= 2.0
    assert 0.2 < np.abs(w.bias).max() <= 0.3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as it is drawn it does not forget
        other = (
            EchoState(30, spectral_radius=None, input_scaling=1.0, readout=Ridge(1.0))
            .fit(np.hstack([U, U]), NEXT)
            .weights_
        )
    assert np.array_equal(w.win / [0.5, 2.0], other.win) and np.array_equal(w.source, other.source)
    assert w.weight == pytest.approx(other.weight * 0.7 / spectral_radius(matrix_of(other)))


def test_the_seed_is_the_reservoir() -> None:
    def states(**more: object) -> np.ndarray:
        return EchoState(20, readout=Ridge(1.0), **more).fit(U, NEXT).states(U)

    assert np.array_equal(states(random_state=3), states(random_state=3))
    assert not np.array_equal(states(random_state=3), states(random_state=4))
    assert not np.array_equal(states(random_state=None), states(random_state=None))
    for make in (np.random.default_rng, np.random.RandomState):
        assert np.array_equal(states(random_state=make(5)), states(random_state=make(5)))
    assert len(seeds(0, 3)) == 3


def test_noise_acts_in_the_fit_alone_and_shrinks_the_weights() -> None:
    quiet = EchoState(50, readout=Ridge(1e-12)).fit(U, NEXT)
    noisy = EchoState(50, noise=0.1, readout=Ridge(1e-12)).fit(U, NEXT)
    assert np.array_equal(quiet.states(U), noisy.states(U))
    assert np.abs(noisy.readout_.coef_).max() < 0.5 * np.abs(quiet.readout_.coef_).max()
    deep = DeepEchoState((9, 9), noise=0.1, readout=Ridge(1e-12)).fit(U, NEXT)
    assert (
        np.abs(deep.readout_.coef_).max()
        < np.abs(DeepEchoState((9, 9), readout=Ridge(1e-12)).fit(U, NEXT).readout_.coef_).max()
    )


def test_two_starts_end_in_one_state_and_where_not_fit_warns() -> None:
    model = EchoState(50, spectral_radius=0.9, readout=Ridge(1.0)).fit(U, NEXT)
    starts = np.vstack([np.zeros(50), np.ones(50)])
    both, _ = scan(model.weights_, np.vstack([U, U]), np.array([0, 300, 600]), starts)
    assert np.abs(both[299] - both[599]).max() < 1e-6
    with pytest.warns(
        UserWarning,
        match=r"after 300 steps states still depend on where they started .* Lower spectral_radius \(now 3.0\)",
    ):
        EchoState(50, spectral_radius=3.0, input_scaling=0.01, readout=Ridge(1.0)).fit(U, NEXT)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        EchoState(50, spectral_radius=1.1, input_scaling=3.0, readout=Ridge(1.0)).fit(U, NEXT)


def test_starts_are_tried_after_plasticity_and_in_every_layer() -> None:
    steep = IntrinsicPlasticity(deviation=0.8, rate=0.01, epochs=20)
    with pytest.warns(
        UserWarning,
        match=r"EchoState: after 1000 .* Lower spectral_radius \(now 0.9\), lower deviation \(now 0.8\) of plast",
    ):
        EchoState(50, input_scaling=0.2, plasticity=steep, readout=Ridge(1.0)).fit(0.3 * U, NEXT)
    for radius in (1.5, (0.9, 1.5)):
        with pytest.warns(UserWarning, match=r"DeepEchoState: after 300 steps .* below 1, or raise input_scaling"):
            model = DeepEchoState((20, 20), spectral_radius=radius, input_scaling=0.01, readout=Ridge(1.0))
            model.fit(U, NEXT)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a short sequence is run through again
        EchoState(20, plasticity=IntrinsicPlasticity(), readout=Ridge(1.0)).fit(U[:10], NEXT[:10])
        DeepEchoState((20, 20), spectral_radius=1.1, input_scaling=3.0, between=3.0, readout=Ridge(1.0)).fit(U, NEXT)


def test_intrinsic_plasticity_brings_outputs_near_the_wanted_distribution() -> None:
    rule = IntrinsicPlasticity(mean=0.0, deviation=0.2, rate=0.003, epochs=30)
    before = EchoState(40, bias_scaling=1.0, readout=Ridge(1.0)).fit(U, NEXT).states(U)
    after = EchoState(40, bias_scaling=1.0, plasticity=rule, readout=Ridge(1.0)).fit(U, NEXT).states(U)
    assert np.abs(after.mean(0)).mean() < 0.3 * np.abs(before.mean(0)).mean()
    assert after.std(0).mean() == pytest.approx(0.2, abs=0.05)
    deep = DeepEchoState((20, 20), bias_scaling=1.0, plasticity=rule, readout=Ridge(1.0)).fit(U, NEXT).states(U)
    assert deep.std(0)[20:].mean() == pytest.approx(0.2, abs=0.05)
    with pytest.raises(ValueError, match="IntrinsicPlasticity: gains diverge at rate inf"):
        EchoState(5, plasticity=IntrinsicPlasticity(rate=np.inf)).fit(U, NEXT)
    with pytest.raises(ValueError, match="IntrinsicPlasticity: deviation must be above 0, got 0"):
        IntrinsicPlasticity(deviation=0)


def test_feedback_is_the_target_of_the_step_before_while_fitting_and_the_output_afterwards() -> None:
    wave = SINE[:, 0]
    nothing = np.zeros((400, 1))
    model = EchoState(60, feedback=True, bias_scaling=0.2, spectral_radius=0.6, washout=50, readout=Ridge(1e-8)).fit(
        nothing[:300], wave[:300]
    )
    free = model.generate(100, nothing[:300], teacher=wave[:300])
    assert free[:20] == pytest.approx(wave[300:320], abs=1e-3)
    held = model.generate(100, nothing[:300], teacher=wave[:300], inputs=nothing[300:])
    assert np.array_equal(held, free)
    run = model.run(nothing[:60])
    again = model.run(nothing[30:60], model.run(nothing[:30]).state)
    assert np.array_equal(run.output[30:], again.output) and run.states.shape == (60, 60)
    with pytest.raises(ValueError, match="generate needs teacher="):
        model.generate(3, nothing)
    with pytest.raises(ValueError, match="with feedback states depend on the output. Use run"):
        model.states(nothing)
    with pytest.raises(ValueError, match="feedback needs a number a step as target"):
        EchoState(5, feedback=True).fit([nothing] * 2, ["a", "b"])


def test_force_tames_a_chaotic_reservoir() -> None:
    wave = np.sin(np.arange(1500) * 0.1)
    nothing = np.zeros((1500, 1))
    model = EchoState(
        100, spectral_radius=1.3, leak=0.3, feedback=True, readout=FORCE(alpha=1.0, every=2), random_state=1
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is chaotic
        model.fit(nothing, wave)
    free = model.generate(200, nothing, teacher=wave)
    assert free == pytest.approx(np.sin(np.arange(1500, 1700) * 0.1), abs=0.2)


def test_a_free_run_without_feedback_takes_the_output_for_the_next_input() -> None:
    model = EchoState(60, standardise=True, input_scaling=0.5, washout=50, readout=Ridge(1e-8))
    shifted = 3.0 + 2.0 * SINE
    model.fit(shifted[:299], shifted[1:300])
    assert model.generate(100, shifted[:300]) == pytest.approx(shifted[300:], abs=1e-2)
    several = model.generate(5, np.stack([shifted[:300], shifted[50:350]]))
    assert several.shape == (2, 5, 1) and several[0] == pytest.approx(model.generate(5, shifted[:300]))
    model.readout_.coef_ = model.readout_.coef_ * 1e9
    with pytest.warns(UserWarning, match="the free run diverges. Regularise the readout"):
        model.generate(5, shifted)


def test_layers_of_a_deep_network_hear_the_one_before_and_the_readout_all() -> None:
    model = DeepEchoState(
        (12, 7), leak=(1.0, 0.3), spectral_radius=(0.9, 0.5), between=2.0, bias_scaling=(0.1, 0.2), readout=Ridge(1e-3)
    )
    model.fit(U, NEXT)
    first, _ = scan(model.layers_[0], U, np.array([0, 300]), np.zeros((1, 12)))
    second, _ = scan(model.layers_[1], first, np.array([0, 300]), np.zeros((1, 7)))
    assert np.array_equal(model.states(U), np.hstack([first, second]))
    assert spectral_radius(matrix_of(model.layers_[1])) == pytest.approx(0.5) and model.layers_[1].leak[0] == 0.3
    assert np.abs(model.layers_[1].win).max() <= 2.0 / np.sqrt(12)
    assert DeepEchoState((5,), readout=Ridge(1.0)).fit(U, NEXT).states(U).shape == (300, 5)


def test_nvar_is_products_of_delayed_values() -> None:
    u = np.arange(1.0, 13.0).reshape(6, 2)
    model = NVAR(taps=2, stride=2, orders=(2, 3), readout=Ridge(1.0)).fit(u, u)
    states = model.states(u)
    assert states.shape == (6, 4 + 10 + 20)
    a = np.r_[u[4], u[2]]
    assert states[4, :4].tolist() == a.tolist()
    assert states[4, 4:14].tolist() == [a[i] * a[j] for i in range(4) for j in range(i, 4)]
    assert states[4, -1] == a[3] ** 3 and states[1, 2:4].tolist() == [0, 0]
    assert model.readout_._factors[0].count == 4, "the first (taps - 1) stride steps are left out"


def test_nvar_learns_a_quadratic_map_and_its_difference_form() -> None:
    x = np.empty((300, 2))
    x[0] = 0.1, 0.3
    for k in range(299):
        x[k + 1] = 1 - 1.4 * x[k, 0] ** 2 + x[k, 1], 0.3 * x[k, 0]
    for difference in (False, True):
        model = NVAR(taps=1, difference=difference, readout=Ridge(1e-12), standardise=difference).fit(x[:200], x[1:201])
        assert model.generate(10, x[:201]) == pytest.approx(x[201:211], abs=1e-5)
    with pytest.raises(ValueError, match="difference=True needs a target a step with 2 values"):
        NVAR(difference=True).fit(x, x[:, 0])


def test_products_that_are_not_finite_are_refused_with_what_nvar_has() -> None:
    with pytest.raises(ValueError, match="NVAR: the states diverge, .* or use smaller orders"):
        NVAR(readout=Ridge(1.0)).fit(1e200 * U, NEXT)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (EchoState(0), "units must be at least 1, got 0"),
        (EchoState(5, activation="relu"), "activation must be 'tanh' or 'identity', got 'relu'"),
        (EchoState(5, spectral_radius=-1.0), "spectral_radius must be at least 0, got -1.0"),
        (EchoState(5, leak=0.0), r"leak must be a number in \(0, 1\], or one a unit \[5\], got 0.0"),
        (EchoState(5, leak=[0.5, 0.5]), r"leak must be a number in \(0, 1\], or one a unit \[5\]"),
        (EchoState(5, input_scaling=np.inf), "input_scaling and bias_scaling must be finite"),
        (EchoState(5, input_scaling=[1.0, 2.0]), "input_scaling has 2 entries, X 1 features"),
        (EchoState(5, noise=-1.0), "noise must be at least 0, got -1.0"),
        (EchoState(5, activation="identity", plasticity=IntrinsicPlasticity()), "intrinsic plasticity is defined for tanh units"),
        (EchoState(3, topology=rv.reservoirs.Given(np.triu(np.ones((3, 3)), 1))), "no eigenvalue but 0, so it cannot be scaled"),
        (DeepEchoState(()), "units must name at least one layer"),
        (DeepEchoState((5, 5), leak=(1.0, 1.0, 1.0)), "leak has 3 entries, expected one number or one for each of 2 layers"),
        (DeepEchoState((5,), input_scaling=[1.0, 2.0]), "input_scaling has 2 entries, X 1 features"),
        (DeepEchoState((5,), noise=-1.0), "noise must be at least 0, got -1.0"),
        (DeepEchoState((5,), activation="identity", plasticity=IntrinsicPlasticity()), "intrinsic plasticity is defined for tanh units"),
        (NVAR(taps=0), "taps must be at least 1, got 0"),
        (NVAR(orders=(1,)), r"orders must be 2 or more, got \(1,\)"),
        (NVAR(taps=300), "make 45450 columns, expected at most 20000"),
    ],
)  # fmt: skip
def test_arguments_out_of_range_are_refused(model: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        model.fit(np.tile(U, (2, 1)), np.tile(NEXT, 2))


def test_a_radius_of_zero_leaves_no_links() -> None:
    model = EchoState(4, spectral_radius=0.0, readout=Ridge(1.0)).fit(U, NEXT)
    assert model.states(U) == pytest.approx(np.tanh(U @ model.weights_.win.T))


def test_the_layer_has_the_same_states_and_passes_gradients_on() -> None:
    model = EchoState(15, leak=0.4, bias_scaling=0.2, readout=Ridge(1.0)).fit(U, NEXT)
    layer = model.layer().double()
    x = torch.from_numpy(U[:30]).unsqueeze(1)
    assert layer(x)[:, 0].numpy() == pytest.approx(model.states(U[:30]), abs=1e-6)
    first, state = layer.step(x[0])
    assert torch.equal(first, layer(x)[0]) and set(state) == {"x"}
    linear = EchoState(15, activation="identity", spectral_radius=0.5, readout=Ridge(1.0)).fit(U, NEXT)
    assert linear.layer().double()(x)[:, 0].numpy() == pytest.approx(linear.states(U[:30]), abs=1e-5)
    net = rv.Sequential(torch.nn.Linear(2, 1), model.layer(), rv.Linear(15, 3), rv.LI(), rate=None)
    net(torch.randn(8, 4, 2)).sum().backward()
    assert net[0].weight.grad is not None and net[0].weight.grad.abs().sum() > 0 and isinstance(net[1], EchoLayer)
    assert all(p.grad is None for p in net[1].parameters())


def test_memory_of_small_reservoirs_is_near_their_size() -> None:
    for topology in (Cycle(), Orthogonal()):
        model = EchoState(
            20, topology=topology, activation="identity", input_scaling=0.1, readout=Ridge(1e-12), washout=100
        )
        curve = tasks.memory_curve(model, delays=40, steps=2000, test_steps=4000)
        assert 19 < curve.sum() < 20.5 and curve[1:].sum() == pytest.approx(curve.sum() - curve[0]) and curve[0] > 0.9


def test_narma_is_learned() -> None:
    u, y = tasks.narma(10, 1500, seed=1)
    model = EchoState(
        100,
        spectral_radius=0.95,
        input_scaling=0.07,
        bias_scaling=1.0,
        topology=Sparse(10),
        washout=100,
        readout=Ridge(1e-9),
        read_input=True,
    )
    model.fit(u[:1000, None], y[:1000])
    assert tasks.nmse(y[1100:], model.predict(u[1000:, None])[100:]) < 0.2
