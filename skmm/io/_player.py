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
#: Frames that decoders keep, at least and at most: those that others refer to, and
#: those that are shown later than they are stored.
_KEPT = {"h264": (2, 34), "hevc": (2, 34), "vp9": (9, 12), "av1": (9, 12)}
_KEPT_ELSE = (3, 5)
#: Of the frames that wait, those that lie where others did that have been seen.
_REUSED = 2
#: Bytes a pixel of motion, which they keep with each frame.
_MOTION = {"h264": 0.55, "hevc": 0.6, "vp9": 0.3, "av1": 0.5}
_MOTION_ELSE = 0.5
#: Bytes a pixel, where no frame tells yet: one of brightness, half a one of colour.
_PLANAR = 1.5
#: Pixels up to which no decoder keeps much.
_SMALL = 1 << 20
#: Pixels above which a frame is not copied more often than need be.
_LARGE = 1 << 22


def video_stream(container):
    """Return the first stream of moving pictures, which a cover is not."""
    for stream in container.streams.video:
        if "attached_pic" not in str(stream.disposition):
            # It is reading cells in parallel that keeps all processors busy.
            with_codec(stream).codec_context.thread_count = 1
            return stream
    raise CellError("it holds no moving pictures.")


def header_span(container, stream):
    """Return start and end in the stream's unit of time; None if no header tells."""
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
    """Return start and end from all packets, without decoding them.

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
    check_memory : callable
        Called with the bytes that the decoder keeps, and with what has the frames'
        width and height, before it takes any and when they become more.
    """

    def __init__(self, container, stream, span, check_memory):
        self._container, self._stream = container, stream
        self._check_memory, self.n_bytes = check_memory, 0
        self._buffers, self._size_of_frame = set(), None
        self._start, self._end = span
        self._second = 1 / fractions.Fraction(stream.time_base or 1)
        self._n_frames, self._shown = 0, None
        self._play()
        if self._next is None:
            raise CellError("it holds no frames.")

    def at(self, time):
        """Return the frame that is shown at a time."""
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
        self._frames = self._decode()
        self._advance()

    def _decode(self):
        n_waiting, context = 0, self._stream.codec_context
        for packet in self._container.demux(self._stream):
            n_waiting += packet.size > 0
            is_counted = context.width * context.height > _SMALL
            if is_counted:
                self._count_memory(n_waiting, context)
            for frame in packet.decode():
                n_waiting = max(0, n_waiting - 1)
                if is_counted:
                    self._buffers.add(frame.planes[0].buffer_ptr)
                    sizes = [plane.buffer_size for plane in frame.planes]
                    self._size_of_frame = sum(sizes)
                yield frame

    def _count_memory(self, n_waiting, context):
        """Tell what the decoder keeps: frames seen to be reused, and not seen yet."""
        codec, n_pixels = context.codec.canonical_name, context.width * context.height
        least, most = _KEPT.get(codec, _KEPT_ELSE)
        n_seen = len(self._buffers)
        n_new = max(n_waiting - min(_REUSED, n_seen), 0)
        n_frames = min(max(n_seen + n_new, least), most)
        n_bytes = self._size_of_frame or _PLANAR * n_pixels
        n_bytes = n_frames * (n_bytes + _MOTION.get(codec, _MOTION_ELSE) * n_pixels)
        if n_bytes > self.n_bytes:
            self._check_memory(n_bytes, context)
            self.n_bytes = n_bytes

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
    """Return a frame as an array (height, width, 3), upright and on white."""
    # One thread, as for decoding: to start several takes longer than a frame does.
    has_alpha = any(component.is_alpha for component in frame.format.components)
    format = "rgba" if has_alpha else "rgb24"
    if frame.width * frame.height <= _LARGE:
        pixels = frame.to_ndarray(format=format, threads=1)
    else:
        pixels = _view_of(frame.reformat(format=format, threads=1))
    pixels = on_white(pixels) if has_alpha else pixels
    return np.rot90(pixels, round(frame.rotation / 90))


def _view_of(frame):
    """Return the pixels of a packed frame where they are."""
    (plane,) = frame.planes
    n_channels = 4 if frame.format.name == "rgba" else 3
    shape = frame.height, frame.width, n_channels
    strides = plane.line_size, n_channels, 1
    return np.ndarray(shape, np.uint8, buffer=plane, strides=strides)


def on_white(pixels):
    """Return RGBA pixels (..., 4) as RGB on a white background."""
    white = np.empty((*pixels.shape[:-1], 3), dtype=np.uint8)
    # Some rows at once: in between, colours take four times the place.
    step = max(1, _LARGE // (16 * max(pixels[0].size, 1)))
    for start in range(0, len(pixels), step):
        rows = pixels[start : start + step]
        alpha = rows[..., 3:].astype(np.uint16)
        blended = rows[..., :3] * alpha + 255 * (255 - alpha)
        white[start : start + step] = (blended + 127) // 255
    return white
