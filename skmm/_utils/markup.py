"""Pieces of HTML for notebooks: escaped, and short whatever a user's data hold."""

from __future__ import annotations

import html


def shorten(text, width=40):
    """Return a text in one line, of so many characters at most.

    Parameters
    ----------
    text : object
    width : int, default=40
    """
    text = text if isinstance(text, str) else str(text)
    text = " ".join(text[: 4 * width].split())
    return text if len(text) <= width else text[: width - 1] + "…"


def some_of(things, most):
    """Return the first of many things, and how many are left out.

    Parameters
    ----------
    things : sequence
    most : int
        Of one more all are returned: a line that says so would be as long.
    """
    if len(things) <= most + 1:
        return list(things), 0
    return list(things[:most]), len(things) - most


def table(rows, *, head=None):
    """Return a table.

    Parameters
    ----------
    rows : list of sequence of str
        HTML, escaped already.
    head : sequence of str, default=None
        The titles of the columns, which are escaped here.
    """
    top = ""
    if head is not None:
        cells = "".join(f"<th>{html.escape(title)}</th>" for title in head)
        top = f"<thead><tr>{cells}</tr></thead>"
    body = "".join(
        "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table>{top}<tbody>{body}</tbody></table>"
