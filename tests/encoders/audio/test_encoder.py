"""Recordings of any kind and length; spectrograms, pretrained networks."""

import importlib.util
import io

import numpy as np
import pandas as pd
import pytest
import torch

from skmm import MultimodalClassifier
from skmm._training.heads._fused import as_encoded
from skmm.augmentation import SpectrogramMask, WaveGain
from skmm.encoders import AudioEncoder
from skmm.encoders.audio._mel import LogMel, mel_filters
from skmm.encoders.audio._recordings import to_waves
from skmm.io import CellError

SMALL = {"rate": 8000, "n_mels": 16, "hidden": 16}


def tone(hertz=440, seconds=0.3, rate=8000):
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)


def frame(**columns):
    return pd.DataFrame(
        {name: pd.Series(cells, dtype=object) for name, cells in columns.items()}
    )


@pytest.fixture
def X():
    cells = [(tone(200 * i, 0.2 + i / 20), 8000) for i in range(1, 7)]
    return frame(call=cells)


@pytest.fixture
def network():
    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv1d(1, 6, 32, stride=16)

        def forward(self, waves):
            return self.conv(waves[:, None]).abs().transpose(1, 2)

    torch.manual_seed(0)
    return Network()


@torch.no_grad()
def vectors(encoder, block):
    torch.manual_seed(0)
    return as_encoded(encoder.build_module(8).eval()(block)).vectors


def test_all_kinds_of_cells_are_the_same_sound(X):
    soundfile = pytest.importorskip("soundfile")
    wave = np.round(tone() * 32767).astype(np.int16)
    file = io.BytesIO()
    soundfile.write(file, wave, 8000, format="WAV")
    cells = [
        file.getvalue(),
        (wave, 8000),
        (wave / 32768, 8000),
        (np.stack([wave, wave], axis=1), 8000),
    ]
    encoder = AudioEncoder(**SMALL)
    encoder.fit_transform(X)
    block = encoder.transform(frame(call=cells))
    waves, _ = to_waves(block[0])
    assert block[1].tolist() == [2400] * 4
    assert waves.shape[1] == 1
    np.testing.assert_allclose(waves - waves[:1], 0, atol=2e-4)
    np.testing.assert_allclose(waves[0, 0, :2400], tone(), atol=2e-4)
    result = vectors(encoder, block)
    torch.testing.assert_close(result, result[:1].expand(4, -1), atol=0.05, rtol=0)


def test_rates_are_brought_to_one(X):
    encoder = AudioEncoder(**SMALL)
    encoder.fit_transform(X)
    block = encoder.transform(frame(call=[(tone(rate=16000), 16000), (tone(), 8000)]))
    assert block[1].tolist() == [2400, 2400]
    with pytest.raises(CellError, match=r"'call', row 0: .*array_rate"):
        encoder.transform(frame(call=[tone()]))
    encoder = AudioEncoder(array_rate=8000, **SMALL)
    assert encoder.fit_transform(frame(call=[tone()]))[1].tolist() == [2400]


@pytest.mark.parametrize("backbone", ["cnn", "crnn"])
def test_silence_and_a_single_sample(X, backbone):
    encoder = AudioEncoder(backbone, augment=["noise", "auto"], **SMALL)
    encoder.fit_transform(X)
    cells = [(np.zeros(3000), 8000), (np.array([0.5]), 8000), (tone(), 8000)]
    block = encoder.transform(frame(call=cells))
    together = vectors(encoder, block)
    assert torch.isfinite(together).all()
    for row in range(3):
        alone = vectors(encoder, block.take(torch.tensor([row])))
        torch.testing.assert_close(alone[0], together[row], atol=1e-4, rtol=1e-4)
    module = encoder.build_module(8).train()
    for rows in ([1], [0], [2, 1, 0]):
        result = module(block.take(torch.tensor(rows))).vectors
        assert torch.isfinite(result).all()
        result.sum().backward()


@pytest.mark.parametrize("backbone", ["cnn", "crnn"])
def test_fitted_on_silence_alone(backbone):
    encoder = AudioEncoder(backbone, **SMALL)
    block = encoder.fit_transform(frame(call=[(np.zeros(n), 8000) for n in (1, 900)]))
    assert torch.isfinite(vectors(encoder, block)).all()


def test_bands_are_standardised_by_the_training_rows(X):
    encoder = AudioEncoder(**SMALL)
    block = encoder.fit_transform(X)
    assert encoder.mean_.shape == (1, 16)
    levels, mask = encoder.build_module(8).eval().read(*block.parts)
    seen = levels.permute(0, 3, 1, 2)[mask]
    np.testing.assert_allclose(seen.mean(0), 0, atol=1e-3)
    np.testing.assert_allclose(seen.std(0, correction=0), 1, atol=1e-2)


def test_a_tone_is_in_its_band():
    spectrogram = LogMel(8000, 256, 128, 24)
    filters = mel_filters(8000, 256, 24)
    for hertz in (200, 1000, 3000):
        wave = torch.from_numpy(tone(hertz)).float()[None, None]
        loudest = spectrogram(wave)[0, 0, :, 5].argmax()
        assert loudest == filters[:, round(hertz * 256 / 8000)].argmax()
    librosa = pytest.importorskip("librosa")
    theirs = librosa.filters.mel(sr=8000, n_fft=256, n_mels=24, norm=None)
    np.testing.assert_allclose(filters, theirs, atol=1e-5)


def test_columns_are_channels_and_a_missing_one_is_silence(X):
    pair = X.assign(answer=X["call"].iloc[::-1].to_numpy())
    pair.loc[0, "answer"] = None
    pair.loc[1, ["call", "answer"]] = None
    encoder = AudioEncoder(**SMALL)
    block = encoder.fit_transform(pair)
    assert block.present.tolist() == [True, False, *[True] * 4]
    waves, _ = to_waves(block[0])
    assert waves.shape[:2] == (6, 2) and not waves[0, 1].any()
    assert encoder.mean_.shape == (2, 16)
    assert torch.isfinite(vectors(encoder, block)).all()


def test_long_recordings_are_cut():
    encoder = AudioEncoder(max_seconds=0.1, **SMALL)
    assert encoder.fit_transform(frame(call=[(tone(), 8000)]))[1].tolist() == [800]


@pytest.mark.parametrize("backbone", ["cnn", "pretrained"])
def test_unreadable_cells(X, backbone, network):
    options = {"model": network, **SMALL}
    encoder = AudioEncoder(backbone, **options)
    encoder.fit_transform(X)
    X.at[2, "call"] = b"no sound at all"
    with pytest.raises(CellError, match="'call', row 2"):
        encoder.transform(X)
    encoder = AudioEncoder(backbone, errors="missing", **options)
    with pytest.warns(UserWarning, match="1 of 6 rows cannot be read"):
        block = encoder.fit_transform(X)
    assert block.present.tolist() == [True, True, False, True, True, True]


@pytest.mark.parametrize("tune", ["frozen", "full"])
def test_a_module_of_the_users(X, network, tune):
    weight = network.conv.weight.detach().clone()
    encoder = AudioEncoder("pretrained", network, tune, **SMALL)
    X.loc[3, "call"] = None
    y = np.arange(6) % 2
    model = MultimodalClassifier(
        [("call", encoder, "call")], max_epochs=3, validation=None, random_state=0
    )
    assert model.fit(X, y).predict_proba(X).shape == (6, 2)
    assert torch.equal(network.conv.weight, weight)


def test_tuned_weights_learn(X, network):
    encoder = AudioEncoder("pretrained", network, "full", augment="gain", **SMALL)
    block = encoder.fit_transform(X)
    module = encoder.build_module(8).train()
    module(block).vectors.square().sum().backward()
    assert module.network.conv.weight.grad.abs().sum() > 0
    assert network.conv.weight.grad is None


@pytest.mark.skipif(
    importlib.util.find_spec("resemblyzer") is None, reason="needs its weights"
)
@pytest.mark.parametrize("tune", ["frozen", "head", "full"])
def test_resemblyzer(tune):
    X = frame(call=[(tone(300, 0.4), 8000), (tone(700, 2.5), 8000), None])
    encoder = AudioEncoder("pretrained", tune=tune)
    block = encoder.fit_transform(X)
    assert block.present.tolist() == [True, True, False]
    together = vectors(encoder, block)
    assert torch.isfinite(together).all()
    alone = vectors(encoder, block.take(torch.tensor([1])))
    torch.testing.assert_close(alone[0], together[1], atol=1e-4, rtol=1e-4)
    if tune != "frozen":
        learned = encoder.build_module(8).network.lstm.parameters()
        assert {p.requires_grad for p in learned} == {tune == "full"}


def test_frozen_vectors_are_remembered(X, network, tmp_path):
    options = {"model": network, "memory": tmp_path, **SMALL}
    AudioEncoder("pretrained", **options).fit_transform(X)
    encoder = AudioEncoder("pretrained", **options)
    encoder.fit_transform(X)
    assert encoder.embedder_.n_embedded_ == 0


def test_what_cannot_be_says_what_can(X, network):
    for options, message in [
        ({"tune": "head", "model": network}, "there are 'frozen', 'full'"),
        ({"tune": "full", "model": "some/wav2vec"}, "there are 'frozen'.*as a module"),
        ({"augment": "mask", "model": network}, "pretrained one can hear"),
        ({"augment": "gain", "tune": "full"}, "pretrained one can hear"),
        ({"pooling": "attention"}, "'mean', 'max', 'first'"),
    ]:
        with pytest.raises(ValueError, match=message):
            AudioEncoder("pretrained", **options).fit_transform(X)
    for options, message in [
        ({"backbone": "rnn"}, "backbone"),
        ({"pooling": "first"}, "'mean_max', 'attention'"),
        ({"augment": "jitter"}, "'auto', 'shift', .*Got 'jitter'"),
        ({"n_mels": 128, "n_fft": 64}, "hold no frequency"),
    ]:
        with pytest.raises(ValueError, match=message):
            AudioEncoder(**options).fit_transform(X)
    with pytest.raises(ValueError, match="'call'.* hold no recording in any of 1 rows"):
        AudioEncoder().fit_transform(frame(call=[None]))
    with pytest.raises(ValueError, match="one column of recordings"):
        AudioEncoder("pretrained", network, "full").fit_transform(X.assign(other=None))


def test_augmentation_in_training_only(X):
    for augment in (
        WaveGain(),
        SpectrogramMask(),
        lambda levels, mask: (2 * levels, mask),
    ):
        encoder = AudioEncoder(augment=augment, dropout=0.0, **SMALL)
        block = encoder.fit_transform(X)
        module = encoder.build_module(8).eval()
        first = module(block).vectors
        torch.testing.assert_close(module(block).vectors, first, atol=0, rtol=0)
        plain = AudioEncoder(dropout=0.0, **SMALL)
        plain.fit_transform(X)
        other = plain.build_module(8).train()
        other.load_state_dict(module.state_dict())
        assert not torch.allclose(module.train()(block).vectors, other(block).vectors)


def test_samples_take_two_bytes(X):
    block = AudioEncoder(**SMALL).fit_transform(X)
    n_samples = int(block[1].sum())
    assert block[0].nbytes < 2 * (n_samples + 6 * 128) + 100
