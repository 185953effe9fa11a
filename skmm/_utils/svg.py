"""Small charts for notebooks: inline SVG without ids, scripts or links."""

from __future__ import annotations

import html
from typing import NamedTuple

import numpy as np

#: After Okabe and Ito's, for the colour-blind; the blue is lighter than theirs, so that
#: it stands out from black too.
COLORS = ("#1F82C0", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
#: The marks of matplotlib that go with them, for readers in grey.
MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")
#: Points of a line beyond these are not seen.
_MAX_POINTS = 200


class Line(NamedTuple):
    """One line of a chart.

    Attributes
    ----------
    x, y : ndarray of float of shape (n_points,)
        NaN leaves a gap. A line of one point is a level across the chart, without x.
    color : str
    title : str
        What it is, shown when the pointer rests on it.
    width : float
    dash : str
        As ``stroke-dasharray`` has it.
    mark : tuple of (float, float) or None
        A point that is marked.
    """

    x: np.ndarray
    y: np.ndarray
    color: str = "currentColor"
    title: str = ""
    width: float = 1.5
    dash: str = ""
    mark: tuple[float, float] | None = None


def line_chart(lines, *, title, width=340, height=170):
    """Return a chart of lines, with the ends of both axes labelled.

    Parameters
    ----------
    lines : list of Line
    title : str
        What the chart shows, for those who do not see it.
    width, height : int
        In pixels.

    Returns
    -------
    svg : str
        "" if there is no number to draw.
    """
    values = np.concatenate([np.asarray(one.y, dtype=float) for one in lines] or [[]])
    # A mark may lie beside its line, halfway through an epoch for example.
    values = np.r_[values, [one.mark[1] for one in lines if one.mark is not None]]
    values = values[np.isfinite(values)]
    if not len(values):
        return ""
    places = np.concatenate([np.asarray(one.x, dtype=float) for one in lines])
    places = np.r_[places, [one.mark[0] for one in lines if one.mark is not None]]
    left, right = (places.min(), places.max()) if len(places) else (0.0, 1.0)
    low, high = values.min(), values.max()
    frame = (52, 8, width - 8, height - 24)

    def to_x(x):
        share = (x - left) / (right - left) if right > left else 0.5
        return frame[0] + share * (frame[2] - frame[0])

    def to_y(y):
        share = (y - low) / (high - low) if high > low else 0.5
        return frame[3] - share * (frame[3] - frame[1])

    parts = [_axes(frame), *(_draw(one, to_x, to_y, frame) for one in lines)]
    for value in {low, high}:
        parts.append(_text(frame[0] - 4, to_y(value) + 3, "end", f"{value:.3g}"))
    for value in {left, right} if len(places) else ():
        parts.append(_text(to_x(value), height - 10, "middle", f"{value:g}"))
    return _svg(width, height, title, parts)


def histogram(counts, *, title, width=72, height=20):
    """Return bars, side by side.

    Parameters
    ----------
    counts : sequence of float
    title : str
    width, height : int
        In pixels.

    Returns
    -------
    svg : str
    """
    step, top = width / max(len(counts), 1), max([*counts, 1e-9])
    bars = []
    for i, count in enumerate(counts):
        # What is there is seen, however rare it is.
        tall = max(height * count / top, 1.0) if count else 0.0
        bars.append(
            f'<rect x="{i * step:.2f}" y="{height - tall:.2f}" '
            f'width="{step * 0.88:.2f}" height="{tall:.2f}" fill="{COLORS[0]}"/>'
        )
    return _svg(width, height, title, bars)


def sample(line, width=28, height=10):
    """Return a short piece of a line with its mark, for a legend.

    Parameters
    ----------
    line : Line
    width, height : int
        In pixels.

    Returns
    -------
    svg : str
    """
    y = height / 2
    parts = [_path(f"M0 {y}H{width}", line)]
    if line.mark is not None:
        parts.append(_circle(width / 2, y, line))
    return _svg(width, height, line.title, parts)


def _draw(line, to_x, to_y, frame):
    """Return a line, with gaps where it is not known, and its mark."""
    y = np.asarray(line.y, dtype=float)
    if not len(line.x):
        path = f"M{frame[0]} {to_y(y[0]):.1f}H{frame[2]}" if np.isfinite(y[0]) else ""
    else:
        rows = np.arange(0, len(y), max(1, len(y) // _MAX_POINTS))
        path, pen = "", "M"
        for row in sorted({*rows.tolist(), len(y) - 1}):
            if np.isfinite(y[row]):
                path += f"{pen}{to_x(line.x[row]):.1f} {to_y(y[row]):.1f}"
                pen = "L"
            else:
                pen = "M"
    drawn = _path(path, line)
    if line.mark is not None:
        drawn += _circle(to_x(line.mark[0]), to_y(line.mark[1]), line)
    return f"<g>{_title(line.title)}{drawn}</g>"


def _path(path, line):
    dash = f' stroke-dasharray="{line.dash}"' if line.dash else ""
    return (
        f'<path d="{path}" fill="none" stroke="{line.color}" '
        f'stroke-width="{line.width:g}"{dash}/>'
    )


def _circle(x, y, line):
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{line.color}"/>'


def _axes(frame):
    left, top, right, bottom = frame
    return (
        f'<path d="M{left} {top}V{bottom}H{right}" fill="none" stroke="currentColor" '
        'stroke-opacity="0.5"/>'
    )


def _text(x, y, anchor, text):
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="10" '
        f'fill="currentColor">{html.escape(text)}</text>'
    )


def _title(title):
    return f"<title>{html.escape(title)}</title>" if title else ""


def _svg(width, height, title, parts):
    return (
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label="{html.escape(title)}">{_title(title)}'
        f"{''.join(parts)}</svg>"
    )
