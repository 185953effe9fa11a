"""Ctrl-C, other signals, and forks while cells are read."""

import os
import random
import select
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

from skmm.io import AudioReader, CellError, ImageReader, VideoReader, _quiet
from skmm.io._interrupts import held_signals

for module in ("PIL", "soundfile", "av"):
    pytest.importorskip(module)

READERS = {"image": ImageReader, "audio": AudioReader, "video": VideoReader}
each_kind = pytest.mark.parametrize("kind", list(READERS))


@pytest.fixture
def handler():
    """Python's own handler of Ctrl-C, whatever the runner of the tests has set."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def files(picture, tone, encode_picture, encode_sound, encode_clip, encode_aac):
    """Contents by kind; libraries that print, and those that call back, among them."""
    levels = np.linspace(20, 230, 12).round()
    lzw = encode_picture(picture, "TIFF", compression="tiff_lzw")
    formats = ("PNG", "JPEG", "GIF", "WEBP", "ICO")
    sounds = [encode_sound(tone, f) for f in ("WAV", "FLAC", "OGG", "MP3")]
    return {
        "image": [*(encode_picture(picture, format) for format in formats), lzw],
        "audio": [*sounds, encode_aac(tone)],
        "video": [
            encode_clip(levels),
            encode_clip(levels, "matroska"),
            encode_clip(levels, "mpegts", "mpeg2video"),
            encode_clip(levels, "gif", "gif"),
        ],
    }


def n_descriptors():
    folder = "/dev/fd" if os.path.isdir("/dev/fd") else None
    return len(os.listdir(folder)) if folder else 0


# --------------------------------------------------------------- at each call of a file


class InterruptedFile:
    """A file that sends Ctrl-C when it is read the n-th time, from where C calls it."""

    def __init__(self, file, n):
        self._file, self._n = file, n
        self.seek, self.tell = file.seek, file.tell

    def read(self, *n_bytes):
        self._count()
        return self._file.read(*n_bytes)

    def readinto(self, buffer):
        self._count()
        return self._file.readinto(buffer)

    def _count(self):
        self._n -= 1
        if self._n == 0:
            os.kill(os.getpid(), signal.SIGINT)


@each_kind
def test_ctrl_c_in_any_callback_ends_the_call(kind, files, handler, monkeypatch, capfd):
    """It is not taken for a damaged file, and leaves nothing open or silenced."""
    module = sys.modules[READERS[kind].__module__]
    open_source, n_reads = module.open_source, 0
    reader = READERS[kind]()
    for content in files[kind]:
        reader(content)
        before = n_descriptors()
        for n in (1, 2, 3, 5, 9):
            opened = []

            def interrupted(cell, reader, n=n, opened=opened):
                context = open_source(cell, reader)
                opened.append(InterruptedFile(context.__enter__(), n))
                return _Yield(opened[0])

            monkeypatch.setattr(module, "open_source", interrupted)
            try:
                reader(content)
                assert opened[0]._n > 0, "the interrupt was lost"
            except KeyboardInterrupt:
                n_reads += 1
            monkeypatch.undo()
            assert n_descriptors() == before
            assert not _quiet.no_stderr._inside and not _quiet.no_warnings._inside
            assert signal.getsignal(signal.SIGINT) is handler
    assert n_reads > len(files[kind])
    assert capfd.readouterr().err == ""


class _Yield:
    def __init__(self, value):
        self._value = value

    def __enter__(self):
        return self._value

    def __exit__(self, *error):
        pass


# ------------------------------------------------------------------------- held signals


def test_handlers_run_when_the_outermost_block_is_left(handler):
    steps = []
    with pytest.raises(KeyboardInterrupt), held_signals:
        with held_signals:
            signal.raise_signal(signal.SIGINT)
            steps.append("inner")
        steps.append("outer")
    assert steps == ["inner", "outer"]
    with pytest.raises(KeyboardInterrupt), held_signals:
        signal.raise_signal(signal.SIGINT)
        held_signals.run_noted()
        pytest.fail("a place where handlers may raise")
    assert signal.getsignal(signal.SIGINT) is handler


def test_an_interrupt_goes_before_an_error(handler):
    with pytest.raises(KeyboardInterrupt), held_signals:
        signal.raise_signal(signal.SIGINT)
        raise CellError("it is damaged.")


def test_a_handler_that_only_notes_lets_reading_go_on(files, handler):
    seen = []
    signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    with held_signals:
        signal.raise_signal(signal.SIGINT)
        samples = AudioReader()(files["audio"][1])
    assert seen == [signal.SIGINT]
    np.testing.assert_array_equal(samples, AudioReader()(files["audio"][1]))


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="there is no such clock")
def test_a_limit_of_time_is_no_damage(files):
    """What a clock raises is an Exception, as what decoders raise is."""

    def too_late(number, frame):
        raise TimeoutError("too late")

    before = signal.signal(signal.SIGALRM, too_late)
    try:
        with pytest.raises(TimeoutError, match="too late"), held_signals:
            signal.raise_signal(signal.SIGALRM)
            AudioReader()(files["audio"][1])
        assert signal.getsignal(signal.SIGALRM) is too_late
    finally:
        signal.signal(signal.SIGALRM, before)


def test_other_threads_have_no_handlers(handler):
    def enter():
        with held_signals:
            seen.append(signal.getsignal(signal.SIGINT))

    seen = []
    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [handler]


# --------------------------------------------------------------------------------- fork

FORKING = """
import os, sys, threading, warnings
import numpy as np, pandas as pd, soundfile
from skmm.io import AudioReader, ImageReader, read_cells
from skmm.io import _image, _quiet
import PIL.Image

column = pd.Series(sys.argv[1:])
inside, over = threading.Event(), threading.Event()

def hold():
    with (
        _quiet.no_warnings,
        _quiet.no_stderr,
        soundfile.SoundFile._sf_error_lock,
        _image._pillows_limit.at_least(10**9, PIL.Image),
    ):
        inside.set()
        over.wait()

filters, limit = list(warnings.filters), PIL.Image.MAX_IMAGE_PIXELS
thread = threading.Thread(target=hold)
thread.start()
inside.wait()
pid = os.fork()
if pid == 0:
    read_cells(column[:1], ImageReader(max_pixels=10**9))
    read_cells(column[1:], AudioReader())
    assert warnings.filters == filters
    assert PIL.Image.MAX_IMAGE_PIXELS == limit
    os.write(2, b"heard")
    os._exit(0)
_, status = os.waitpid(pid, 0)
over.set()
thread.join()
assert warnings.filters == filters
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_fork_while_another_thread_reads(files, tmp_path):
    (tmp_path / "a.tif").write_bytes(files["image"][-1])
    (tmp_path / "b.mp3").write_bytes(files["audio"][3])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKING, "a.tif", "b.mp3"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "heard")


# ------------------------------------------------------------------------ at any moment

READING = """
import os, signal, sys, time, warnings
import numpy as np, pandas as pd
import PIL.Image
from skmm.io import AudioReader, ImageReader, VideoReader, read_cells
from skmm.io import _quiet

# Jobs in the background, and what they start, are deaf to Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
kind, n_interrupts, *paths = sys.argv[1:]
reader = {"image": ImageReader, "audio": AudioReader, "video": VideoReader}[kind]()
column = pd.Series(paths)
lost = []
sys.unraisablehook = lambda error: lost.append(repr(error))

def surroundings():
    return (
        sorted(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0,
        # Of the filters only ours: scikit-learn's Parallel sets them for each call.
        os.fstat(2).st_ino, ("ignore", None, Warning, None, 0) in warnings.filters,
        PIL.Image.MAX_IMAGE_PIXELS,
        list(_quiet.no_stderr._inside), list(_quiet.no_warnings._inside),
        signal.getsignal(signal.SIGINT),
    )

def tell(word):
    os.write(1, word + b"\\n")

def read():
    return read_cells(column, reader, errors="missing", progress=False)

expected, missing = read()
assert not missing.any()
start = time.perf_counter()
read()
tell(b"%f" % (time.perf_counter() - start))
around = surroundings()
for _ in range(int(n_interrupts)):
    end = b"lost"
    try:
        tell(b"start")
        results, missing = read()
        for result, wanted in zip(results, expected):
            if result is None or not np.array_equal(result, wanted):
                tell(b"wrong: a good row was taken for missing")
        for _ in range(1000):
            time.sleep(0.01)
    except KeyboardInterrupt:
        end = b"ended"
    if (found := surroundings()) != around:
        end = b"wrong: " + repr((found, around)).encode().replace(b"\\n", b" ")
    if lost:
        end = b"wrong: " + repr(lost).encode()
    tell(end)
results, missing = read()
assert all(map(np.array_equal, results, expected))
"""


def send_interrupts(kind, n_interrupts, files, folder):
    """Return what each of so many interrupts of a reading process has come to."""
    paths = []
    for i, content in enumerate(files[kind]):
        paths.append(folder / f"{kind}{i}")
        paths[-1].write_bytes(content)
    rng = random.Random(0)
    program = [sys.executable, "-c", READING, kind, str(n_interrupts), *map(str, paths)]
    # Without a buffer, or select would not see what is in it already.
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "bufsize": 0}
    with subprocess.Popen(program, **pipes) as process:

        def hear():
            assert select.select([process.stdout], [], [], 60)[0], "it hangs"
            return process.stdout.readline().decode().strip()

        try:
            duration = float(hear())
            ends = []
            while len(ends) < n_interrupts and (word := hear()):
                if word != "start":
                    ends.append(word)
                    continue
                # Nothing is waited for but the moment of the interrupt.
                select.select([], [], [], rng.uniform(0, duration))
                os.kill(process.pid, signal.SIGINT)
            errors = process.communicate(timeout=60)[1].decode()
        finally:
            process.kill()
    assert errors == "", ends
    return ends


def check_interrupts(kind, n_interrupts, files, folder):
    ends = send_interrupts(kind, n_interrupts, files, folder)
    assert ends == ["ended"] * n_interrupts


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@each_kind
def test_interrupts_at_some_moments(kind, files, tmp_path):
    check_interrupts(kind, 10, files, tmp_path)


@pytest.mark.slow  # some minutes
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@each_kind
def test_600_interrupts_at_any_moment(kind, files, tmp_path):
    check_interrupts(kind, 200, files, tmp_path)
