"""A box of scikit-learn's diagrams, for what is not an estimator."""

from __future__ import annotations

from skmm._utils.compat import VisualBlock
from skmm._utils.markup import shorten


class Box:
    """One box of scikit-learn's diagram that stands for a part of an estimator.

    Parameters
    ----------
    name : str
    caption : str, default=None
        A line below the name.
    details : str, default=""
        The text under the fold.
    html : str, default=""
        What is shown in its place.
    part : estimator, default=None
        What it stands for: its parameters and attributes are shown as well.
    """

    def __init__(self, name, caption=None, details="", html="", part=None):
        self.name = shorten(name)
        self.caption = caption
        self.details = details
        self.html = html
        self.part = part

    @classmethod
    def around(cls, part, caption=None):
        """Return the box of an encoder or a fusion.

        Parameters
        ----------
        part : Part
        caption : str, default=None
        """
        return cls(type(part).__name__, caption, details=str(part), part=part)

    # What scikit-learn asks an estimator for, to draw it.

    def _sk_visual_block_(self):
        return VisualBlock(
            "single",
            self,
            names=self.name,
            name_details=self.details,
            name_caption=self.caption,
        )

    def _get_doc_link(self):
        return "" if self.part is None else self.part._get_doc_link()

    def _get_params_html(self, deep=True, doc_link=""):
        shown = self.html
        if self.part is not None:
            shown += self.part._get_params_html(deep, doc_link)._repr_html_inner()
        return _Html(shown)

    def _get_fitted_attr_html(self, doc_link=""):
        if self.part is None:
            return _Html("")
        return self.part._get_fitted_attr_html(doc_link)


class _Html(str):
    """HTML as scikit-learn takes that of a table of parameters."""

    def _repr_html_inner(self):
        return str(self)
