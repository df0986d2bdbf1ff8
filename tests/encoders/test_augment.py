import math

import pytest
import torch

from ranvier.encoders.audio import log_mel, mel_edges
from ranvier.encoders.augment import (
    Compose,
    Equalizer,
    FrequencyMask,
    FrequencyWarp,
    Gain,
    Noise,
    Speed,
    Tilt,
    TimeMask,
    TimeShift,
    active_frames,
    fit_steps,
)

ACTIVE = [
    TimeMask(9),
    FrequencyMask(7, count=2),
    TimeShift(6),
    Gain(6.0),
    Noise(0.5),
    Speed(0.2),
    FrequencyWarp(0.15, 20.0, 4000.0),
    Tilt(6.0),
    Equalizer(3.0),
    Compose(TimeShift(3), Gain(3.0)),
]
IDLE = [
    TimeMask(0),
    TimeMask(9, count=0),
    FrequencyMask(0),
    TimeShift(0),
    Gain(0.0),
    Noise(0.0),
    Speed(0.0),
    FrequencyWarp(0.0, 20.0, 4000.0),
    Tilt(0.0),
    Equalizer(0.0),
    Compose(),
]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(batch: int = 16, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(batch, 37, 23, generator=seeded(1), dtype=dtype) - 5


def name(augmentation: object) -> str:
    return type(augmentation).__name__


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("augment", ACTIVE, ids=name)
def test_changes_every_sample_its_own_way_and_leaves_the_input_alone(augment, dtype):
    x = pictures(dtype=dtype)
    kept = x.clone()
    global_state = torch.get_rng_state()
    y = augment(x, seeded())
    assert y.shape == x.shape and y.dtype == dtype
    assert torch.equal(x, kept)
    assert torch.equal(torch.get_rng_state(), global_state)
    assert torch.equal(y, augment(x, seeded()))
    assert not torch.equal(y, augment(x, seeded(7)))
    same = augment(x[:1].expand_as(x), seeded())
    assert len({tuple(sample.flatten().tolist()) for sample in same}) > 4
    assert torch.isfinite(y).all()


@pytest.mark.parametrize("augment", IDLE, ids=name)
def test_amount_zero_is_the_identity(augment):
    x = pictures()
    assert torch.equal(augment(x, seeded()), x)


@pytest.mark.parametrize(("augment", "axis", "limit"), [(TimeMask(9), 1, 9), (FrequencyMask(7), 2, 7)], ids=["T", "F"])
def test_mask_hides_one_stretch_with_the_mean(augment, axis, limit):
    x = pictures(400)
    y = augment(x, seeded())
    hidden = (y != x).all(3 - axis)  # [B, size]
    widths = hidden.sum(1)
    assert int(widths.max()) == limit and int(widths.min()) == 0
    edges = (hidden[:, 1:] != hidden[:, :-1]).sum(1) + hidden[:, 0].int() + hidden[:, -1].int()
    assert int(edges.max()) == 2
    assert hidden[:, 0].any() and hidden[:, -1].any()
    filled = x.mean((1, 2), keepdim=True).expand_as(x)
    assert torch.equal(y[y != x], filled[y != x])


def test_mask_wider_than_the_picture_is_held_to_it():
    y = TimeMask(1000)(pictures(), seeded())
    assert y.shape == (16, 37, 23)


def test_shift_moves_frames_and_repeats_the_edge():
    x = torch.arange(20.0)[None, :, None].expand(200, 20, 3)
    y = TimeShift(4)(x, seeded())[:, :, 0]
    shift = (10 - y[:, 10]).long()
    assert set(shift.tolist()) == set(range(-4, 5))
    torch.testing.assert_close(y, (torch.arange(20.0) - shift[:, None]).clamp(0, 19))


def test_gain_is_in_decibels_of_power():
    t = torch.arange(800) / 8000
    soft, loud = (log_mel(a * torch.sin(2 * math.pi * 1000 * t)[None], 8000) for a in (0.1, 0.1 * 10 ** (6 / 20)))
    change = Gain(6.0)(soft.expand(500, -1, -1), seeded()) - soft
    limit = float((loud - soft).max())
    assert float(change.abs().max()) == pytest.approx(limit, rel=0.02)
    assert float(change.max()) <= limit + 1e-4 and float(change.min()) < -0.9 * limit


def test_noise_has_the_deviation_at_most():
    change = Noise(0.5)(torch.zeros(300, 30, 30), seeded())
    deviations = change.std((1, 2))
    assert float(deviations.max()) < 0.55 and float(deviations.max()) > 0.45 and float(deviations.min()) < 0.05


@pytest.mark.parametrize("anchor", [0.0, 0.5, 1.0])
def test_speed_stretches_a_ramp_about_its_anchor(anchor):
    x = torch.arange(41.0)[None, :, None].expand(200, 41, 2)
    y = Speed(0.25, anchor)(x, seeded())[:, :, 0]
    assert torch.allclose(y[:, round(anchor * 40)], torch.tensor(anchor * 40))
    slope = y[:, 20].sub(y[:, 19])
    assert float(slope.min()) == pytest.approx(1 / 1.25, abs=0.01)
    assert float(slope.max()) == pytest.approx(1.25, abs=0.01)


def test_warp_multiplies_frequencies():
    centre = mel_edges(40, 20.0, 4000.0)[1:-1].float()
    x = centre.log()[None, None, :].expand(200, 2, 40)
    y = FrequencyWarp(0.1, 20.0, 4000.0)(x, seeded())[:, 0]
    factor = (y - x[:, 0]).exp()  # what the picture at each band was read from, as a ratio of frequencies
    inner = factor[:, 15:30]
    assert (inner - inner.mean(1, keepdim=True)).abs().max() < 0.005
    assert float(inner.min()) == pytest.approx(1 / 1.1, abs=0.01) and float(inner.max()) == pytest.approx(1.1, abs=0.01)


def test_tilt_is_a_line_of_opposite_ends():
    change = Tilt(6.0)(torch.zeros(100, 2, 11), seeded())
    assert torch.allclose(change[:, :, 0], -change[:, :, -1])
    assert torch.allclose(change[:, :, 5], torch.zeros(()), atol=1e-6)
    assert 1.2 < float(change.max()) <= 6 * math.log(10) / 10


def test_compose_is_one_after_the_other():
    x = pictures()
    generator = seeded()
    expected = Noise(0.1)(Tilt(3.0)(x, generator), generator)
    assert torch.equal(Compose(Tilt(3.0), Noise(0.1))(x, seeded()), expected)


def test_refusals():
    with pytest.raises(ValueError, match=r"TimeMask: frames must be zero or a positive number, got -1"):
        TimeMask(-1)
    with pytest.raises(ValueError, match="Speed: amount must be zero"):
        Speed(math.nan)
    with pytest.raises(ValueError, match="low must lie below high"):
        FrequencyWarp(0.1, 4000.0, 20.0)
    with pytest.raises(ValueError, match=r"Gain: expected a floating-point batch .* `x\[None\]`"):
        Gain(1.0)(torch.zeros(3, 4))


def test_active_frames_are_those_near_the_loudest():
    x = torch.full((20, 8), -20.0)
    x[5:12] = 0.0
    x[12] = math.log(10 ** (-2.7))  # 27 dB below
    assert active_frames(x, 28.0) == (5, 12)
    assert active_frames(x, 26.0) == (5, 11)
    assert active_frames(torch.zeros(3, 4), 28.0) == (0, 2)


def test_fit_steps_reads_a_ramp_where_it_is_told():
    ramp = torch.arange(11.0)[None, :, None].expand(2, 11, 3)
    start, stop, last = torch.tensor([0.0, 2.5]), torch.tensor([10.0, 7.5]), torch.tensor([10.0, 10.0])
    y = fit_steps(ramp, start, stop, last, 6)
    assert y.shape == (2, 6, 3)
    torch.testing.assert_close(y[0, :, 0], torch.tensor([0.0, 2, 4, 6, 8, 10]))
    torch.testing.assert_close(y[1, :, 0], torch.tensor([2.5, 3.5, 4.5, 5.5, 6.5, 7.5]))


def test_fit_steps_repeats_the_edges_outside_the_clip():
    ramp = torch.arange(11.0)[None, :, None].expand(1, 11, 2)
    y = fit_steps(ramp, torch.tensor([-4.0]), torch.tensor([14.0]), torch.tensor([8.0]), 10)
    assert float(y.min()) == 0.0
    assert float(y.max()) == 8.0  # the last frame of the clip, not of the padded picture
    assert bool((y.diff(dim=1) >= 0).all())


def test_a_bent_time_keeps_both_ends():
    ramp = torch.arange(11.0)[None, :, None].expand(4, 11, 2)
    ends = torch.zeros(4), torch.full((4,), 10.0), torch.full((4,), 10.0)
    y = fit_steps(ramp, *ends, 21, bend=0.3, generator=seeded())
    torch.testing.assert_close(y[:, 0], torch.zeros(4, 2))
    torch.testing.assert_close(y[:, -1], torch.full((4, 2), 10.0))
    assert len({float(v) for v in y[:, 10, 0]}) == 4
