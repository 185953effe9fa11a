"""AudioEmbedder: what it gives for recordings, and how often it runs the network."""

import importlib.util
import io
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmm._pretrained.speech import mel_spectrogram
from skmm.feature_extraction._audio_embedder import AudioEmbedder
from skmm.io import CellError

soundfile = pytest.importorskip("soundfile")

VOICES = Path(__file__).parents[3] / "shared" / "data" / "voice_prompts.parquet"
needs_weights = pytest.mark.skipif(
    importlib.util.find_spec("resemblyzer") is None,
    reason="the package with Resemblyzer's weights is not installed",
)


@pytest.fixture(scope="module")
def voices():
    if not VOICES.exists():
        pytest.skip(f"{VOICES.name} is not beside the checkout")
    pytest.importorskip("pyarrow")
    voices = pd.read_parquet(VOICES)
    prompts = pd.Series(voices.prompt.unique()).sample(20, random_state=0)
    return voices[voices.prompt.isin(prompts)].reset_index(drop=True)


class Spectrum(torch.nn.Module):
    """A stand-in over samples, which counts the recordings that it hears."""

    def __init__(self, most=1000):
        super().__init__()
        torch.manual_seed(0)
        self.convolution = torch.nn.Conv1d(1, 5, kernel_size=64, stride=16)
        self.batches = []
        self.most = most

    def forward(self, samples):
        self.batches.append(tuple(samples.shape))
        if len(samples) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return self.convolution(samples[:, None]).abs().transpose(1, 2)


def make_sounds(lengths, seed=0):
    rng = np.random.default_rng(seed)
    return [
        (np.sin(np.arange(n) * rng.uniform(0.01, 1)).astype(np.float32) / 2, 8000)
        for n in lengths
    ]


def as_wav(sound):
    file = io.BytesIO()
    soundfile.write(file, *sound, format="wav", subtype="FLOAT")
    return file.getvalue()


def make(model=None, **options):
    options = {"rate": 8000, **options}
    return AudioEmbedder(Spectrum() if model is None else model, **options)


# ------------------------------------------------------------------------ resemblyzer


@needs_weights
def test_a_linear_model_tells_the_voices_of_five_languages_apart(voices):
    features = AudioEmbedder().fit_transform(voices[["audio"]])
    assert features.shape == (100, 256) and features.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, rtol=1e-5)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    scores = cross_val_score(
        model, features, voices.language, cv=GroupKFold(4), groups=voices.prompt
    )
    assert scores.mean() >= 0.9


@needs_weights
def test_one_voice_at_a_time_gives_what_the_batch_gives(voices):
    X = voices[["audio"]].iloc[:4]
    embedder = AudioEmbedder(batch_size=3).fit(X)
    rows = np.vstack([embedder.transform(X.iloc[[i]]) for i in range(4)])
    np.testing.assert_allclose(rows, embedder.transform(X), atol=1e-5)


@needs_weights
def test_long_recordings_are_averaged_over_overlapping_parts():
    rng = np.random.default_rng(0)
    # Parts start every 0.77 s, and the last of 1.6 s is three quarters full.
    long = rng.normal(0, 0.1, int(16000 * (0.77 + 1.3))).astype(np.float32)
    first, last = long[:25600], np.pad(long[12320:], 200)[200:-200]
    vectors = AudioEmbedder().fit_transform([(x, 16000) for x in (long, first, last)])
    mean = vectors[1] + vectors[2]
    # But for the edges of the windows, where the parts hear silence.
    assert vectors[0] @ mean / np.linalg.norm(mean) > 0.995


@needs_weights
def test_the_volume_of_quiet_recordings_does_not_matter():
    loud = np.random.default_rng(0).normal(0, 0.02, 20000).astype(np.float32)
    vectors = AudioEmbedder().fit_transform([(loud, 16000), (loud / 100, 16000)])
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-4)
    silence = AudioEmbedder().fit_transform([(np.zeros(100, np.float32), 16000)])
    assert np.isfinite(silence).all()


@needs_weights
def test_a_pickle_holds_the_name_and_no_weights():
    embedder = AudioEmbedder().fit(make_sounds([8000]))
    data = pickle.dumps(embedder)
    assert len(data) < 5000
    copy = pickle.loads(data)
    np.testing.assert_array_equal(
        copy.transform(make_sounds([8000])), embedder.transform(make_sounds([8000]))
    )


def test_the_spectrogram_is_that_of_librosa():
    librosa = pytest.importorskip("librosa")
    for n_samples in (16000, 16001, 500):
        samples = np.random.default_rng(0).normal(0, 0.1, n_samples).astype(np.float32)
        expected = librosa.feature.melspectrogram(
            y=samples, sr=16000, n_fft=400, hop_length=160, n_mels=40
        )
        np.testing.assert_allclose(
            mel_spectrogram(samples), expected.T, rtol=1e-4, atol=1e-6
        )


# ---------------------------------------------------------------- a module of one's own


def test_recordings_of_one_length_go_together_and_none_is_padded():
    module = Spectrum()
    sounds = make_sounds([2000, 1600, 2000, 1600, 2400, 2000])
    features = make(module, batch_size=2).fit_transform(sounds)
    assert module.batches[-4:] == [(2, 1600), (2, 2000), (1, 2000), (1, 2400)]
    with torch.inference_mode():
        for (samples, _), vector in zip(sounds, features):
            expected = module(torch.from_numpy(samples[None])).mean(dim=1)[0]
            np.testing.assert_allclose(vector, expected, atol=1e-6)


def test_recordings_are_resampled_to_the_rate_of_the_module():
    module = Spectrum()
    make(module, rate=4000).fit_transform(make_sounds([4000]))
    assert module.batches[-1] == (1, 2000)


def test_very_short_recordings_are_filled_up_with_silence():
    module = Spectrum()
    features = make(module).fit_transform(make_sounds([3]))
    assert module.batches[-1] == (1, 800)
    assert np.isfinite(features).all()


def test_bare_arrays_need_a_rate():
    arrays = [samples for samples, _ in make_sounds([2000, 1600])]
    expected = make().fit_transform(make_sounds([2000, 1600]))
    actual = make(array_rate=8000).fit_transform(arrays)
    np.testing.assert_allclose(actual, expected, atol=1e-6)
    with pytest.raises(CellError, match=r"pair \(samples, rate\)"):
        make().fit_transform(arrays)


def test_batches_are_halved_when_memory_runs_out():
    module = Spectrum(most=2)
    sounds = make_sounds([1600] * 4)
    features = make(module).fit_transform(sounds)
    assert module.batches[-3:] == [(4, 1600), (2, 1600), (2, 1600)]
    np.testing.assert_allclose(features, make().fit_transform(sounds), atol=1e-6)


# ------------------------------------------------------------------- cells and columns


def test_one_column_in_any_container():
    sounds = make_sounds([2000, 1600, 900])
    cells = np.empty(3, dtype=object)
    cells[:] = [as_wav(sound) for sound in sounds]
    expected = make().fit_transform(sounds)
    for X in [cells, list(cells), pd.Series(cells), pd.DataFrame({"call": cells})]:
        np.testing.assert_allclose(make().fit_transform(X), expected, atol=1e-6)


def test_missing_cells_are_nan():
    embedder = make()
    features = embedder.fit_transform([None, *make_sounds([2000, 1600]), None])
    assert np.isnan(features).all(axis=1).tolist() == [True, False, False, True]
    assert embedder.n_embedded_ == 2


def test_paths_and_bytes_of_one_content_are_embedded_once(tmp_path):
    data = as_wav(make_sounds([2000])[0])
    (tmp_path / "a.wav").write_bytes(data)
    X = pd.Series([tmp_path / "a.wav", data, str(tmp_path / "a.wav")], dtype=object)
    embedder = make(memory=tmp_path / "cache")
    features = embedder.fit_transform(X)
    assert embedder.n_embedded_ == 1
    np.testing.assert_array_equal(features, features[[0, 0, 0]])
    embedder.transform([data])
    assert embedder.n_embedded_ == 0
    for change in ({"rate": 4000}, {"pooling": "max"}):
        other = clone(embedder).set_params(**change)
        other.fit_transform([data])
        assert other.n_embedded_ == 1


def test_folds_embed_each_recording_once(tmp_path):
    module = Spectrum()
    sounds = make_sounds(np.arange(1000, 1020))
    X = pd.DataFrame({"call": pd.Series([as_wav(sound) for sound in sounds])})
    model = make_pipeline(make(module, memory=tmp_path), LogisticRegression())
    cross_val_score(model, X, np.arange(20) % 2, cv=5)
    # But for a second of silence, of which the dimension is learnt.
    heard = [shape for _, shape in module.batches if shape != 8000]
    assert len(heard) == len(set(heard)) == 20


def test_unreadable_recordings(tmp_path):
    good = as_wav(make_sounds([2000])[0])
    column = [good, good[:30], str(tmp_path / "absent.wav"), b"no recording"]
    X = pd.DataFrame({"call": column}, index=list("abcd"))
    for row in "bcd":
        with pytest.raises(CellError, match=f"'call', row '{row}'.*errors='missing'"):
            make().fit_transform(X.loc[["a", row]])
    with pytest.warns(UserWarning, match="'call': 3 of 4 rows.*row 'b'") as caught:
        features = make(errors="missing").fit_transform(X)
    assert len(caught) == 1
    assert np.isnan(features).all(axis=1).tolist() == [False, True, True, True]


# ----------------------------------------------------------------------- transformers


@pytest.fixture(scope="module")
def wav2vec(tmp_path_factory):
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.Wav2Vec2Config(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        conv_dim=(8, 8),
        conv_stride=(20, 8),
        conv_kernel=(20, 8),
        num_conv_pos_embeddings=4,
        num_conv_pos_embedding_groups=2,
    )
    model = transformers.Wav2Vec2Model(config).eval()
    folder = tmp_path_factory.mktemp("wav2vec")
    model.save_pretrained(folder)
    extractor = transformers.Wav2Vec2FeatureExtractor(sampling_rate=8000)
    extractor.save_pretrained(folder)
    return model, folder


def test_a_folder_of_transformers(wav2vec, capsys):
    model, folder = wav2vec
    capsys.readouterr()
    sounds = make_sounds([2000, 1600])
    embedder = AudioEmbedder(folder)
    features = embedder.fit_transform(sounds)
    assert capsys.readouterr() == ("", "")
    for (samples, _), vector in zip(sounds, features):
        scaled = (samples - samples.mean()) / samples.std()
        with torch.inference_mode():
            output = model(torch.from_numpy(scaled[None])).last_hidden_state
        np.testing.assert_allclose(vector, output.mean(dim=1)[0], atol=1e-4)
    assert len(pickle.dumps(embedder)) < 5000


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"model": Spectrum}, TypeError, "an instance, not a class"),
        ({"model": "minilm"}, ValueError, "does not hear recordings"),
        ({"model": "resemblyzer", "rate": 8000}, ValueError, "Leave rate out"),
        ({"model": "resemblyzer", "pooling": "max"}, ValueError, "Leave pooling out"),
        ({"model": Spectrum(), "revision": "v2"}, ValueError, "Leave revision out"),
    ],
)
def test_options_that_do_not_work(options, error, message):
    with pytest.raises(error, match=message):
        AudioEmbedder(**options).fit(make_sounds([2000]))
