"""The page that predicts one row in a browser."""

import base64
import hashlib
import html
import re
from pathlib import Path

_SOURCE = Path(__file__).with_name("page.html")


def make_page(title):
    """Return the page, and the policy by which a browser runs nothing else.

    Parameters
    ----------
    title : str

    Returns
    -------
    page : str
    policy : str
        Value of the header Content-Security-Policy: scripts and styles are allowed by
        their hashes, and requests to the page's own server alone.
    """
    page = _SOURCE.read_text(encoding="utf-8")
    page = page.replace("{{ title }}", html.escape(title))
    script, style = (
        _hash(re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)[1])
        for tag in ("script", "style")
    )
    policy = (
        f"default-src 'none'; script-src '{script}'; style-src '{style}'; "
        "connect-src 'self'; img-src blob: data:; media-src blob:; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    return page, policy


def _hash(text):
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
