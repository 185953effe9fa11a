"""A folder of hostile files: each is an error that says why, or a missing cell."""

import os
import struct
import subprocess
import sys
import tracemalloc
import warnings
import zlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from skmm.io import AudioReader, CellError, ImageReader, VideoReader, read_cells

for module in ("PIL", "soundfile", "av"):
    pytest.importorskip(module)

# Corrupt headers that announce a little less than the limits take long to read.
READERS = {
    "image": ImageReader(max_pixels=1_000_000),
    "audio": AudioReader(max_seconds=60),
    "video": VideoReader(3, max_seconds=60, max_pixels=1_000_000),
}
each_kind = pytest.mark.parametrize("kind", list(READERS))


def png_chunk(name, data):
    checksum = struct.pack(">I", zlib.crc32(name + data))
    return struct.pack(">I", len(data)) + name + data + checksum


def png_bomb(side=50_000):
    """Give 36 kB whose header announces seven gigabytes of pixels."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(3 * side + 1) * 200, 9)
    content = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)
    return content + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")


def ico(png):
    """Wrap a PNG of any size as an icon of 16 x 16 pixels."""
    header = struct.pack("<HHH", 0, 1, 1)
    entry = struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(png), 22)
    return header + entry + png


def gif_bomb():
    """Give 50 bytes that announce 65,535 x 65,535 pixels."""
    screen = struct.pack("<HHBBB", 65_535, 65_535, 0x80, 0, 0) + bytes(6)
    image = b"," + struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0)
    return b"GIF89a" + screen + image + b"\x02\x02\x4c\x01\x00;"


def flac_bomb(encode_sound):
    """Give a FLAC that announces 2^35 samples."""
    content = bytearray(encode_sound(np.zeros(100), "FLAC"))
    content[21] = (content[21] & 0xF0) | 0x8  # the upper 4 of 36 bits, after "fLaC"
    return bytes(content)


@pytest.fixture(scope="module")
def valid(picture, tone, encode_picture, encode_sound, encode_clip, encode_aac):
    """One valid file of each format."""
    levels = np.random.default_rng(0).integers(0, 255, 12)
    tone = tone[:4000]
    files = {
        f"image.{format}": encode_picture(picture, format)
        for format in ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "ICO", "PPM")
    }
    files["image.lzw"] = encode_picture(picture, "TIFF", compression="tiff_lzw")
    files["image.cmyk"] = encode_picture(picture, "JPEG", "CMYK", progressive=True)
    for format in ("WAV", "FLAC", "OGG", "MP3", "AIFF", "AU", "CAF"):
        files[f"audio.{format}"] = encode_sound(tone, format)
    files["audio.aac"] = encode_aac(tone)
    files["video.mp4"] = encode_clip(levels)
    files["video.mkv"] = encode_clip(levels, "matroska")
    files["video.avi"] = encode_clip(levels, "avi", "mpeg4")
    files["video.ts"] = encode_clip(levels, "mpegts", "mpeg2video")
    files["video.gif"] = encode_clip(levels, "gif", "gif")
    return files


# ------------------------------------------------------------------ the folder of files


@pytest.fixture(scope="module")
def hostile(valid, encode_sound, tmp_path_factory):
    """Path, kind of reader, and what its error must say."""
    folder = tmp_path_factory.mktemp("hostile")
    outside = tmp_path_factory.mktemp("elsewhere") / "photo.png"
    outside.write_bytes(valid["image.PNG"])
    cases = {}

    def add(name, content, kind, reason):
        if content is not None:
            (folder / name).write_bytes(content)
        cases[name] = (kind, reason)

    for name, content in valid.items():
        kind, _, format = name.partition(".")
        if format not in ("ts", "gif", "GIF"):
            reason = "cut off|cannot be read as|no picture|holds no|damaged"
            add(f"half-{name}", content[: len(content) // 2], kind, reason)
    for kind in READERS:
        add(f"zero-byte-{kind}", b"", kind, "it is empty .zero bytes.")
        add(f"noise-{kind}", bytes(range(256)) * 40, kind, "not in a format|no picture")
        add(
            f"text-{kind}.png", b"not what it seems\n" * 99, kind, "not in a format|no "
        )
        add(f"absent-{kind}", None, kind, "there is no such file")
    add("song.png", valid["audio.FLAC"], "image", "it is no picture")
    add("photo.wav", valid["image.PNG"], "audio", "not in a format")
    add("song.mp4", valid["audio.aac"], "video", "no moving pictures")
    add("silent-film.wav", valid["video.mp4"], "audio", "holds no sound")
    add("bomb.png", png_bomb(), "image", "2,500,000,000.* more than max_pixels=100")
    add("bomb.ico", ico(png_bomb()), "image", "2,500,000,000 .*max_pixels|cannot be")
    add("bomb.gif", gif_bomb(), "image", "4,294,836,225.* more than max_pixels")
    add("bomb-clip.gif", gif_bomb(), "video", "more than max_pixels|it cannot be read")
    add("bomb.flac", flac_bomb(encode_sound), "audio", "more than max_seconds=3,600")
    add(
        "headers-only.mp4",
        no_frames(valid["video.mp4"]),
        "video",
        "no frames|it cannot",
    )
    add("no-samples.wav", encode_sound(np.zeros((0, 1))), "audio", "holds no samples")
    (folder / "folder").mkdir()
    (folder / "out-of-root.png").symlink_to(outside)
    (folder / "loop.png").symlink_to(folder / "loop.png")
    (folder / "dangling.png").symlink_to(folder / "nothing.png")
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe.png")
        add("pipe.png", None, "image", "no regular file, but a device, pipe or socket")
        add("folder/../pipe.png", None, "audio", "no regular file, but a device, pipe")
    add("folder", None, "image", "it is a folder, not a file")
    add("../elsewhere", None, "image", "leads out of root")
    add("out-of-root.png", None, "image", "leads out of root")
    add("loop.png", None, "image", "it cannot be opened")
    add("dangling.png", None, "image", "there is no such file")
    add("nul\0.png", None, "image", "it cannot be opened: embedded null")
    add("x" * 5000 + ".png", None, "image", "it cannot be opened: File name too long")
    add("/dev/zero", None, "image", "an absolute path is refused")
    return folder, cases


def no_frames(mp4):
    """Take the sample tables out of an MP4, so that it lists no frame."""
    content = bytearray(mp4)
    for name in (b"stsz", b"stts", b"stsc", b"stco", b"ctts", b"stss"):
        start = content.find(name)
        if start > 0:
            skip = 12 if name == b"stsz" else 8
            content[start + skip : start + skip + 4] = bytes(4)
    return bytes(content)


@each_kind
def test_each_is_refused_with_its_reason(hostile, kind, capfd):
    folder, cases = hostile
    wrong = {}
    for name, (kind_of, reason) in cases.items():
        if kind_of != kind:
            continue
        column = pd.Series([name], index=["some row"], name="file")
        reader = type(READERS[kind])(root=folder)
        with pytest.raises(
            CellError, match=f"(?s)Column 'file', row 'some row'.*{reason}"
        ):
            read_cells(column, reader)
        wrong[name] = reason
    assert len(wrong) > 8
    assert capfd.readouterr().err == ""


@each_kind
def test_each_becomes_missing_with_one_warning(hostile, valid, kind):
    folder, cases = hostile
    names = [name for name, (kind_of, _) in cases.items() if kind_of == kind]
    good = next(content for name, content in valid.items() if name.startswith(kind))
    column = pd.Series([good, *names, good], name="file", dtype=object)
    reader = type(READERS[kind])(root=folder)
    with pytest.warns(UserWarning) as caught:
        results, missing = read_cells(column, reader, errors="missing")
    assert missing.tolist() == [False] + [True] * len(names) + [False]
    np.testing.assert_array_equal(results[0], results[-1])
    assert len(caught) == 1
    assert f"{len(names)} of {len(column)} rows" in str(caught[0].message)


@each_kind
@pytest.mark.parametrize(
    "path", ["/dev/zero", "/dev/null", "/dev/stdin", "/proc/self/mem"]
)
def test_devices(kind, path):
    if not os.path.exists(path):
        pytest.skip(f"this system has no {path}")
    with pytest.raises(CellError, match="no regular file|zero bytes|cannot be opened"):
        READERS[kind](path)


def test_unreadable_files(tmp_path):
    path = tmp_path / "secret.png"
    path.write_bytes(b"content")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(CellError, match="it cannot be opened: Permission denied"):
        ImageReader()(path)


def test_extreme_but_valid(encode_picture, encode_sound):
    for shape in ((1, 1, 3), (20_000, 1, 3), (1, 20_000, 3)):
        content = encode_picture(np.zeros(shape, dtype=np.uint8))
        assert ImageReader()(content).shape == shape
    silence = AudioReader()(encode_sound(np.zeros(16000)))
    assert silence.shape == (16000,)
    assert not silence.any()
    assert len(AudioReader()(encode_sound(np.zeros(1)))) == 1


# ------------------------------------------------------------------------------- memory


@pytest.mark.parametrize("make", [png_bomb, lambda: ico(png_bomb()), gif_bomb])
def test_a_bomb_is_refused_before_it_unpacks(make, tmp_path):
    bomb = make()
    assert len(bomb) < 100_000
    with pytest.raises(CellError):  # imports are not what is measured
        ImageReader()(bomb)
    tracemalloc.start()
    try:
        with pytest.raises(CellError):
            ImageReader()(bomb)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_bombs_leave_no_trace_in_the_process_memory(encode_sound, tmp_path):
    """Seen from outside, with what Pillow, libsndfile and libav allocate themselves."""
    bombs = {"image": png_bomb(), "video": gif_bomb(), "audio": flac_bomb(encode_sound)}
    for kind, content in bombs.items():
        (tmp_path / kind).write_bytes(content)
    program = (
        "import resource, sys\n"
        "from skmm.io import AudioReader, CellError, ImageReader, VideoReader\n"
        "import PIL.Image, soundfile, av\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for kind, make in [('image', ImageReader), ('audio', AudioReader),\n"
        "                   ('video', VideoReader)]:\n"
        "    try:\n"
        "        make(root=sys.argv[1])(kind)\n"
        "    except CellError:\n"
        "        continue\n"
        "    sys.exit(f'{kind} was read')\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    in_bytes = 1 if sys.platform == "darwin" else 1024
    assert int(done.stdout) * in_bytes < 60_000_000


# -------------------------------------------------------------------- random corruption

corrupt = settings(
    deadline=None,
    max_examples=60,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def read_or_refuse(kind, content):
    """Read corrupt content: an array, or a CellError, and no warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return READERS[kind](content)
        except CellError as error:
            assert "bytes: " in str(error)
            return None


@each_kind
@corrupt
@given(data=st.data())
def test_truncated_anywhere(valid, kind, data, capfd):
    name = data.draw(st.sampled_from([n for n in valid if n.startswith(kind)]))
    content = valid[name]
    n_bytes = data.draw(st.integers(1, len(content) - 1))
    result = read_or_refuse(kind, content[:n_bytes])
    if kind == "image" and result is not None:
        # All pixels were there, and only the end of the file was not.
        np.testing.assert_array_equal(result, READERS[kind](content))
    assert capfd.readouterr() == ("", "")


@each_kind
@corrupt
@given(data=st.data())
def test_bytes_changed_anywhere(valid, kind, data, capfd):
    name = data.draw(st.sampled_from([n for n in valid if n.startswith(kind)]))
    content = bytearray(valid[name])
    # Headers are where decoders can be led astray.
    near = st.integers(0, min(200, len(content) - 1))
    position = st.one_of(near, st.integers(0, len(content) - 1))
    value = st.one_of(st.sampled_from([0, 255, 127, 128]), st.integers(0, 255))
    for at, byte in data.draw(st.lists(st.tuples(position, value), min_size=1)):
        content[at] = byte
    read_or_refuse(kind, bytes(content))
    assert capfd.readouterr() == ("", "")


@each_kind
@corrupt
@given(content=st.binary(min_size=1, max_size=300))
@example(b"\x89PNG\r\n\x1a\n")
@example(b"RIFF\xff\xff\xff\xffWAVEdata\xff\xff\xff\xff")
@example(b"OggS" + b"\xff" * 40)
@example(b"\x1a\x45\xdf\xa3\xff")
@example(b"\0\0\0\x01ftyp" + b"\xff" * 8)
def test_any_bytes(kind, content):
    assert read_or_refuse(kind, content) is None


@each_kind
@corrupt
@given(path=st.text(max_size=60))
def test_any_text_as_a_path(kind, path, tmp_path):
    with pytest.raises(CellError):
        type(READERS[kind])(root=tmp_path)(path)


@each_kind
@corrupt
@given(
    cell=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.dates(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
        max_leaves=5,
    )
)
def test_any_object(kind, cell):
    with pytest.raises(CellError, match="Accepted are|no pixels|no samples"):
        READERS[kind](cell)


# --------------------------------------------------------------- thousands of mutations

MUTATING = """
import faulthandler, gc, io, pathlib, random, sys, time, warnings
import numpy as np
from skmm.io import AudioReader, CellError, ImageReader, VideoReader

folder, n_files, seed = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
readers = {
    "image": [ImageReader(max_pixels=10**6), ImageReader("RGBA", size=(9, 20))],
    "audio": [AudioReader(max_seconds=60), AudioReader(8000, mono=False)],
    "video": [VideoReader(3, max_seconds=60, max_pixels=10**6), VideoReader(2, size=9)],
}
valid = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
names = list(valid)
expected = {name: readers[name.split(".")[0]][0](valid[name]) for name in names}
rng = random.Random(seed)

def mutate(content):
    content = bytearray(content)
    near = rng.choice([40, 200, 1000, len(content)])
    at = lambda: rng.randrange(min(near, len(content)))
    kind = rng.randrange(8)
    if kind == 0:
        for _ in range(rng.randint(1, 30)):
            content[at()] = rng.choice([0, 255, 127, 128, rng.randrange(256)])
    elif kind == 1:
        content[at()] ^= 1 << rng.randrange(8)
    elif kind == 2:  # a number that is too large, or negative
        start, size = at(), rng.choice([2, 4, 8])
        content[start : start + size] = rng.choice([b"\\xff", b"\\x7f", b"\\0"]) * size
    elif kind == 3:
        del content[at() :]
    elif kind == 4:
        start = at()
        del content[start : start + rng.randint(1, 300)]
    elif kind == 5:  # twice the same
        start, size = at(), rng.randint(1, 300)
        content[start:start] = content[start : start + size]
    elif kind == 6:
        start, size = at(), rng.randint(1, 300)
        content[start : start + size] = rng.randbytes(size)
    else:  # another file's
        other = valid[rng.choice(names)]
        content[at() :] = other[rng.randrange(len(other)) :]
    return bytes(content) or b"x"

def check(result, kind):
    if kind == "audio":
        assert result.dtype == np.float32 and np.isfinite(result).all()
        assert result.size and np.abs(result).max() <= 1
    else:
        assert result.dtype == np.uint8 and result.ndim == (3 if kind == "image" else 4)
        assert result.size

def read(reader, content):
    try:
        return reader(content), ""
    except CellError as error:
        return None, str(error)

n_read, slowest = 0, 0
warnings.simplefilter("error")
for i in range(n_files):
    name = rng.choice(names)
    kind = name.split(".")[0]
    # Under the name of its kind, or under another's.
    if rng.random() < 0.05:
        kind = rng.choice(list(readers))
    reader, content = rng.choice(readers[kind]), mutate(valid[name])
    (folder.parent / "last").write_bytes(content)
    faulthandler.dump_traceback_later(60, exit=True)
    start = time.perf_counter()
    result, reason = read(reader, content)
    slowest = max(slowest, time.perf_counter() - start)
    faulthandler.cancel_dump_traceback_later()
    if result is None:
        assert reason, (i, name)
        continue
    n_read += 1
    check(result, kind)
    # What is read from memory that was never written differs from one time to another.
    noise = [np.full(result.size, 77, result.dtype) for _ in range(3)]
    del noise
    again, _ = read(reader, content)
    np.testing.assert_array_equal(again, result, err_msg=f"{i} {name}")
    if i % 100 == 0:
        for name in names:
            whole = readers[name.split(".")[0]][0](valid[name])
            np.testing.assert_array_equal(whole, expected[name])
print(n_read, round(slowest, 2))
"""


def check_mutations(n_files, seed, valid, folder):
    (folder / "valid").mkdir()
    for name, content in valid.items():
        (folder / "valid" / name).write_bytes(content)
    program = [
        sys.executable,
        "-c",
        MUTATING,
        folder / "valid",
        str(n_files),
        str(seed),
    ]
    done = subprocess.run(program, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    n_read, slowest = done.stdout.split()
    # Neither all nor none: many changes are to what is never looked at.
    assert 0.05 * n_files < int(n_read) < 0.9 * n_files
    return int(n_read), float(slowest)


def test_some_mutated_files(valid, tmp_path):
    check_mutations(60, 0, valid, tmp_path)


@pytest.mark.slow  # some minutes
def test_5000_mutated_files(valid, tmp_path):
    print(*check_mutations(5000, 1, valid, tmp_path))
