"""What one cell takes of the memory under the default limits, seen from outside."""

import io
import subprocess
import sys

import numpy as np
import pytest

from skmm.io import AudioReader, CellError, VideoReader

Image = pytest.importorskip("PIL.Image")
av = pytest.importorskip("av")
soundfile = pytest.importorskip("soundfile")

PROGRAM = """
import io, resource, sys
import av, numpy, PIL.Image, soundfile
from skmm.io import AudioReader, CellError, ImageReader, VideoReader

def peak():
    in_bytes = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * in_bytes

name, path, size = sys.argv[1:]
readers = {"ImageReader": ImageReader, "AudioReader": AudioReader,
           "VideoReader": VideoReader}
options = {} if name == "AudioReader" else {"size": eval(size)}
small = io.BytesIO()
PIL.Image.new("RGB", (9, 9)).save(small, "PNG")
ImageReader(size=5)(small.getvalue())
before = peak()
try:
    readers[name](**options)(path)
    end = "read"
except CellError as error:
    end = "refused" if " to read it." in str(error) else str(error)
print(end, peak() - before)
"""


def picture(path, mode, side, format, **options):
    Image.new(mode, (side, side)).save(path, format, **options)


def animation(path, mode, side, format, **options):
    frames = [Image.new(mode, (side, side), color) for color in (0, 3)]
    frames[0].save(path, format, save_all=True, append_images=frames[1:], **options)


def recording(path, rate, n_channels, seconds, format):
    with soundfile.SoundFile(path, "w", rate, n_channels, format=format) as file:
        second = np.zeros((rate, n_channels), np.int16)
        for _ in range(seconds):
            file.write(second)


def clip(path, codec, width, height, n_frames, format="mp4", **options):
    with av.open(str(path), "w", format=format) as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for _ in range(n_frames):
            frame = av.VideoFrame(width, height, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


FAST = {"preset": "ultrafast"}
#: Files that were bombs, and how large others may be that are still read: at the end of
#: a row whether it is read with size=224 and with size=None.
FILES = {
    "a flat PNG at the limit of pixels": (picture, "RGB", 9990, "PNG", {}, "no no"),
    "PNG": (picture, "RGB", 8500, "PNG", {}, "yes no"),
    "PNG, transparent": (picture, "RGBA", 8500, "PNG", {}, "yes no"),
    "PNG, whole": (picture, "RGB", 6500, "PNG", {}, "yes yes"),
    "PNG, 16 bits": (picture, "I;16", 9990, "PNG", {}, "yes no"),
    "JPEG": (picture, "RGB", 9990, "JPEG", {}, "yes no"),
    "JPEG, progressive": (
        *(picture, "RGB", 7000, "JPEG"),
        *({"progressive": True, "subsampling": 0}, "yes no"),
    ),
    "WebP": (picture, "RGB", 4150, "WEBP", {"method": 0}, "yes yes"),
    "WebP, larger": (picture, "RGB", 9000, "WEBP", {"method": 0}, "no no"),
    "TIFF in one strip": (
        *(picture, "RGB", 6500, "TIFF"),
        *({"compression": "tiff_adobe_deflate", "strip_size": 10**9}, "yes yes"),
    ),
    "GIF, animated": (animation, "P", 9990, "GIF", {}, "yes no"),
    "WebP, animated": (animation, "RGB", 4150, "WEBP", {"method": 0}, "yes yes"),
    "TIFF, animated": (
        *(animation, "RGB", 8500, "TIFF", {"compression": "tiff_lzw"}, "yes no"),
    ),
    "an hour of FLAC": (recording, 44_100, 2, 3600, "FLAC", {}, "yes"),
    "Vorbis": (recording, 44_100, 2, 600, "OGG", {}, "yes"),
    "MP4, 4K": (clip, "libx264", 3840, 2160, 40, FAST, "yes yes"),
    "MP4, 5K": (clip, "libx264", 5312, 2988, 20, FAST, "yes no"),
    "MP4 with many frames to refer to": (
        *(clip, "libx264", 8192, 4320, 24),
        *({**FAST, "refs": "16", "bf": "8"}, "no no"),
    ),
}


@pytest.mark.slow  # some minutes: large files are written
@pytest.mark.skipif(sys.platform == "win32", reason="there is no module resource")
@pytest.mark.parametrize("name", FILES)
def test_300_mib_for_one_cell(name, tmp_path):
    make, *arguments, options, ends = FILES[name]
    path = tmp_path / "cell"
    try:
        make(path, *arguments, **options)
    except ValueError:
        pytest.skip(f"this PyAV cannot write {arguments[0]}")
    reader = {recording: "AudioReader", clip: "VideoReader"}.get(make, "ImageReader")
    for size, is_read in zip(("224", "None"), ends.split()):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, reader, str(path), size],
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        end, peak = done.stdout.rsplit(" ", 1)
        assert end == ("read" if is_read == "yes" else "refused")
        assert int(peak) <= 300 * 2**20


def test_a_recording_that_takes_too_much(monkeypatch):
    file = io.BytesIO()
    soundfile.write(file, np.zeros((16000, 2)), 8000, format="FLAC")
    content = file.getvalue()
    monkeypatch.setattr("skmm.io._budget._BUDGET", 200_000)
    assert len(AudioReader(rate=8000)(content)) == 16000
    for options in ({"rate": 44_100}, {"rate": 16_000, "mono": False}):
        with pytest.raises(CellError, match="a recording of 2.0 seconds at") as error:
            AudioReader(**options)(content)
        enough = str(error.value).split("Raise max_seconds to ")[1].split(" ")[0]
        enough = int(enough.replace(",", ""))
        assert len(AudioReader(max_seconds=enough, **options)(content)) > 30_000


def test_a_clip_that_takes_too_much(monkeypatch, encode_clip):
    content = encode_clip(np.linspace(20, 230, 12))
    monkeypatch.setattr("skmm.io._player._SMALL", 0)
    monkeypatch.setattr("skmm.io._budget._BUDGET", 100_000)
    assert VideoReader(2, size=8)(content).shape == (2, 8, 8, 3)
    for n_frames, size in ((12, None), (2, None)):
        monkeypatch.setattr("skmm.io._budget._BUDGET", 20_000)
        with pytest.raises(CellError, match="a clip of 64 x 48 pixels takes") as error:
            VideoReader(n_frames, size=size)(content)
        assert "Give size to read it smaller. Raise max_pixels to" in str(error.value)


@pytest.mark.parametrize("codec, format", [("libx264", "mp4"), ("gif", "gif")])
def test_large_frames_are_resized_in_bands(codec, format, monkeypatch, encode_clip):
    """Nothing tells them from those that are resized as a whole."""
    content = encode_clip(np.linspace(20, 230, 12), format, codec)
    options = [{"size": 8}, {"size": (9, 30)}, {}]
    whole = [VideoReader(3, **each)(content) for each in options]
    monkeypatch.setattr("skmm.io._image._LARGE", 1500)
    monkeypatch.setattr("skmm.io._image._BAND", 200)
    monkeypatch.setattr("skmm.io._player._LARGE", 0)
    for each, expected in zip(options, whole):
        np.testing.assert_array_equal(VideoReader(3, **each)(content), expected)


@pytest.mark.parametrize("n_channels", [1, 2])
@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_long_recordings_are_resampled_in_blocks(rate, n_channels, monkeypatch):
    """Nothing tells them from those that are resampled at once."""
    noise = np.random.default_rng(0).normal(0, 0.2, (50_001, n_channels))
    file = io.BytesIO()
    soundfile.write(file, noise.clip(-1, 1), rate, format="FLAC")
    whole = AudioReader(mono=False)(file.getvalue())
    monkeypatch.setattr("skmm.io._audio._BLOCK", 1000)
    monkeypatch.setattr("skmm.io._audio._MAX_GROWTH", 5000)
    blocks = AudioReader(mono=False)(file.getvalue())
    np.testing.assert_allclose(blocks, whole, atol=1e-6)
    assert blocks.shape == whole.shape
    assert blocks.base is None
