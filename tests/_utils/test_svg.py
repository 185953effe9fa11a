"""Small charts: what is drawn lies inside of them."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from skmm._utils.svg import Line, histogram, line_chart


def places(svg):
    """Return all points of lines and marks."""
    numbers = r"(-?[\d.]+) (-?[\d.]+)"
    found = [re.findall(numbers, path) for path in re.findall(r' d="([^"]+)"', svg)]
    marks = re.findall(r'cx="(-?[\d.]+)" cy="(-?[\d.]+)"', svg)
    return np.array([*sum(found, []), *marks], dtype=float)


@pytest.mark.parametrize(
    "lines",
    [
        [Line([1, 2, 3], [0.5, 0.2, 0.4], mark=(1.5, 0.1))],
        [Line([1], [0.3], mark=(1, 0.3)), Line([], [0.7])],
        [Line([], [0.7])],
        [Line([1, 2, 3], [np.nan, 1.0, np.inf])],
        [Line(np.arange(5000), np.arange(5000.0))],
        [Line([1, 2], [3.0, 3.0])],
    ],
    ids=["mark aside", "one epoch", "level", "gaps", "long", "flat"],
)
def test_all_is_inside(lines):
    svg = line_chart(lines, title="a <title>")
    ET.fromstring(svg)
    points = places(svg)
    assert len(points) and (points >= 0).all() and (points <= [340, 170]).all()
    assert len(svg) < 6000


def test_nothing_to_draw_is_no_chart():
    assert line_chart([], title="") == ""
    assert line_chart([Line([1], [np.nan])], title="") == ""


def test_a_histogram_without_counts():
    for counts in ([], [0, 0], [1]):
        ET.fromstring(histogram(counts, title="'\"<&>"))
