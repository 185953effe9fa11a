"""How kinds of models are drawn: colours for colour-blind eyes, and shapes for grey."""

from typing import NamedTuple


class Look(NamedTuple):
    """How a kind is drawn.

    ``marker`` is matplotlib's, ``outline`` the same for an SVG; None is a circle.
    """

    label: str
    colour: str
    marker: str
    outline: tuple[tuple[float, float], ...] | None


#: The colours are of Okabe and Ito (Color Universal Design, 2008). Their lightness
#: differs as well, and so do the shapes.
KINDS = {
    "single": Look("one modality", "#0072B2", "o", None),
    "pair": Look("a pair", "#CC79A7", "^", ((-5, 4.5), (5, 4.5), (0, -5))),
    "fusion": Look(
        "fused", "#E69F00", "s", ((-4.5, -4.5), (4.5, -4.5), (4.5, 4.5), (-4.5, 4.5))
    ),
    "baseline": Look("baseline", "#999999", "D", ((-5, 0), (0, -5), (5, 0), (0, 5))),
}
