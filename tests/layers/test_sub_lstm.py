"""SubLSTM against its formula."""

import numpy as np
import torch

import ranvier as rv


def written_out(cell: rv.SubLSTM, x: np.ndarray) -> np.ndarray:
    """h [T, B, N] in NumPy, from the equations."""
    gates = {key: value.detach().numpy() for key, value in cell.gates.state_dict().items()}
    c = h = np.zeros((x.shape[1], cell.size))
    rows = []
    for x_t in x:
        a = x_t @ gates["weight_ih"].T + gates["bias_ih"] + h @ gates["weight_hh"].T + gates["bias_hh"]
        i, f, z, o = np.split(1 / (1 + np.exp(-a)), 4, 1)
        kept = f if cell.decay is None else np.clip(cell.decay.item(), 0, 1)
        c = kept * c + z - i
        h = 1 / (1 + np.exp(-c)) - o
        rows.append(h)
    return np.stack(rows)


def test_equals_its_formula() -> None:
    for decay in (False, True):
        cell, x = rv.SubLSTM(4, 6, decay=decay).double(), 3 * torch.randn(25, 2, 4, dtype=torch.float64)
        np.testing.assert_allclose(cell(x).detach().numpy(), written_out(cell, x.numpy()), rtol=0, atol=1e-13)


def test_the_output_lies_between_minus_one_and_one_and_the_cell_has_no_bounds() -> None:
    cell = rv.SubLSTM(1, 2, decay=True)
    with torch.no_grad():
        for p in cell.parameters():
            p.zero_()
        cell.gates.bias_ih[4:6] = 20.0  # z open
        cell.gates.bias_ih[0:2] = -20.0  # i shut
        assert cell.decay is not None
        cell.decay.fill_(1.7)  # is held at 1
    run = cell.run(torch.zeros(50, 1, 1), record=("c",))
    torch.testing.assert_close(run.records["c"][:, 0, 0], torch.arange(1.0, 51.0))
    assert run.output.abs().max() < 1


def test_weights_are_drawn_four_times_as_wide_as_those_of_an_lstm() -> None:
    """The slope of a sigmoid at 0 is a quarter of tanh's: an input then moves the cell as far as it moves that of an LSTM's g."""
    cell, bound = rv.SubLSTM(50, 64, generator=torch.Generator().manual_seed(0)), 1 / 8
    for weight, bias in ((cell.gates.weight_ih, cell.gates.bias_ih), (cell.gates.weight_hh, cell.gates.bias_hh)):
        assert 0.99 * 4 * bound < weight.abs().max().item() <= 4 * bound
        assert 0.95 * bound < bias.abs().max().item() <= bound


def test_decay_of_a_membrane_is_one_number() -> None:
    cell = rv.SubLSTM(3, 4, decay=True)
    assert cell.decay is not None and cell.decay.shape == () and 0 <= cell.decay.item() <= 1
    assert rv.SubLSTM(3, 4).decay is None
