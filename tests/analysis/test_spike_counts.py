import math

import numpy as np
import pytest
import torch

from ranvier.analysis import fano_factor, spike_count_correlation


def test_fano_factor() -> None:
    counts = [[4, 1, 0], [4, 3, 0], [4, 2, 0]]
    assert fano_factor(counts) == pytest.approx([0.0, 1 / 2, math.nan], nan_ok=True)
    assert fano_factor(torch.tensor(counts)) == pytest.approx(fano_factor(counts), nan_ok=True)
    assert np.isnan(fano_factor([[1, 2]])).all()  # one trial does not vary
    poisson = np.random.default_rng(0).poisson(5.0, (20_000, 3))
    assert fano_factor(poisson) == pytest.approx(1.0, abs=0.04)


def test_correlation() -> None:
    x = np.random.default_rng(0).poisson(3.0, (4, 50))
    x[1] = 2 * x[0] + 1
    x[2] = 20 - x[0]
    found = spike_count_correlation(x)
    assert found == pytest.approx(np.corrcoef(x))
    assert found[0, 1] == pytest.approx(1.0) and found[0, 2] == pytest.approx(-1.0)


def test_a_train_whose_count_never_changes_has_no_correlation() -> None:
    found = spike_count_correlation([[0.1, 0.1, 0.1], [1, 2, 4]])  # the mean of 0.1s is not 0.1
    assert np.isnan(found).tolist() == [[True, True], [True, False]] and found[1, 1] == pytest.approx(1.0)
    assert np.isnan(spike_count_correlation([[3], [4]])).all()
    assert np.isnan(spike_count_correlation(np.zeros((2, 0)))).all()


def test_what_is_no_table_of_counts_is_refused() -> None:
    for refuses in (fano_factor, spike_count_correlation):
        with pytest.raises(
            ValueError, match=r"counts must be numbers of shape \[tr.*, bins\], got int64 of shape \(3,\)"
        ):
            refuses(np.array([1, 2, 3]))
        with pytest.raises(ValueError, match="counts contains NaN or inf in 1 of 2 values"):
            refuses([[1.0, math.nan]])
    with pytest.raises(ValueError, match="fano_factor: counts must be 0 or above, got a minimum of -1"):
        fano_factor([[1], [-1]])
