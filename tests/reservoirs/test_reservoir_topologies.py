"""Topologies, their links and their spectrum."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits

from ranvier.errors import BadFileError
from ranvier.reservoirs import CElegans, Cycle, EchoState, Given, Orthogonal, Sparse, eigenvalues, spectral_radius
from ranvier.reservoirs.topologies import links


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def test_sparse_gives_every_unit_so_many_different_sources() -> None:
    matrix = Sparse(7).draw(50, rng())
    assert np.all(np.diff(matrix.indptr) == 7) and all(
        len(set(row)) == 7 for row in matrix.indices.reshape(50, 7).tolist()
    )
    assert np.all(np.abs(matrix.data) <= 1) and matrix.data.min() < -0.9 and matrix.data.max() > 0.9
    assert Sparse(10).draw(4, rng()).nnz == 16, "all where there are fewer"


def test_orthogonal_is_orthogonal_and_a_cycle_a_ring() -> None:
    q = Orthogonal().draw(12, rng()).toarray()
    assert q @ q.T == pytest.approx(np.eye(12), abs=1e-14)
    assert np.array_equal(Cycle().draw(5, rng()).toarray(), np.roll(np.eye(5), 1, axis=0))
    assert Cycle().draw(5, rng()).toarray()[1, 0] == 1, "unit 1 listens to unit 0"


def test_a_given_matrix_is_taken_as_it_is() -> None:
    dense = np.arange(9.0).reshape(3, 3)
    assert np.array_equal(Given(dense).draw(3, rng()).toarray(), dense)
    assert np.array_equal(Given(csr_array(dense)).draw(3, rng()).toarray(), dense)
    with pytest.raises(ValueError, match=r"has shape \(3, 3\), the reservoir 4 units. Use units=3"):
        Given(dense).draw(4, rng())
    with pytest.raises(ValueError, match="holds NaN or inf"):
        Given(np.full((2, 2), np.nan)).draw(2, rng())


def test_links_are_rows_of_equal_length() -> None:
    dense = np.array([[0, 2.0, 0], [0, 0, 0], [3.0, 0, 4.0]])
    weight, source = links(csr_array(dense))
    assert weight.tolist() == [[2, 0], [0, 0], [3, 4]] and source.tolist() == [[1, 0], [0, 0], [0, 2]]


def test_the_radius_is_that_of_all_eigenvalues() -> None:
    """Power iteration is off by percents here: the largest eigenvalues are complex pairs close to each other."""
    matrix = Sparse(10).draw(110, rng())
    found = eigenvalues(matrix)
    assert spectral_radius(matrix) == pytest.approx(abs(found[0]), rel=1e-9)
    assert np.all(np.diff(np.abs(found)) <= 1e-12) and abs(found.sum() - matrix.trace()) < 1e-9
    assert spectral_radius(np.diag([1.0, -3.0])) == 3.0


def test_where_arnoldi_finds_no_largest_all_eigenvalues_are_computed() -> None:
    assert spectral_radius(Cycle().draw(120, rng())) == pytest.approx(1.0, abs=1e-9)


def test_the_radius_has_the_same_bits_on_any_number_of_threads() -> None:
    matrix = Sparse(10).draw(300, rng())
    one = spectral_radius(matrix)
    torch.set_num_threads(2)
    try:
        assert spectral_radius(matrix) == one
    finally:
        torch.set_num_threads(1)


def test_a_rotation_has_the_same_bits_on_any_number_of_threads() -> None:
    with threadpool_limits(1, "blas"):
        one = Orthogonal().draw(300, rng()).toarray()
    with threadpool_limits(2, "blas"):
        assert np.array_equal(Orthogonal().draw(300, rng()).toarray(), one)


def test_no_connection_is_refused() -> None:
    with pytest.raises(ValueError, match="Sparse: connections must be at least 1, got 0"):
        Sparse(0)


def test_the_worms_wiring_is_read_from_its_tables(tmp_path) -> None:
    with pytest.raises(BadFileError, match="is no file. Give the folder of the OpenWorm tables"):
        CElegans(str(tmp_path)).draw(4, rng())
    tables = {
        "celegans_connections.csv": "origin,target,type,number_of_connections,neurotransmitter\n"
        "A,B,Send,3,Glutamate\nB,C,Send,2,GABA\nA,C,GapJunction,9,Generic_GJ\nC,A,Send,1,Acetylcholine\nD,B,Send,1,GABA\n",
        "celegans_neurons_to_muscles.csv": "neuron,muscle\nC,M1\n",
        "celegans_sensory.csv": "neuron,landmark\nA,Sensory\n",
    }
    for name, text in tables.items():
        (tmp_path / name).write_text(text)
    matrix = CElegans(str(tmp_path)).draw(4, rng()).toarray()  # A; B, D; C
    assert matrix.tolist() == [[0, 0, 0, 1], [3, 0, -1, 0], [0, 0, 0, 0], [0, -2, 0, 0]]
    with pytest.raises(ValueError, match="the tables hold 4 neurons, the reservoir 5. Use units=4"):
        EchoState(5, topology=CElegans(str(tmp_path))).fit(np.ones((5, 1)), np.arange(5.0))
