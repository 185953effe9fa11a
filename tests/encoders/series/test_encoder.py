"""Series of any lengths and channels; gaps, scales, augmentation."""

import numpy as np
import pandas as pd
import pytest
import torch

from skmm import MultimodalClassifier
from skmm._nn.sequence import MaskedBatchNorm
from skmm.augmentation import SeriesJitter
from skmm.encoders import SeriesEncoder

BACKBONES = ["cnn", "inception", "lstm", "gru", "transformer"]
SMALL = {"hidden": 16, "n_layers": 2}


def frame(**columns):
    return pd.DataFrame(
        {name: pd.Series(cells, dtype=object) for name, cells in columns.items()}
    )


def make(n=12, channels=1, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(rng.integers(1, 40), channels)) for _ in range(n)]


def steps(block, row):
    start, end = block[0].indptr[row : row + 2].tolist()
    return block[0].values[start:end].numpy()


@torch.no_grad()
def vectors(encoder, block, seed=0):
    torch.manual_seed(seed)
    return encoder.build_module(8).eval()(block).vectors


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("channels", [1, 3])
def test_lengths_from_one_step_on(backbone, channels):
    cells = [np.ones((1, channels)), np.zeros((2, channels)), *make(6, channels)]
    X = frame(series=cells)
    encoder = SeriesEncoder(backbone, **SMALL)
    block = encoder.fit_transform(X)
    assert block.cost.tolist() == list(map(len, cells))
    together = vectors(encoder, block)
    assert torch.isfinite(together).all()
    for row in range(2):
        alone = vectors(encoder, block.take(torch.tensor([row])))
        torch.testing.assert_close(alone[0], together[row], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_batch_of_one_row_in_training(backbone):
    X = frame(series=[[1.0], [2.0, 3.0, 1.0]])
    encoder = SeriesEncoder(backbone, augment=["jitter", "warp"], **SMALL)
    block = encoder.fit_transform(X)
    module = encoder.build_module(8).train()
    for row in range(2):
        result = module(block.take(torch.tensor([row]))).vectors
        assert torch.isfinite(result).all()
        result.sum().backward()
    gradients = [p.grad for p in module.backbone.parameters()]
    assert all(torch.isfinite(gradient).all() for gradient in gradients)


def test_standardised_by_training_rows():
    cells = make(20, 2)
    cells = [values * [5, 1e-3] + [100, 0] for values in cells]
    encoder = SeriesEncoder()
    block = encoder.fit_transform(frame(a=cells))
    values = block[0].values
    np.testing.assert_allclose(values.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(values.std(0, correction=0), 1, atol=1e-5)
    other = encoder.transform(frame(a=[cells[0] + [5, 0]]))
    shift = steps(other, 0) - steps(block, 0)
    np.testing.assert_allclose(shift[:, 0], 5 / encoder.scale_[0], rtol=1e-4)


def test_standardised_by_row():
    cells = [np.arange(5.0), 100 + 7 * np.arange(5.0), np.full(4, 3.0)]
    block = SeriesEncoder(standardize="row").fit_transform(frame(a=cells))
    np.testing.assert_allclose(steps(block, 0), steps(block, 1), atol=1e-5)
    np.testing.assert_array_equal(steps(block, 2), 0)
    block = SeriesEncoder(standardize=None).fit_transform(frame(a=cells))
    np.testing.assert_array_equal(steps(block, 1)[:, 0], cells[1])


def test_gaps_are_interpolated_and_ends_cut_off():
    nan = np.nan
    cells = [[0.0, nan, 4.0, nan], [1.0, 2.0, 3.0], [nan, 5.0]]
    block = SeriesEncoder(standardize=None).fit_transform(frame(a=cells))
    assert steps(block, 0).ravel().tolist() == [0, 2, 4]
    assert steps(block, 2).ravel().tolist() == [5, 5]


def test_gaps_have_a_channel():
    nan = np.nan
    cells = [[[0.0, 1.0], [nan, 3.0]], [[2.0, nan], [4.0, nan]]]
    encoder = SeriesEncoder(missing="mask")
    block = encoder.fit_transform(frame(a=cells))
    np.testing.assert_allclose(encoder.mean_, [2, 2])
    assert steps(block, 0)[:, 2:].tolist() == [[1, 1], [0, 1]]
    assert steps(block, 1)[:, 2:].tolist() == [[1, 0], [1, 0]]
    assert steps(block, 0)[1, 0] == 0 and not steps(block, 1)[:, 1].any()


@pytest.mark.parametrize("standardize", ["channel", "row", None])
def test_a_channel_of_nothing_is_its_mean(standardize):
    cells = [[[1.0, 10.0], [3.0, 30.0]], [[1.0, np.nan], [2.0, np.nan]]]
    encoder = SeriesEncoder(standardize=standardize)
    block = encoder.fit_transform(frame(a=cells))
    expected = encoder.mean_[1] if standardize is None else 0
    np.testing.assert_allclose(steps(block, 1)[:, 1], expected)


def test_long_series_are_averaged():
    cells = [np.arange(10.0), np.arange(3.0)]
    encoder = SeriesEncoder(standardize=None, max_length=4)
    block = encoder.fit_transform(frame(a=cells))
    assert steps(block, 0).ravel().tolist() == [1, 4, 7, 9]
    assert steps(block, 1).ravel().tolist() == [1]
    assert encoder.factor_ == 3
    gaps = np.r_[np.nan, 3.0, np.full(8, 1.0)]
    assert steps(encoder.transform(frame(a=[gaps])), 0).ravel().tolist() == [2, 1, 1, 1]
    # As many in a longer row: a step is the same time in all of them.
    block = encoder.transform(frame(a=[np.arange(20.0)]))
    assert steps(block, 0).ravel().tolist() == [1, 4, 7, 10, 13, 16, 18.5]
    with pytest.warns(
        UserWarning, match=r"1 of 2 series have more than 96 steps.*row 1"
    ):
        block = encoder.transform(frame(a=[[2.0], np.full(10**5, 2.0)]))
    assert steps(block, 1).ravel().tolist() == [2] * 32


def test_short_series_keep_steps_beside_long_ones():
    cells = [np.arange(1000.0)] * 2 + [np.arange(20.0)] * 3
    encoder = SeriesEncoder(standardize=None, max_length=16)
    block = encoder.fit_transform(frame(a=cells))
    assert encoder.factor_ == 10 and block[0].lengths.tolist() == [100] * 2 + [2] * 3


def test_a_frequency_does_not_depend_on_the_length():
    rng = np.random.default_rng(0)

    def draw(n, lengths):
        slow = rng.integers(0, 2, n)
        cells = []
        for period in np.where(slow, 14, 10):
            time = np.arange(rng.integers(*lengths)) + rng.uniform(0, 20)
            cells.append(np.sin(2 * np.pi * time / period))
        return frame(a=cells), slow

    encoder = SeriesEncoder(max_length=64, hidden=16, n_layers=2)
    model = MultimodalClassifier(
        [("a", encoder, ["a"])], max_epochs=15, heads=["fused"], random_state=0
    )
    model.fit(*draw(200, (50, 64)))
    assert model.score(*draw(60, (50, 64))) > 0.95
    assert model.score(*draw(60, (65, 128))) > 0.95


@pytest.mark.parametrize("backbone", ["cnn", "gru", "transformer"])
def test_tokens_are_few(backbone):
    X = frame(a=[np.arange(300.0), np.arange(40.0)])
    encoder = SeriesEncoder(backbone, **SMALL)
    block = encoder.fit_transform(X)
    tokens, mask = encoder.build_module(8).eval()(block)[1:3]
    assert tokens.shape == (2, 60, 8)
    assert mask.sum(1).tolist() == [60, 8]


def test_columns_are_channels_of_one_series():
    X = frame(x=[[1.0, 2.0], [3.0, 4.0, 5.0]], y=[[5.0, 6.0], None])
    encoder = SeriesEncoder(standardize=None)
    block = encoder.fit_transform(X)
    assert steps(block, 0).tolist() == [[1, 5], [2, 6]]
    assert steps(block, 1)[:, 1].tolist() == [5.5] * 3  # the mean
    assert block.present.tolist() == [True, True]
    X.at[1, "y"] = [1.0, 2.0]
    with pytest.raises(
        ValueError, match=r"'x' and 'y' hold series of 3 and 2 .* row 1"
    ):
        encoder.transform(X)


def test_a_column_of_nothing_beside_another():
    X = frame(x=[[1.0, 2.0], [3.0, 4.0]], y=[None, None])
    encoder = SeriesEncoder()
    assert encoder.fit_transform(X)[0].values.shape == (4, 1)
    X.at[0, "y"] = [1.0, 2.0]
    assert encoder.transform(X)[0].values.shape == (4, 1)


def test_a_table_of_numbers_is_a_series_a_row():
    X = pd.DataFrame(np.arange(12.0).reshape(3, 4))
    X.iloc[1, 2:] = np.nan
    X.iloc[2] = np.nan
    encoder = SeriesEncoder()
    block = encoder.fit_transform(X)
    assert block[0].lengths.tolist() == [4, 2, 0]
    assert block.present.tolist() == [True, True, False]
    with pytest.raises(ValueError, match="numbers, not series"):
        SeriesEncoder().fit_transform(X[[0]])


def test_bad_cells_name_column_row_and_remedy():
    encoder = SeriesEncoder()
    X = frame(pulse=[[1.0, 2.0], [1.0, 3.0], [2.0]])
    encoder.fit_transform(X)
    for cell, message in [
        ("fast", r"'pulse' holds a string that is no list of numbers at row 1"),
        ([[1.0, 2.0]], r"'pulse' holds a series of 2 channels at row 1"),
        ([1.0, np.inf], r"'pulse' holds infinite .* row 1"),
        ({"a": 1}, r"'pulse' .* row 1"),
    ]:
        wrong = X.copy()
        wrong.at[1, "pulse"] = cell
        with pytest.raises(ValueError, match=message):
            encoder.transform(wrong)
    with pytest.raises(ValueError, match="'pulse'.* hold no series in any of 2 rows"):
        SeriesEncoder().fit_transform(frame(pulse=[None, [np.nan]]))


def test_augmentation_in_training_only():
    X = frame(a=make(6))
    encoder = SeriesEncoder(augment=[SeriesJitter(1.0)], dropout=0.0, **SMALL)
    block = encoder.fit_transform(X)
    module = encoder.build_module(8).eval()
    first, second = (module(block).vectors for _ in range(2))
    torch.testing.assert_close(first, second, atol=0, rtol=0)
    module.train()
    assert not torch.allclose(module(block).vectors, module(block).vectors)


def test_large_offsets_keep_their_digits():
    rng = np.random.default_rng(0)
    cells = [1e9 + rng.normal(size=20) for _ in range(5)]
    block = SeriesEncoder().fit_transform(frame(a=cells))
    assert len(np.unique(block[0].values)) > 90


def test_in_the_classifier():
    rng = np.random.default_rng(0)
    y = np.arange(64) % 2
    cells = [
        np.sin((0.5 + label) * np.arange(rng.integers(10, 30)) + rng.uniform(0, 6))
        for label in y
    ]
    X = frame(wave=cells)
    X.loc[5, "wave"] = None
    encoder = SeriesEncoder(**SMALL, augment="auto")
    model = MultimodalClassifier(
        [("wave", encoder, "wave")],
        fusion="transformer",
        validation=None,
        max_epochs=15,
        batch_size=16,
        random_state=0,
    )
    assert model.fit(X, y).score(X, y) > 0.9


def test_normalised_over_what_is_there():
    torch.manual_seed(0)
    norm, theirs = MaskedBatchNorm(3), torch.nn.BatchNorm1d(3)
    mask = torch.arange(9) < torch.tensor([9, 4, 1])[:, None]
    x = torch.randn(3, 3, 9) * 2 + 1
    x[~mask[:, None].expand_as(x)] = 100  # what a convolution makes of padding
    for training in (True, False):
        norm.train(training), theirs.train(training)
        expected = theirs(x.transpose(1, 2)[mask].T[None])[0].T
        given = norm(x, mask)
        torch.testing.assert_close(given.transpose(1, 2)[mask], expected)
        assert not given[~mask[:, None].expand_as(given)].any()
        norm.variance = theirs.running_var.clone()  # theirs is unbiased
