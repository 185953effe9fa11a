"""How kinds of models are drawn: colours for colour-blind eyes, and shapes for grey."""

from typing import NamedTuple

from skmm._utils.svg import COLORS


class Look(NamedTuple):
    """How a kind is drawn.

    ``marker`` is matplotlib's, ``outline`` the same for an SVG; None is a circle.
    """

    label: str
    colour: str
    marker: str
    outline: tuple[tuple[float, float], ...] | None


#: The colours' lightness differs as well, and so do the shapes.
KINDS = {
    "single": Look("one modality", COLORS[0], "o", None),
    "pair": Look("a pair", COLORS[3], "^", ((-5, 4.5), (5, 4.5), (0, -5))),
    "fusion": Look(
        "fused", COLORS[5], "s", ((-4.5, -4.5), (4.5, -4.5), (4.5, 4.5), (-4.5, 4.5))
    ),
    "baseline": Look("baseline", "#999999", "D", ((-5, 0), (0, -5), (5, 0), (0, 5))),
}
