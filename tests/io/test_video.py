"""VideoReader: what clips come in, and which frames go out."""

import io
import pickle

import numpy as np
import pandas as pd
import pytest

from skmm.io import CellError, VideoReader, read_cells

av = pytest.importorskip("av")
pytest.importorskip("PIL")

CODECS = [
    ("mp4", "libx264"),
    ("mp4", "mpeg4"),
    ("matroska", "libx264"),
    ("webm", "libvpx-vp9"),
    ("avi", "mpeg4"),
    ("mpegts", "mpeg2video"),
    ("mpeg", "mpeg2video"),
    ("flv", "flv1"),
    ("h264", "libx264"),
    ("gif", "gif"),
]


def read(cell, **options):
    return VideoReader(**options)(cell)


def levels_of(frames):
    return frames.mean(axis=(1, 2, 3))


def middles(n, n_frames):
    return [(2 * i + 1) * n // (2 * n_frames) for i in range(n_frames)]


def decode_all(content):
    with av.open(io.BytesIO(content)) as container:
        return [f.to_ndarray(format="rgb24") for f in container.decode(video=0)]


# --------------------------------------------------------------------------- formats


@pytest.mark.parametrize("format, codec", CODECS)
def test_a_format(encode_clip, format, codec, tmp_path):
    levels = np.linspace(20, 230, 30).round()
    # GIF has 8 bits for all colours; the others lose a little.
    tolerance = 36 if format == "gif" else 4
    content = encode_clip(levels, format, codec)
    for n_frames in (1, 3, 8, 30):
        frames = read(content, n_frames=n_frames)
        assert frames.shape == (n_frames, 48, 64, 3)
        assert frames.dtype == np.uint8
        expected = levels[middles(30, n_frames)]
        assert np.abs(levels_of(frames) - expected).max() <= tolerance
    path = tmp_path / "clip.txt"
    path.write_bytes(content)
    for cell in (path, str(path), memoryview(content)):
        np.testing.assert_array_equal(read(cell), read(content))


def test_frames_repeat_in_a_short_clip(encode_clip):
    content = encode_clip([10, 120, 240])
    got = levels_of(read(content, n_frames=7))
    expected = np.array([10, 10, 120, 120, 120, 240, 240])
    assert np.abs(got - expected).max() < 4
    assert read(encode_clip([50]), n_frames=3).shape == (3, 48, 64, 3)


def test_frames_are_spaced_in_time_not_by_number():
    """A picture that is shown for long counts for long."""
    Image = pytest.importorskip("PIL.Image")
    slides = [Image.new("L", (8, 8), level) for level in (0, 120, 250)]
    file = io.BytesIO()
    slides[0].save(
        file, "GIF", save_all=True, append_images=slides[1:], duration=[100, 100, 600]
    )
    got = levels_of(read(file.getvalue(), n_frames=8))
    assert got.round().tolist() == [0, 120] + [250] * 6


def test_transparency_is_put_on_white():
    Image = pytest.importorskip("PIL.Image")
    half = Image.new("RGBA", (8, 8), "black")
    half.paste((0, 0, 0, 0), (0, 0, 4, 8))
    file = io.BytesIO()
    half.save(file, "GIF", save_all=True, append_images=[half.rotate(180)])
    frame = read(file.getvalue(), n_frames=2)[0]
    assert (frame[:, :4] == 255).all()
    assert (frame[:, 4:] == 0).all()


def test_rotation():
    if not hasattr(av.VideoStream, "set_display_rotation"):
        pytest.skip("this PyAV cannot write clips with a rotation")
    corner = io.BytesIO()
    with av.open(corner, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
        stream.set_display_rotation(90)
        pixels = np.zeros((48, 64, 3), dtype=np.uint8)
        pixels[:16, :16] = 255
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode())
    frame = read(corner.getvalue(), n_frames=1)[0]
    assert frame.shape == (64, 48, 3)
    # A quarter turn against the clock takes the upper left corner to the lower left.
    assert frame[-8:, :8].mean() > 240
    assert frame[:8].mean() < 10


def test_no_other_file_is_opened(encode_clip, tmp_path, monkeypatch):
    (tmp_path / "secret.ts").write_bytes(encode_clip([5], "mpegts", "mpeg2video"))
    monkeypatch.chdir(tmp_path)
    playlists = [
        b"ffconcat version 1.0\nfile secret.ts\n",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:2,\nsecret.ts\n#EXT-X-ENDLIST\n",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        b"m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    ]
    for playlist in playlists:
        with pytest.raises(CellError, match="not in a format that is read with PyAV"):
            read(playlist)


# ---------------------------------------------------------------------------- seeking


@pytest.mark.parametrize(
    "format, codec, options",
    [
        ("mp4", "libx264", {"x264-params": "open-gop=1:bframes=4:scenecut=0"}),
        ("matroska", "libx264", {"x264-params": "bframes=4:scenecut=0"}),
        ("avi", "mpeg4", {}),
        ("flv", "flv1", {}),
        ("mpegts", "mpeg2video", {"bf": "2"}),
    ],
)
def test_jumps_find_the_same_frames(encode_clip, format, codec, options, monkeypatch):
    """A clip of a minute, of which most need not be decoded."""
    rate = 25 if codec == "mpeg2video" else 10
    content = encode_clip(
        np.arange(60 * rate) * 7 % 250, format, codec, rate=rate, gop=2 * rate,
        size=(16, 16), **options,
    )  # fmt: skip
    expected = decode_all(content)
    n_decoded = count_decoded(monkeypatch)
    frames = read(content, n_frames=4)
    for frame, i in zip(frames, middles(len(expected), 4)):
        nearest = expected[i - 1 : i + 2]  # times may be rounded to milliseconds
        assert min(np.abs(frame.astype(int) - other).max() for other in nearest) == 0
    if format != "mpegts":
        assert n_decoded() < 0.5 * len(expected)


def count_decoded(monkeypatch):
    from skmm.io import _player

    n_decoded, advance = [0], _player.Player._advance

    def counted(player):
        n_decoded[0] += 1
        advance(player)

    monkeypatch.setattr(_player.Player, "_advance", counted)
    return lambda: n_decoded[0]


# ----------------------------------------------------------------------------- arrays


def test_arrays():
    clip = np.arange(10, dtype=np.uint8)[:, None, None, None] * np.ones(
        (1, 4, 6, 3), np.uint8
    )
    for n_frames in (1, 4, 10, 25):
        frames = read(clip, n_frames=n_frames)
        assert frames.shape == (n_frames, 4, 6, 3)
        assert frames[:, 0, 0, 0].tolist() == middles(10, n_frames)
    np.testing.assert_array_equal(read(clip[..., :1]), read(clip))
    np.testing.assert_array_equal(read(clip / 255), read(clip))
    opaque = np.concatenate([clip, np.full_like(clip[..., :1], 255)], axis=3)
    np.testing.assert_array_equal(read(opaque), read(clip))
    opaque[..., 3] = 0
    assert (read(opaque) == 255).all()


def test_what_is_given_stays_as_it_is():
    clip = np.zeros((3, 4, 6, 1), dtype=np.uint8)
    read(clip)[:] = 5
    assert clip.max() == 0


def test_tensors():
    torch = pytest.importorskip("torch")
    clip = np.arange(9 * 8 * 6 * 3, dtype=np.uint8).reshape(9, 8, 6, 3)
    tensor = torch.from_numpy(clip)
    np.testing.assert_array_equal(read(tensor), read(clip))
    np.testing.assert_array_equal(read(tensor.permute(0, 3, 1, 2)), read(clip))
    np.testing.assert_array_equal(read(tensor.float().div(255)), read(clip))


@pytest.mark.parametrize(
    "cell",
    [5, {"frames": 3}, None, [np.zeros((4, 6, 3))], np.zeros((4, 6, 3)),
     np.zeros((1, 2, 3, 4, 5)), np.zeros((2, 3, 8, 8))],
)  # fmt: skip
def test_a_cell_of_another_kind(cell):
    with pytest.raises(CellError, match="Accepted are a path, bytes, an array of sha"):
        read(cell)


def test_no_frames():
    with pytest.raises(CellError, match="no frames"):
        read(np.zeros((0, 4, 6, 3), dtype=np.uint8))


def test_size(encode_clip):
    clip = np.zeros((5, 40, 60, 3), dtype=np.uint8)
    for cell in (clip, encode_clip([5, 6])):
        assert read(cell, size=16).shape == (8, 16, 16, 3)
        assert read(cell, size=(20, 30), n_frames=2).shape == (2, 20, 30, 3)


# ----------------------------------------------------------------------------- guards


@pytest.mark.parametrize("format, codec", CODECS)
def test_duration_limit(encode_clip, format, codec):
    content = encode_clip(np.arange(50), format, codec)  # two seconds
    assert len(read(content, max_seconds=2.2)) == 8
    with pytest.raises(CellError, match="seconds, more than max_seconds=1. Raise max_"):
        read(content, max_seconds=1)


def test_pixel_limit(encode_clip):
    content = encode_clip([5])
    assert len(read(content, max_pixels=3072)) == 8
    with pytest.raises(CellError, match=r"3,072 pixels \(64 x 48\), more than max_pix"):
        read(content, max_pixels=3071)


@pytest.mark.parametrize("format, codec", [c for c in CODECS if c[0] != "mpeg"])
@pytest.mark.parametrize("part", [0.02, 0.3])
def test_truncated(encode_clip, format, codec, part, capfd):
    levels = np.random.default_rng(0).integers(0, 255, 50)
    content = encode_clip(levels, format, codec)
    whole = read(content, n_frames=50)
    try:
        frames = read(content[: int(len(content) * part)], n_frames=50)
    except CellError:
        pass
    else:
        # Streams say nothing of their length: a part of them is a shorter clip.
        assert format in ("mpegts", "h264", "gif")
        assert not np.array_equal(frames, whole)
    assert capfd.readouterr().err == ""


def test_no_moving_pictures(tone, encode_aac):
    with pytest.raises(CellError, match="it holds no moving pictures"):
        read(encode_aac(tone))


# ---------------------------------------------------------------------------- options


def test_options_are_checked():
    with pytest.raises(ValueError, match="n_frames must be at least 1, got 0"):
        VideoReader(n_frames=0)
    with pytest.raises(ValueError, match="size must be None, a number of pixels"):
        VideoReader(size=0)


def test_a_reader_is_its_options():
    reader = VideoReader(n_frames=3)
    assert pickle.loads(pickle.dumps(reader)) == reader
    assert "n_frames=3" in repr(reader)
    assert reader.key() == VideoReader(n_frames=3, max_seconds=5, root=".").key()
    keys = [{}, {"n_frames": 3}, {"size": 8}]
    assert len({VideoReader(**options).key() for options in keys}) == len(keys)


# -------------------------------------------------------------------------- real data


def test_real_clips(real_clips):
    small = [path for path in real_clips if "carphone" in path.name]
    assert small
    clips, missing = read_cells(pd.Series(small), VideoReader(n_frames=5))
    assert not missing.any()
    for path, frames in zip(small, clips):
        expected = decode_all(path.read_bytes())
        for frame, i in zip(frames, middles(len(expected), 5)):
            np.testing.assert_array_equal(frame, expected[i])
