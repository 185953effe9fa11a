"""Containers of sound and moving pictures, with PyAV."""

import contextlib

from skmm._utils.optional import optional_import
from skmm.io._interrupts import held_signals
from skmm.io._source import CellError

#: Those that hold what they play. Playlists and descriptions of streams (HLS, DASH,
#: concat, SDP) would have libav open other files and addresses.
_FORMATS = (
    "mov,matroska,avi,mpegts,mpeg,mpegvideo,flv,gif,apng,ogg,asf,h264,hevc,m4v,ivf,"
    "av1,obu,dv,mxf,rm,nut,mjpeg,mp3,aac,ac3,eac3,amr,wav,w64,aiff,au,caf,flac,ape,wv,"
    "tta,webp,webp_anim"
)


@contextlib.contextmanager
def open_container(file, extra):
    """Open a binary file with PyAV.

    Parameters
    ----------
    file : seekable binary file
    extra : str
        The extra to name where PyAV is not installed.

    Yields
    ------
    container : av.container.InputContainer
    """
    av = optional_import("av", extra)
    # Tags in other encodings are no reason not to play; from 19 on they are none.
    tolerant = {"metadata_errors": "ignore"} if _major(av) < 19 else {}
    try:
        container = av.open(file, options={"format_whitelist": _FORMATS}, **tolerant)
    except (av.error.ArgumentError, av.error.InvalidDataError) as error:
        raise CellError(
            "it is damaged, or not in a format that is read with PyAV."
        ) from error
    with container:
        yield container


def with_codec(stream):
    """Return the stream, if it can be decoded at all."""
    if stream.codec_context is None:
        raise CellError("it is in a codec that is not known.")
    return stream


def decoded_blocks(container, stream):
    """Yield the samples of a stream as float32 (samples, channels)."""
    av = optional_import("av", "video")
    resampler = av.AudioResampler(format="fltp")
    for frame in container.decode(stream):
        held_signals.run_noted()
        for part in resampler.resample(frame):
            yield part.to_ndarray().T
    for part in resampler.resample(None):
        yield part.to_ndarray().T


def _major(av):
    return int(av.__version__.partition(".")[0])
