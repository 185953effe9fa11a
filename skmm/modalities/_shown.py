"""The table of what was found in a frame: as text, and as HTML for notebooks."""

from __future__ import annotations

import html
import itertools

from skmm._utils.markup import shorten, some_of
from skmm._utils.svg import histogram
from skmm.modalities._looks import Look

#: More rows than these are counted, not shown.
_MAX_ROWS = 60
_MAX_MODALITIES = 10
#: From so many like columns in a row on, they have one row together.
_MANY = 5

#: Of the colour of the page's text, on whatever lies behind: it needs no dark mode.
_STYLE = """<style>
.skmm-found { overflow-x: auto; }
.skmm-found table { border-collapse: collapse; font-size: 0.9em; }
.skmm-found tr:nth-child(n) { background: transparent; }
.skmm-found tr > :is(td, th) { color: inherit; text-align: left; vertical-align: middle;
  padding: 0.25em 0.8em; border: none;
  border-bottom: 1px solid rgba(127, 127, 127, 0.35); }
.skmm-found .skmm-muted { opacity: 0.7; }
.skmm-found .skmm-bar { display: inline-block; width: 4em; height: 0.5em;
  margin-right: 0.5em; background: rgba(127, 127, 127, 0.25); }
.skmm-found .skmm-bar > span { display: block; height: 100%; background: #D55E00; }
.skmm-found img { display: block; max-width: 48px; max-height: 48px; }
.skmm-found caption { caption-side: bottom; text-align: left; padding: 0.4em 0.8em;
  color: inherit; }
</style>"""


def as_text(found):
    """Return the table as lines of text, and a line that sums it up.

    Parameters
    ----------
    found : Modalities
    """
    rows, n_more = some_of(_rows(found), _MAX_ROWS)
    with_notes = any(entry.note for entry in found.columns_)
    lines = [("column", "dtype", "modality", "kind", "reader", "reason", "missing")]
    lines[0] += ("example",) + ("note",) * with_notes
    for name, entry, dtype, _ in rows:
        reader = "" if entry.reader is None else str(entry.reader)
        cells = name, dtype, entry.modality or "", entry.kind or "", reader
        cells += entry.reason, _percent(entry.missing), entry.example
        lines.append(cells + (entry.note,) * with_notes)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    ]
    if n_more:
        text.append(_more(n_more))
    return "\n".join(line.rstrip() for line in [*text, _sum_up(found)])


def as_html(found):
    """Return the table for a notebook.

    Parameters
    ----------
    found : Modalities
    """
    rows, n_more = some_of(_rows(found), _MAX_ROWS)
    with_notes = any(entry.note for entry in found.columns_)
    titles = ["column", "modality", "kind", "missing", "values", "example", "reason"]
    head = "".join(f"<th>{title}</th>" for title in titles + ["note"] * with_notes)
    body = []
    for name, entry, dtype, look in rows:
        kind = html.escape(entry.kind or "")
        if entry.reader is not None:
            kind += f" {_muted(shorten(entry.reader, 60))}"
        cells = [
            f"{html.escape(name)} {_muted(dtype)}",
            html.escape(entry.modality or "—"),
            kind or "—",
            _bar(entry.missing),
            _values(look),
            html.escape(entry.example),
            html.escape(entry.reason),
        ]
        cells += [html.escape(entry.note)] * with_notes
        body.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    if n_more:
        body.append(f'<tr><td colspan="{len(cells)}">{_more(n_more)}</td></tr>')
    return (
        f'{_STYLE}<div class="skmm-found"><table>'
        f"<caption>{html.escape(_sum_up(found))}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _rows(found):
    """Return name, entry, dtype and look of each row; of many like columns one row."""
    looks = found._looks or [Look()] * len(found.columns_)
    rows = []
    columns = zip(found.columns_, found._dtypes, looks, strict=True)
    for _, run in itertools.groupby(columns, _is_like):
        run = list(run)
        names = [shorten(entry.column) for entry, _, _ in run]
        if len(run) >= _MANY:
            names = [f"{names[0]} … {names[-1]} ({len(names)} columns)"]
        rows += [(name, *one) for name, one in zip(names, run)]
    return rows


def _is_like(column):
    """Return what columns of one run share in the table."""
    entry, dtype, _ = column
    shared = entry.kind, entry.modality, str(entry.reader), entry.reason, entry.note
    return *shared, dtype


def _sum_up(found):
    """Say in one line which modalities there are, and what is left over."""
    shown, n_more = some_of(found._modalities, _MAX_MODALITIES)
    parts = [
        f"{shorten(name)} ({_plural(len(columns), 'column', 'columns')})"
        for name, _, columns in shown
    ]
    parts += ["…"] * (n_more > 0)
    text = _plural(len(found), "modality", "modalities")
    text += f": {', '.join(parts)}" * bool(parts)
    if found.ignored:
        text += f"; {_plural(len(found.ignored), 'column', 'columns')} without a value"
    return text


def _plural(n, one, many):
    return f"{n:,} {one if n == 1 else many}"


def _more(n_rows):
    return f"… {n_rows:,} more rows: the attribute columns_ has all columns."


def _percent(share):
    """Return a share in percent; what is not all, or not nothing, does not look so."""
    if 0 < share < 0.005:
        return "<1 %"
    if 0.995 <= share < 1:
        return ">99 %"
    return f"{100 * share:.0f} %"


def _muted(text):
    return f'<span class="skmm-muted">{html.escape(text)}</span>'


def _bar(share):
    told = html.escape(_percent(share))
    if not share:
        return _muted(told)
    bar = f'<span style="width: {100 * share:.0f}%"></span>'
    return f'<span class="skmm-bar">{bar}</span>{told}'


def _values(look):
    """Return a histogram, or a picture."""
    if look.picture:
        return f'<img src="{look.picture}" alt="the first picture">'
    if not look.counts:
        return ""
    low, high = look.ends
    return histogram(look.counts, title=f"from {low} to {high}")
