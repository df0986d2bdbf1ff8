"""Ben's Spiker Algorithm, the two Hough Spiker Algorithms, their filter and their way back."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ranvier.encoders import bsa, bsa_inverse, hsa, low_pass, modified_hsa

H = torch.tensor([0.25, 0.5, 0.25], dtype=torch.float64)
X = torch.tensor([0, 0, 0.25, 0.5, 0.5, 0.5, 0.5, 0.25, 0, 0], dtype=torch.float64)
CODES = [
    lambda x, h: bsa(x, h, threshold=0.2),
    lambda x, h: bsa(x, h, threshold=0.75, relative=True),
    hsa,
    lambda x, h: modified_hsa(x, h, threshold=0.1),
]


@pytest.mark.parametrize("encode", CODES)
def test_golden(encode) -> None:
    spikes = encode(X, H)
    assert spikes.nonzero().flatten().tolist() == [2, 4]
    assert bsa_inverse(spikes, H).tolist() == [0, 0, 0.25, 0.5, 0.5, 0.5, 0.25, 0, 0, 0]  # 0.5 of X is left over


@settings(deadline=None, max_examples=40)
@given(gaps=st.lists(st.integers(3, 9), min_size=1, max_size=8), which=st.integers(0, 3))
def test_filters_apart_are_found_exactly(gaps: list[int], which: int) -> None:
    spikes = torch.zeros(sum(gaps) + 3, 1, dtype=torch.float64)
    spikes[torch.tensor(gaps).cumsum(0) - 3] = 1
    x = bsa_inverse(spikes, H)
    assert torch.equal(CODES[which](x, H), spikes)


def test_what_hsa_rebuilds_fits_under_the_signal() -> None:
    x = torch.rand(200, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    spikes = hsa(x, H)
    assert 0 < spikes.mean() < 1
    assert (bsa_inverse(spikes, H) <= x + 1e-12).all()
    assert torch.equal(modified_hsa(x, H, threshold=0.0), spikes)
    assert modified_hsa(x, H, threshold=0.2).sum() > spikes.sum()


def test_relative_threshold_is_blind_to_scale() -> None:
    x = torch.rand(100, 1, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    spikes = bsa(x, H, threshold=0.9, relative=True)
    assert 0 < spikes.mean() < 1
    assert torch.equal(bsa(1024 * x, 1024 * H, threshold=0.9, relative=True), spikes)
    assert not torch.equal(bsa(1024 * x, 1024 * H, threshold=0.1), bsa(x, H, threshold=0.1))


def test_silence_is_silent_but_not_at_threshold_0() -> None:
    for encode in CODES:
        assert encode(torch.zeros(8, 1, dtype=torch.float64), H).sum() == 0


def test_a_recording_is_rebuilt(vowel: torch.Tensor) -> None:
    shift = vowel.amin(0)
    size = float(vowel.max() - shift)
    kernel = low_pass(24, cutoff=0.06, amplitude=size)
    spikes = bsa(vowel - shift, kernel, threshold=0.95 * size)
    inner = slice(24, -24)  # the ends have fewer filters over them

    def noise_ratio(spikes: torch.Tensor) -> float:
        error = (bsa_inverse(spikes, kernel, shift=shift) - vowel)[inner]
        return float(10 * torch.log10(vowel[inner].var() / error.square().mean()))

    assert set(spikes.unique().tolist()) == {0.0, 1.0}
    assert noise_ratio(spikes) > 18  # decibels
    assert noise_ratio(hsa(vowel - shift, kernel)) > 12
    assert noise_ratio(modified_hsa(vowel - shift, kernel, threshold=0.1 * size)) > 15


def test_low_pass_has_its_sum_its_symmetry_and_its_cutoff() -> None:
    h = low_pass(51, cutoff=0.1, amplitude=2.0).double()
    assert float(h.sum()) == pytest.approx(2.0, abs=1e-6)
    torch.testing.assert_close(h, h.flip(0))
    wave = torch.exp(-2j * torch.pi * 0.1 * torch.arange(51))
    assert float((h * wave).sum().abs()) == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("encode", CODES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_shape_dtype_and_untouched_input(encode, dtype: torch.dtype) -> None:
    x = torch.rand(12, 2, 3, generator=torch.Generator().manual_seed(0)).to(dtype)
    before = x.clone()
    spikes = encode(x, H)
    assert spikes.shape == x.shape and spikes.dtype == dtype
    assert spikes[-2:].sum() == 0  # fewer samples than the filter has
    assert torch.equal(x, before)
    assert torch.equal(encode(x[:, 1:, :1], H), spikes[:, 1:, :1])
    assert not encode(x.clone().requires_grad_(), H).requires_grad


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: bsa(X - 1, H, threshold=0.2), ValueError, r"bsa: x must be 0 or above, got a minimum of -1\. Encode x - x\.amin"),
        (lambda: hsa(X[:2], H), ValueError, "hsa: x has 2 steps, fewer than the 3 samples of the filter"),
        (lambda: bsa(X, -H, threshold=0.2), ValueError, r"bsa: kernel must be a filter \[F\].*sum -1"),
        (lambda: bsa(X, H[None], threshold=0.2), ValueError, r"bsa: kernel must be a filter \[F\].*got shape \(1, 3\)"),
        (lambda: bsa(X, H.long(), threshold=0.2), TypeError, "bsa: kernel must be floating"),
        (lambda: bsa(X, H, threshold=-0.1), ValueError, "bsa: threshold must be 0 or above, in the unit of x, got -0.1"),
        (lambda: bsa(X, H, threshold=1.1, relative=True), ValueError, r"bsa: a relative threshold must lie in \(0, 1\], got 1\.1"),
        (lambda: modified_hsa(X, H, threshold=1.0), ValueError, r"modified_hsa: threshold must lie in \[0, 1\).*got 1\.0"),
        (lambda: bsa_inverse(X.long(), H), TypeError, "bsa_inverse: spikes must be floating"),
        (lambda: bsa(torch.tensor(1.0), H, threshold=0.2), ValueError, "bsa: x must have time as its first axis"),
        (lambda: low_pass(2, cutoff=0.1, amplitude=1.0), ValueError, "low_pass: expected length >= 3, .* got length 2"),
        (lambda: low_pass(9, cutoff=0.5, amplitude=1.0), ValueError, "low_pass: .* cutoff 0.5"),
    ],
)  # fmt: skip
def test_refusals(call, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call()
