"""Blocks: a batch is one cut through all rows."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch

from skmm._data.blocks import Block
from skmm._data.containers import Csr, Ragged


@pytest.fixture
def matrix():
    rng = np.random.default_rng(0)
    return scipy.sparse.random(20, 7, density=0.3, format="csr", random_state=rng)


def to_dense(csr):
    values = csr.values.numpy()
    shape = (len(csr), csr.n_columns)
    return scipy.sparse.csr_array(
        (values, csr.indices.numpy(), csr.indptr.numpy()), shape=shape
    ).toarray()


@pytest.mark.parametrize("rows", [[3, 3, 0], [], list(range(20)), [19]])
def test_take_of_sparse_rows(matrix, rows):
    taken = Csr.from_scipy(matrix).take(torch.tensor(rows, dtype=torch.int64))
    np.testing.assert_allclose(
        to_dense(taken), matrix[rows].toarray().astype(np.float32)
    )


def test_sparse_stays_sparse(matrix):
    block = Block(matrix, np.zeros((20, 2), np.float32), present=np.ones(20, bool))
    assert isinstance(block[0], Csr)
    assert block.nbytes < 8 * matrix.nnz + 8 * 21 + 20 * 2 * 4 + 20 + 1


def test_take_keeps_parts_together(matrix):
    present = np.arange(20) % 2 == 0
    block = Block(matrix, np.arange(20.0), present=present)
    taken = block.take(torch.tensor([5, 4]))
    assert len(taken) == 2
    assert taken.present.tolist() == [False, True]
    assert taken[1].tolist() == [5.0, 4.0]


def test_parts_must_have_the_same_rows(matrix):
    with pytest.raises(ValueError, match=r"differ in rows: \[19, 20\]"):
        Block(matrix, present=np.ones(19, bool))


def test_hidden_rows_lack_the_modality(matrix):
    n = matrix.shape[0]
    present = torch.arange(n) != 1
    block = Block(matrix, present=present, cost=torch.ones(n))
    rows = torch.arange(n) < 3
    some = block.hide(rows)
    assert some.present.tolist() == (present & ~rows).tolist()
    assert not some.complete
    assert some[0] is block[0]
    assert some.cost is block.cost
    assert not block.hide().present.any()
    assert block.present.tolist() == present.tolist()
    whole = Block(matrix, present=torch.ones(n, dtype=torch.bool))
    assert whole.complete and not whole.hide(rows).take(torch.arange(3)).complete


def test_cast_leaves_integers_and_sparse_values(matrix):
    block = Block(
        matrix,
        np.ones(20, np.float32),
        np.ones(20, np.int32),
        present=np.ones(20, bool),
    )
    cast = block.cast(torch.float64)
    assert cast[1].dtype == torch.float64
    assert cast[2].dtype == torch.int32
    assert cast[0].values.dtype == torch.float32


def test_ragged_rows():
    arrays = [np.arange(6.0).reshape(3, 2), None, np.ones((1, 2)), np.zeros((0, 2))]
    ragged = Ragged.from_arrays(arrays, (2,))
    assert len(ragged) == 4 and ragged.lengths.tolist() == [3, 0, 1, 0]
    assert ragged.nbytes == 8 * 5 + 4 * 8
    block = Block(ragged, present=[True, False, True, True], cost=ragged.lengths)
    taken = block.take(torch.tensor([2, 0, 1, 0])).to("cpu").cast(torch.float64)[0]
    values, mask = taken.padded()
    assert mask.sum(1).tolist() == [1, 3, 0, 3]
    np.testing.assert_array_equal(values[1], arrays[0])
    np.testing.assert_array_equal(values[0], [[1, 1], [0, 0], [0, 0]])
    nothing = ragged.take(torch.tensor([], dtype=torch.int64)).padded()
    assert nothing[0].shape == (0, 0, 2) and nothing[1].shape == (0, 0)
    assert Ragged.from_arrays([None], (3,)).padded()[0].shape == (1, 0, 3)


def test_sizes_are_known_of_rows_on_another_device(matrix):
    """A device without numbers shows that none is read."""
    lengths = np.arange(20) % 4
    ragged = Ragged.from_arrays([np.ones((n, 3)) for n in lengths], step=(3,))
    block = Block(matrix, ragged, present=lengths > 0)
    there = block.to("meta")
    for rows in (torch.tensor([3, 7, 7, 0, 18]), torch.tensor([4, 0]), torch.arange(0)):
        taken, expected = there.take(rows.to("meta"), rows.numpy()), block.take(rows)
        for part, wanted in zip(taken.parts, expected.parts):
            assert part.values.shape == wanted.values.shape
            assert part.longest == wanted.longest
        assert taken[1].padded()[0].shape == expected[1].padded()[0].shape
        assert taken.complete == expected.complete
        there_, on_cpu = taken.cast(torch.float64).there
        assert there_.shape == on_cpu.shape
        assert on_cpu.tolist() == expected.there[0].tolist()


def test_what_pandas_lends_for_reading_only_is_copied():
    mask = pd.Series(["a", None]).notna().to_numpy()
    mask.flags.writeable = False
    block = Block(np.eye(2), present=mask, cost=np.broadcast_to(1.0, 2))
    assert block.present.tolist() == [True, False]
    assert block.take(torch.tensor([1])).present.tolist() == [False]
