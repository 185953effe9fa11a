"""Speech networks: packaged, from transformers, or a module of the user's."""

import dataclasses
import functools
import itertools
import os
import pathlib

import numpy as np

from skmm._pretrained.hashes import hash_module
from skmm._pretrained.inference import inference, on_device, run_batches
from skmm._pretrained.pooling import pool
from skmm._pretrained.sources import (
    check_all_trained,
    check_no_revision,
    find_loader,
    load_from_hub,
    load_once,
    packaged_path,
    quiet,
)
from skmm._utils.optional import optional_import

#: Seconds to which recordings are filled up with silence, for networks over samples:
#: less than a frame of theirs would be an error.
_SHORTEST = 0.1


def load_speech_network(model, device, revision=None):
    """Load a speech network; those with names once a process.

    Parameters
    ----------
    model : str, path or torch.nn.Module
        A name in `PACKAGED`, a folder or a name on the hub.
    device : torch.device
    revision : str, default=None
        Commit, branch or tag on the hub.

    Returns
    -------
    network : VoiceNetwork or WaveNetwork
        Not to be changed.
    """
    if not isinstance(model, (str, os.PathLike)):
        check_no_revision(revision, "a module")
        return WaveNetwork(on_device(model, device), device, hash_module(model))
    name = os.fspath(model)
    loaders = _load_voices, _load_transformers
    state, load = find_loader(name, "audio", revision, *loaders)
    key = ("audio", name, revision, state, str(device))
    return load_once(key, lambda: load(name, device, revision or state))


# --------------------------------------------------------------- networks over samples


@dataclasses.dataclass
class WaveNetwork:
    """A network over samples, in batches of recordings of one length.

    Padding would be heard: much of what is pretrained has no mask for it.

    Parameters
    ----------
    module : torch.nn.Module
    device : torch.device
    revision : str
    rate : int
        Samples per second.
    extractor : transformers feature extractor, default=None
        What makes the module's input.
    """

    module: object
    device: object
    revision: str
    rate: int = 16000
    extractor: object = None
    dimension: int | None = None

    def prepare(self):
        """Return a picklable function from samples to what `embed` takes."""
        return functools.partial(_fill_up, n_samples=int(_SHORTEST * self.rate))

    def embed(self, recordings, *, precision, pooling, batch_size, advance):
        """Return the vectors of recordings, ndarray of float32 of shape (n, d)."""
        if batch_size == "auto":
            batch_size = 8 if self.device.type == "cpu" else 32
        order = sorted(range(len(recordings)), key=lambda i: len(recordings[i]))
        batches = [
            places[start : start + batch_size]
            for _, group in itertools.groupby(order, lambda i: len(recordings[i]))
            for places in [list(group)]
            for start in range(0, len(places), batch_size)
        ]
        vectors = [None] * len(recordings)

        def run(places):
            output = self._run_module([recordings[i] for i in places])
            return pool(output, pooling, own_pooling=False).float().cpu().numpy()

        with inference(self.module, self.device, precision):
            for places, result in run_batches(run, batches):
                for place, vector in zip(places, result):
                    vectors[place] = vector
                advance(len(places))
        return np.stack(vectors)

    def measure(self):
        """Return the dimension, found by embedding a second of silence."""
        options = dict(precision="float32", pooling="mean", batch_size=1)
        silence = np.zeros(self.rate, np.float32)
        return self.embed([silence], **options, advance=lambda n: None).shape[1]

    def _run_module(self, recordings):
        import torch

        if self.extractor is None:
            return self.module(torch.from_numpy(np.stack(recordings)).to(self.device))
        inputs = self.extractor(
            recordings, sampling_rate=self.rate, return_tensors="pt"
        )
        return self.module(**inputs.to(self.device))


def _fill_up(samples, n_samples):
    return np.pad(samples, (0, max(0, n_samples - len(samples))))


def _load_transformers(name, device, revision):
    library = optional_import("transformers", "text")
    is_folder = pathlib.Path(name).is_dir()
    options = {} if is_folder else {"revision": revision or "main"}
    with quiet():
        module, report = load_from_hub(library.AutoModel, name, options)
        extractor = library.AutoFeatureExtractor.from_pretrained(name, **options)
    check_all_trained(name, report)
    commit = revision  # of a folder, the hash of its files
    if not is_folder:
        commit = getattr(module.config, "_commit_hash", None) or hash_module(module)
    if module.config.is_encoder_decoder:
        module = module.get_encoder()
    module = module.eval().to(device)
    network = WaveNetwork(module, device, commit, extractor.sampling_rate, extractor)
    return dataclasses.replace(network, dimension=network.measure())


# ------------------------------------------------------------------------- resemblyzer

_RATE, _WINDOW, _HOP, _N_MELS = 16000, 400, 160, 40
#: Frames of a partial utterance, and between two of them: 1.6 s, 1.3 a second.
_PARTIAL, _STEP = 160, 77
#: Of the last partial utterance at least so much is recording.
_COVERAGE = 0.75
#: Decibels below full scale that quieter recordings are raised to.
_VOLUME = -30


@dataclasses.dataclass
class VoiceNetwork:
    """The LSTM over partial utterances of Resemblyzer, batched across recordings."""

    module: object
    device: object
    revision: str
    rate: int = _RATE
    dimension: int = 256

    def prepare(self):
        """Return a picklable function from samples to what `embed` takes."""
        return partial_utterances

    def embed(self, recordings, *, precision, pooling, batch_size, advance):
        """Return the vectors of recordings, ndarray of float32 of shape (n, 256).

        `pooling` is the network's own: the last state, averaged over partials.
        """
        import torch

        if batch_size == "auto":
            batch_size = 64 if self.device.type == "cpu" else 512
        partials = np.concatenate(recordings)
        starts = range(0, len(partials), batch_size)
        batches = (partials[start : start + batch_size] for start in starts)

        def run(batch):
            return self.module(torch.from_numpy(batch).to(self.device))

        with inference(self.module, self.device, precision):
            done = run_batches(run, batches)
            vectors = np.concatenate([v.float().cpu().numpy() for _, v in done])
        ends = np.cumsum([len(recording) for recording in recordings])[:-1]
        means = [of.mean(axis=0) for of in np.split(vectors, ends)]
        advance(len(recordings))
        return np.stack([_normalize(mean) for mean in means])


def _load_voices(name, device, revision):
    import torch

    module = _make_voice_encoder()
    checkpoint = torch.load(packaged_path(name), map_location="cpu", weights_only=True)
    weights = checkpoint["model_state"]
    # Without the scales of the loss that it was trained with.
    module.load_state_dict({name: weights[name] for name in module.state_dict()})
    return VoiceNetwork(module.eval().to(device), device, revision)


def _make_voice_encoder():
    import torch

    class VoiceEncoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = torch.nn.LSTM(_N_MELS, 256, num_layers=3, batch_first=True)
            self.linear = torch.nn.Linear(256, 256)

        def forward(self, mels):
            _, (hidden, _) = self.lstm(mels)
            vectors = torch.relu(self.linear(hidden[-1]))
            return torch.nn.functional.normalize(vectors.float(), dim=1)

    return VoiceEncoder()


def partial_utterances(samples):
    """Return the mel spectrograms of overlapping parts of a recording.

    Parameters
    ----------
    samples : ndarray of float32 of shape (n_samples,)

    Returns
    -------
    partials : ndarray of float32 of shape (n_partials, 160, 40)
    """
    samples = _raise_volume(samples)
    n_frames = -(-(len(samples) + 1) // _HOP)
    starts = np.arange(0, max(1, n_frames - _PARTIAL + _STEP + 1), _STEP)
    if len(starts) > 1:
        covered = len(samples) - starts[-1] * _HOP
        if covered < _COVERAGE * _PARTIAL * _HOP:
            starts = starts[:-1]
    end = (starts[-1] + _PARTIAL) * _HOP
    mel = mel_spectrogram(np.pad(samples, (0, max(0, end - len(samples)))))
    return np.stack([mel[start : start + _PARTIAL] for start in starts])


def _raise_volume(samples):
    rms = np.sqrt(np.mean(np.square(samples, dtype=np.float64)))
    target = 10 ** (_VOLUME / 20)
    if rms == 0 or rms >= target:
        return samples
    return (samples * (target / rms)).astype(np.float32)


def mel_spectrogram(samples):
    """Return the power of 40 mel bands in frames of 25 ms every 10 ms, at 16 kHz.

    Parameters
    ----------
    samples : ndarray of float32 of shape (n_samples,)

    Returns
    -------
    mel : ndarray of float32 of shape (1 + n_samples // 160, 40)
        As librosa's `melspectrogram` gives it.
    """
    padded = np.pad(samples, _WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)
    spectrum = np.fft.rfft(frames * hann.astype(np.float32), axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    return (power @ _mel_filters()).astype(np.float32)


@functools.cache
def _mel_filters():
    """Triangles of equal area (Slaney), evenly spaced in mel: (frequencies, bands)."""
    edges = _to_hertz(np.linspace(0, _to_mel(_RATE / 2), _N_MELS + 2))[:, None]
    frequencies = np.fft.rfftfreq(_WINDOW, 1 / _RATE)
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (frequencies - low) / (middle - low)
    falling = (high - frequencies) / (high - middle)
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (2 / (high - low) * triangles).T.astype(np.float32)


#: Slaney's mel: linear up to 1000 Hz, and logarithmic above.
_LINEAR, _LOGARITHMIC = 3 / 200, 27 / np.log(6.4)


def _to_mel(hertz):
    return 1000 * _LINEAR + _LOGARITHMIC * np.log(hertz / 1000)  # above 1000 Hz


def _to_hertz(mel):
    above = 1000 * np.exp(np.maximum(mel - 1000 * _LINEAR, 0) / _LOGARITHMIC)
    return np.where(mel < 1000 * _LINEAR, mel / _LINEAR, above)


def _normalize(vector):
    norm = np.linalg.norm(vector)
    return vector / norm if norm > 0 else vector
