"""Weights as drawn."""

import numpy as np
import pytest
import torch

import ranvier as rv

RANDOM = np.random.default_rng(0)


def test_a_matrix_is_drawn_outputs_down_inputs_across() -> None:
    values = torch.from_numpy(RANDOM.normal(size=(4, 9))).requires_grad_()
    ax = rv.plot.weights(values, limit=2.0)
    (image,) = ax.images
    assert np.array_equal(image.get_array(), values.detach().numpy()) and image.get_clim() == (-2.0, 2.0)
    assert ax.get_xlabel() == "input" and ax.get_ylabel() == "output"
    assert ax.figure.axes[1].get_ylabel() == "weight"


def test_zero_is_white_and_the_scale_ignores_an_outlier() -> None:
    values = np.r_[np.full(999, 0.1), 50.0].reshape(10, 100)
    values[0, 0] = -0.1
    (image,) = rv.plot.weights(values).images
    low, high = image.get_clim()
    assert low == -high and high < 1
    assert image.to_rgba(np.array([0.0]))[0, 3] < 0.01, "nothing is drawn at zero"
    below, above = image.to_rgba(np.array([low, high]))
    assert below[2] > below[0] and above[0] > above[2], "blue below, red above"


def test_weights_of_pictures_are_a_montage() -> None:
    values = RANDOM.normal(size=(5, 12))
    ax = rv.plot.weights(values, picture=(3, 4))
    shown = ax.images[0].get_array()
    assert shown.shape == (2 * 4 - 1, 3 * 5 - 1) and not ax.axison
    assert np.array_equal(shown[:3, :4], values[0].reshape(3, 4)) and np.array_equal(
        shown[4:7, 5:9], values[4].reshape(3, 4)
    )
    assert np.ma.getmaskarray(shown)[3].all() and np.ma.getmaskarray(shown)[4:7, 10:].all(), (
        "gaps, and the sixth that is not there"
    )


def test_kernels_are_a_montage_of_outputs_and_inputs() -> None:
    values = RANDOM.normal(size=(4, 2, 3, 3))
    ax = rv.plot.weights(values)
    assert ax.images[0].get_array().shape == (4 * 4 - 1, 2 * 4 - 1)
    assert np.array_equal(ax.images[0].get_array()[4:7, 4:7], values[1, 1])


def test_nothing_but_zeros_and_one_row() -> None:
    ax = rv.plot.weights(np.zeros((1, 5)))
    assert ax.images[0].get_clim() == (-1.0, 1.0) and ax.get_yticks().tolist() == [0]


def test_refusals() -> None:
    with pytest.raises(
        ValueError, match=r"weights: must have shape \[outputs, inputs\] or .* got \(5,\). Use layer.weight."
    ):
        rv.plot.weights(np.zeros(5))
    with pytest.raises(ValueError, match="weights: NaN or inf in 1 of 4 values"):
        rv.plot.weights(np.array([[1.0, np.nan], [0.0, 0.0]]))
    with pytest.raises(ValueError, match=r"weights: a picture of \(2, 2\) does not hold \(5,\) inputs"):
        rv.plot.weights(np.zeros((3, 5)), picture=(2, 2))
