"""Markdown of what a user's data hold: names of columns and classes are only text."""

import html
import json
import re

from skmm._utils.markup import shorten

_WORDS = {"yes", "no", "on", "off", "true", "false", "null"}
_SIGNS = re.compile(r"([\\`*_{}\[\]()#+|~!$:@])")


def escape(text, width=60):
    """Return a text in one line in which nothing is a sign of Markdown or HTML.

    Parameters
    ----------
    text : object
    width : int, default=60
        Longer texts are cut.
    """
    return _SIGNS.sub(r"\\\1", html.escape(shorten(text, width), quote=False))


def table(head, rows):
    """Return a table.

    Parameters
    ----------
    head : sequence of str
    rows : list of sequence of str
        Markdown, escaped already.
    """
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def front_matter(metadata):
    """Return the YAML that stands before a card.

    Parameters
    ----------
    metadata : dict
        Of strings and lists of strings. Of None a commented line stays, to fill in.
    """
    lines = []
    for name, value in metadata.items():
        if value is None:
            lines.append(f"# {name}:  # to be filled in by the author")
        elif isinstance(value, (list, tuple)):
            lines += [f"{name}:", *(f"- {_scalar(one)}" for one in value)]
        else:
            lines.append(f"{name}: {_scalar(value)}")
    return "\n".join(["---", *lines, "---"])


def _scalar(value):
    text = str(value)
    # Words such as "no" are values of their own in YAML.
    is_plain = re.fullmatch(r"[a-z][a-z0-9_.-]+", text) and text not in _WORDS
    return text if is_plain else json.dumps(text, ensure_ascii=False)
