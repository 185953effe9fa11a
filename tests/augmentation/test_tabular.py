"""Cells of a table that change places."""

import numpy as np
import pandas as pd
import pytest
import torch

from skmm import MultimodalClassifier
from skmm.augmentation import CellSwap, make_augmentation
from skmm.encoders import TabularEncoder


def test_cells_come_from_another_row_of_their_column():
    torch.manual_seed(0)
    n = 400
    numbers = torch.arange(n)[:, None] + torch.tensor([0.0, 1000.0])
    codes = torch.arange(n, dtype=torch.int32)[:, None]
    new_numbers, new_codes = CellSwap(p=0.25)(numbers, codes)
    assert new_numbers.dtype == numbers.dtype and new_codes.dtype == codes.dtype
    assert ((new_numbers - torch.tensor([0.0, 1000.0]) >= 0).all(1)).all()
    assert (new_numbers[:, 0] < n).all() and (new_codes < n).all()
    for old, new in [(numbers[:, 0], new_numbers[:, 0]), (codes, new_codes)]:
        assert 0.17 < (old != new).float().mean() < 0.33
    both = (numbers != new_numbers).float()
    assert abs(both.prod(1).mean() - 0.0625) < 0.05  # cells draw by themselves


def test_one_row_and_no_chance_change_nothing():
    row = torch.tensor([[1.0, float("nan")]])
    torch.testing.assert_close(CellSwap(p=1.0)(row), row, equal_nan=True)
    rows = torch.randn(5, 2)
    torch.testing.assert_close(CellSwap(p=0.0)(rows), rows)
    none = torch.empty(5, 0, dtype=torch.int32)
    assert CellSwap(p=0.5)(rows, none)[1].shape == (5, 0)


@pytest.mark.parametrize("backbone", ["mlp", "resnet", "ft_transformer"])
def test_in_training_only(backbone):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"x": rng.normal(size=30), "c": rng.choice(["a", "b"], 30)})
    encoder = TabularEncoder(backbone=backbone, dropout=0.0, augment=CellSwap(0.5))
    block = encoder.fit_transform(X)
    module = encoder.build_module(8)

    def vectors():
        given = module(block)
        return getattr(given, "vectors", given)

    module.train()
    assert not torch.equal(vectors(), vectors())
    module.eval()
    assert torch.equal(vectors(), vectors())


def test_by_name():
    (step,) = make_augmentation("swap", "tabular").steps
    assert isinstance(step, CellSwap)
    X = pd.DataFrame({"x": np.arange(60.0), "z": 0.0})
    y = (X["x"] > 30).astype(int)
    encoder = TabularEncoder(augment="auto")
    model = MultimodalClassifier(
        [("t", encoder, ["x", "z"])], max_epochs=15, random_state=0
    )
    assert model.fit(X, y).score(X, y) > 0.9
    with pytest.raises(ValueError, match="Got 'swop'.*Did you mean 'swap'"):
        TabularEncoder(augment="swop").fit_transform(X)
