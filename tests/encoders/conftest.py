"""One recording for the tests of codes on a real signal."""

import pytest
import torch
from scipy.signal import resample

from ranvier.data.bundled import spoken_digits


@pytest.fixture(scope="session")
def recording() -> torch.Tensor:
    """A spoken digit at 8 kHz, [samples], float32."""
    return torch.from_numpy(spoken_digits().x[0])


@pytest.fixture(scope="session")
def vowel(recording: torch.Tensor) -> torch.Tensor:
    """12.5 ms of its loudest part, resampled to 64 kHz so that slopes are gentle, [800, 1], float64."""
    middle = int(recording.abs().argmax())
    return torch.from_numpy(resample(recording[middle - 50 : middle + 50].numpy(), 800)).double()[:, None]
