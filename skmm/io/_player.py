"""Finding single frames of a clip without decoding all of it."""

import fractions

import numpy as np

from skmm.io._interrupts import held_signals
from skmm.io._libav import with_codec
from skmm.io._source import CellError

#: Seconds that are decoded before a wanted frame, since a frame may be stored later
#: than it is shown; and that are worth a jump where no index tells.
_BEFORE, _FAR = 1, 10
#: Where a jump ends at a keyframe though the index is not known beforehand. In MPEG
#: streams it ended up to 25 frames late (libavformat 62).
_JUMPABLE = ("mov", "matroska", "flv")
_MICROSECONDS = 1_000_000


def video_stream(container):
    """Give the first stream of moving pictures, which a cover is not."""
    for stream in container.streams.video:
        if "attached_pic" not in str(stream.disposition):
            # It is reading cells in parallel that keeps all processors busy.
            with_codec(stream).codec_context.thread_count = 1
            return stream
    raise CellError("it holds no moving pictures.")


def header_span(container, stream):
    """Give start and end in the stream's unit of time; None if no header tells."""
    if container.format.name.startswith("mpeg"):
        return None  # estimated from the size
    start = stream.start_time or 0
    if stream.duration:
        return start, start + stream.duration
    if container.duration and stream.time_base:
        duration = fractions.Fraction(container.duration, _MICROSECONDS)
        return start, start + int(duration / stream.time_base)
    return None


def scanned_span(container, stream, check_duration):
    """Give start and end from all packets, without decoding them.

    Where they bear no times, frames are counted instead.
    """
    start, end, n_packets = None, 0, 0
    for packet in container.demux(stream):
        held_signals.run_noted()
        if packet.size == 0:
            continue
        n_packets += 1
        if packet.pts is None:
            check_duration(n_packets / (stream.guessed_rate or 25))
            continue
        start = packet.pts if start is None else min(start, packet.pts)
        end = max(end, packet.pts + (packet.duration or 0))
        check_duration((end - start) * stream.time_base)
    return (0, n_packets) if start is None else (start, end)


class Player:
    """The frame that is shown at a time, for times that do not go back.

    Parameters
    ----------
    container : av.container.InputContainer
    stream : av.VideoStream
    span : (int, int)
        Start and end in the stream's unit of time.
    """

    def __init__(self, container, stream, span):
        self._container, self._stream = container, stream
        self._start, self._end = span
        self._second = 1 / fractions.Fraction(stream.time_base or 1)
        self._n_frames, self._shown = 0, None
        self._play()
        if self._next is None:
            raise CellError("it holds no frames.")

    def at(self, time):
        """Give the frame that is shown at a time."""
        before = int(time - _BEFORE * self._second)
        if self._next is not None and self._is_worth_a_jump(before):
            self._container.seek(before, stream=self._stream)
            self._shown = None
            self._play()
        while self._next is not None and self._next_time <= time:
            self._shown, self._shown_time = self._next, self._next_time
            self._advance()
        if self._next is None:
            self._check_end()
        return self._next if self._shown is None else self._shown

    def _play(self):
        self._frames = self._container.decode(self._stream)
        self._advance()

    def _advance(self):
        self._next = next(self._frames, None)
        held_signals.run_noted()
        if self._next is not None:
            pts = self._next.pts
            self._next_time = self._n_frames if pts is None else pts
            self._n_frames += 1

    def _is_worth_a_jump(self, time):
        """Tell whether a keyframe lies between here and there."""
        # PyAV before 17 shows no index.
        index = getattr(self._stream, "index_entries", ())
        if len(index) and len(index) == self._stream.frames:
            entry = index.search_timestamp(time)
            return entry >= 0 and index[entry].timestamp > self._next_time
        jumpable = self._container.format.name.startswith(_JUMPABLE)
        return jumpable and time - self._next_time > _FAR * self._second

    def _check_end(self):
        """Refuse a clip that ends before half of what its header says."""
        if self._shown is None:
            raise CellError("it holds no frames where its header says so.")
        length = self._end - self._start
        played = self._shown_time + (self._shown.duration or 0) - self._start
        if 2 * played < length:
            raise CellError(
                f"it ends after {float(played / self._second):,.1f} of its "
                f"{float(length / self._second):,.1f} seconds."
            )


def to_pixels(frame):
    """Give a frame as an array (height, width, 3), upright and on white."""
    # One thread, as for decoding: to start several takes longer than a frame does.
    if any(component.is_alpha for component in frame.format.components):
        pixels = on_white(frame.to_ndarray(format="rgba", threads=1))
    else:
        pixels = frame.to_ndarray(format="rgb24", threads=1)
    return np.rot90(pixels, round(frame.rotation / 90))


def on_white(pixels):
    """Give RGBA pixels (..., 4) as RGB on a white background."""
    alpha = pixels[..., 3:].astype(np.uint16)
    blended = pixels[..., :3] * alpha + 255 * (255 - alpha)
    return ((blended + 127) // 255).astype(np.uint8)
