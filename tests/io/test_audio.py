"""AudioReader: what recordings come in, and what samples go out."""

import pickle
import sys

import numpy as np
import pytest

from skmm.io import AudioReader, CellError, read_cells

pytest.importorskip("soundfile")


def read(cell, **options):
    return AudioReader(**options)(cell)


def same_tone(samples, expected, tolerance):
    """Tell whether two recordings agree, but for a short delay of lossy formats."""
    n = min(len(samples), len(expected))
    assert abs(len(samples) - len(expected)) < 3000
    spectra = [np.abs(np.fft.rfft(x[:n])) / n for x in (samples, expected)]
    return np.abs(spectra[0] - spectra[1]).max() < tolerance


# --------------------------------------------------------------------------- formats


@pytest.mark.parametrize(
    "format, subtype, tolerance",
    [
        ("WAV", "PCM_16", 1e-4),
        ("WAV", "PCM_24", 1e-6),
        ("WAV", "PCM_32", 1e-6),
        ("WAV", "FLOAT", 0),
        ("WAV", "DOUBLE", 0),
        ("WAV", "PCM_U8", 1e-2),
        ("FLAC", "PCM_16", 1e-4),
        ("AIFF", "PCM_16", 1e-4),
        ("AU", "PCM_16", 1e-4),
        ("CAF", "PCM_16", 1e-4),
        ("W64", "PCM_16", 1e-4),
        ("OGG", "VORBIS", 0.03),
        ("MP3", None, 0.03),
    ],
)
def test_a_format(tone, encode_sound, format, subtype, tolerance, tmp_path):
    content = encode_sound(tone, format, subtype)
    samples = read(content, mono=False)
    assert samples.shape == (16000, 2)
    assert samples.dtype == np.float32
    assert np.abs(samples - tone).max() <= tolerance
    np.testing.assert_allclose(read(content), samples.mean(axis=1), atol=1e-6)
    # The content says what it is, not the name.
    path = tmp_path / "voice.txt"
    path.write_bytes(content)
    for cell in (path, str(path), bytearray(content), memoryview(content)):
        np.testing.assert_array_equal(read(cell, mono=False), samples)


def test_opus(tone, encode_sound):
    assert same_tone(read(encode_sound(tone, "OGG", "OPUS")), tone.mean(axis=1), 0.03)


@pytest.mark.parametrize(
    "format, codec, rate",
    [("mp4", "aac", 16000), ("adts", "aac", 16000), ("matroska", "aac", 16000),
     ("webm", "libopus", 48000), ("wav", "adpcm_ms", 16000)],
)  # fmt: skip
def test_what_libsndfile_cannot_read(tone, encode_aac, format, codec, rate):
    time = np.arange(rate) / rate
    tone = (0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    try:
        content = encode_aac(np.stack([tone, tone], axis=1), format, codec, rate)
    except ValueError:
        pytest.skip(f"this PyAV cannot write {codec}")
    assert same_tone(read(content, rate=rate), tone, 0.03)
    assert read(content, rate=rate, mono=False).shape[1] == 2


def test_sound_of_a_clip(real_clips):
    with_sound = next(path for path in real_clips if "bunny" in path.name)
    samples = read(with_sound)
    assert 4 < len(samples) / 16000 < 6
    assert samples.std() > 0.001
    silent = next(path for path in real_clips if "carphone" in path.name)
    with pytest.raises(CellError, match="it holds no sound"):
        read(silent)


def test_without_pyav(tone, encode_aac, monkeypatch):
    content = encode_aac(tone)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(CellError, match=r"soundfile .* and av .*skmm\[video\]"):
        read(content)


def test_without_soundfile(tone, monkeypatch):
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(ImportError, match=r"skmm\[audio\]"):
        read(b"RIFF")
    assert len(read((tone, 16000))) == 16000


# ----------------------------------------------------------------------------- arrays


def test_pairs(tone):
    np.testing.assert_array_equal(read((tone, 16000), mono=False), tone)
    np.testing.assert_array_equal(read([tone, 16000.0], mono=False), tone)
    left = tone[:, 0]
    np.testing.assert_array_equal(read((left, np.int64(16000))), left)
    np.testing.assert_array_equal(read((left, 16000), mono=False), left[:, None])
    np.testing.assert_array_equal(read(left, array_rate=16000), left)
    with pytest.raises(CellError, match="Give a pair .samples, rate., or array_rate"):
        read(left)


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32])
def test_integers_fill_their_range(dtype):
    limits = np.iinfo(dtype)
    samples = np.array([limits.min, 0, limits.max], dtype=dtype)
    np.testing.assert_allclose(read((samples, 16000)), [-1, 0, 1], atol=1e-2)
    unsigned = np.array([0, 128, 255], dtype=np.uint8)
    np.testing.assert_allclose(read((unsigned, 16000)), [-1, 0, 1], atol=1e-2)


def test_tensors(tone):
    torch = pytest.importorskip("torch")
    channels_first = torch.from_numpy(tone.T.copy())
    np.testing.assert_array_equal(read((channels_first, 16000), mono=False), tone)
    np.testing.assert_array_equal(
        read(channels_first[0].requires_grad_(), array_rate=16000), tone[:, 0]
    )


@pytest.mark.parametrize(
    "cell",
    [5, {"array": [1]}, None, object(), np.zeros((1, 2, 3, 4, 5)), [1, 2], np.array(1),
     (16000, np.zeros(5)), (np.zeros((2, 2, 2)), 16000), (np.zeros(5), "fast")],
)  # fmt: skip
def test_a_cell_of_another_kind(cell):
    with pytest.raises(CellError, match="Accepted are a path, bytes, or a pair"):
        read(cell, array_rate=16000)


@pytest.mark.parametrize(
    "samples, rate, reason",
    [
        (np.array([0.0, 20_000.0]), 16000, "samples reach 20,000.0, but go from -1"),
        (np.array([0.0, np.nan]), 16000, "samples reach nan"),
        (np.array([0.0, 1e300]), 16000, "samples reach inf"),
        (np.array([0, 5]), 16000, "int64. Give floats from -1 to 1, or uint8, int8"),
        (np.zeros(0), 16000, "no samples"),
        (np.zeros((5, 0)), 16000, "no samples"),
        (np.zeros((2, 16000)), 16000, "16,000 channels"),
        (np.zeros(5), 0, "rate is 0"),
        (np.zeros(5), -16000, "rate is -16000"),
        (np.zeros(5), np.inf, "rate is inf"),
        (np.zeros(1), 1_000_000, "too short for one sample at 16,000 Hz"),
    ],
)
def test_samples_that_cannot_be(samples, rate, reason):
    with pytest.raises(CellError, match=reason):
        read((samples, rate))


def test_overshoot_is_clipped():
    samples = read((np.array([0.5, 1.3, -1.2], dtype=np.float32), 16000))
    assert samples.tolist() == [0.5, 1, -1]


def test_what_is_given_stays_as_it_is(tone):
    before = tone.copy()
    for mono in (True, False):
        read((tone, 16000), mono=mono)[:] = 5
    read((tone[:, 0], 16000))[:] = 5
    np.testing.assert_array_equal(tone, before)


def test_silence(encode_sound):
    silence = np.zeros((8000, 1), dtype=np.float32)
    for cell in ((silence, 16000), encode_sound(silence), encode_sound(silence, "OGG")):
        assert np.abs(read(cell)).max() < 1e-4


# ------------------------------------------------------------------------- resampling


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000])
@pytest.mark.parametrize("by", ["soxr", "scipy"])
def test_resampling(rate, by, monkeypatch):
    if by == "scipy":
        monkeypatch.setitem(sys.modules, "soxr", None)
    else:
        pytest.importorskip("soxr")
    samples = 0.5 * np.sin(2 * np.pi * 440 * np.arange(2 * rate) / rate)
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(32000) / 16000)
    got = read((samples, rate))
    assert got.dtype == np.float32
    assert abs(len(got) - 32000) <= 1
    middle = slice(1000, 31000)
    np.testing.assert_allclose(got[middle], expected[middle], atol=2e-3)


def test_frequencies_that_do_not_fit_are_filtered_out():
    high = np.sin(2 * np.pi * 15000 * np.arange(44100) / 44100)
    assert np.abs(read((high, 44100))[1000:-1000]).max() < 0.01


# ----------------------------------------------------------------------------- guards


def test_duration_limit(tone, encode_sound, encode_aac):
    cells = [(tone, 16000), encode_aac(tone)]
    cells += [encode_sound(tone, format) for format in ("WAV", "FLAC", "OGG", "MP3")]
    for cell in cells:
        assert len(read(cell, max_seconds=1.2)) >= 16000
        with pytest.raises(CellError, match="more than max_seconds=0.9. Raise max_sec"):
            read(cell, max_seconds=0.9)
    with pytest.raises(CellError, match="it lasts 1.0 seconds"):
        read((tone, 16000), max_seconds=0.9)


def test_many_samples_in_a_short_time():
    """An hour at 192 kHz and 8 channels would be 22 GB, packed in next to nothing."""
    samples = np.broadcast_to(np.float32(0), (1_000_000, 8))
    with pytest.raises(CellError, match="8,000,000 samples, more than max_seconds=1 "):
        read((samples, 1_000_000), mono=False, max_seconds=1)
    with pytest.raises(CellError, match="1,000,000 samples, more than max_seconds=1 "):
        read((samples, 1_000_000), max_seconds=1)


@pytest.mark.parametrize(
    "format", ["WAV", "FLAC", "OGG", "MP3", "AIFF", "AU", "CAF", "mp4", "matroska"]
)
@pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
def test_truncated(tone, encode_sound, encode_aac, format, part, capfd):
    encode = encode_aac if format.islower() else encode_sound
    content = encode(tone, format)
    with pytest.raises(CellError, match="bytes: it "):
        read(content[: int(len(content) * part)])
    assert capfd.readouterr().err == ""


def test_a_wav_from_a_pipe(tone, encode_sound):
    """What writes to a pipe cannot know the length beforehand."""
    content = bytearray(encode_sound(tone))
    content[4:8] = b"\xff\xff\xff\xff"
    data = content.index(b"data") + 4
    content[data : data + 4] = b"\xff\xff\xff\xff"
    assert len(read(content)) == 16000


def test_a_tag_behind_the_samples(tone, encode_sound):
    for format in ("WAV", "AIFF", "OGG"):
        content = (
            encode_sound(tone, format) + b"TAG" + b"some title".ljust(125, b"\xff")
        )
        assert len(read(content)) == 16000


# ---------------------------------------------------------------------------- options


def test_options_are_checked():
    with pytest.raises(ValueError, match="rate must be positive, got 0"):
        AudioReader(rate=0)


def test_a_reader_is_its_options():
    reader = AudioReader(rate=8000)
    assert pickle.loads(pickle.dumps(reader)) == reader
    assert "rate=8000" in repr(reader)
    assert reader.key() == AudioReader(rate=8000, max_seconds=5, root=".").key()
    keys = [{}, {"rate": 8000}, {"mono": False}, {"array_rate": 8000}]
    assert len({AudioReader(**options).key() for options in keys}) == len(keys)


# -------------------------------------------------------------------------- real data


def test_voice_prompts(shared_column):
    prompts = shared_column("voice_prompts.parquet", "audio")[::20]
    durations = shared_column("voice_prompts.parquet", "duration")[::20]
    lengths, missing = read_cells(prompts, AudioReader(rate=8000), then=len)
    assert not missing.any()
    np.testing.assert_allclose(np.array(lengths) / 8000, durations, atol=1e-3)
