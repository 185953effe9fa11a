"""A fusion report in HTML: for a notebook, and as a page of its own.

All is in the page itself: no script, no font, no picture from elsewhere.
"""

import html

import numpy as np

from skmm.model_selection._importance_section import write_importance
from skmm.model_selection._palette import KINDS

_STYLE = """
.skmm-report {
  --skmm-text: #1d2433; --skmm-faint: #5b6577; --skmm-line: #d8dde6;
  --skmm-ground: #ffffff; --skmm-band: #f3f5f9;
  color: var(--skmm-text); background: var(--skmm-ground);
  font: 14px/1.45 system-ui, sans-serif; padding: 1em; max-width: 78em;
}
@media (prefers-color-scheme: dark) {
  .skmm-report {
    --skmm-text: #e6e9ef; --skmm-faint: #a3adbd; --skmm-line: #3a4252;
    --skmm-ground: #161a22; --skmm-band: #1f2530;
  }
}
.skmm-report .skmm-head { color: var(--skmm-faint); margin: 0; }
.skmm-report .skmm-verdict {
  font-size: 1.2em; margin: .4em 0 .9em; padding: .5em .8em;
  background: var(--skmm-band); border-left: 4px solid var(--skmm-answer);
}
.skmm-report .skmm-wide { overflow-x: auto; }
.skmm-report table {
  border-collapse: collapse; color: inherit; background: none; margin: 0;
}
.skmm-report th, .skmm-report td {
  padding: .25em .7em; border-bottom: 1px solid var(--skmm-line);
  text-align: left; white-space: nowrap; background: none; color: inherit;
}
.skmm-report th { color: var(--skmm-faint); font-weight: 600; }
.skmm-report .skmm-number { text-align: right; font-variant-numeric: tabular-nums; }
.skmm-report .skmm-better { font-weight: 700; }
.skmm-report svg { display: block; color: var(--skmm-text); }
.skmm-report ul { color: var(--skmm-faint); padding-left: 1.2em; margin: .8em 0 0; }
.skmm-report .skmm-legend { color: var(--skmm-faint); margin: .8em 0 0; }
.skmm-report .skmm-legend svg { display: inline; vertical-align: -.2em; }
.skmm-report h2 { font-size: 1.2em; margin: 1.6em 0 .5em; }
"""

#: Beside the verdict: green, grey and amber that differ in lightness, too.
_ANSWERS = {"yes": "#009e73", "no": "#8a94a6", "unclear": "#e69f00"}

_WIDTH, _HEIGHT, _PAD = 260, 22, 6

_TEXT_COLUMNS = (0, 1, 4)


def write_page(report, importance=None, explanation=None):
    """Return a whole page.

    Parameters
    ----------
    report : FusionReport
    importance : Bunch, default=None
    explanation : RowExplanation, default=None

    Returns
    -------
    page : str
    """
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        "<title>Does fusion help?</title>\n"
        # Else a browser asks the server for one.
        '<link rel="icon" href="data:,">\n'
        "<style>body { margin: 0; background: #ffffff; }\n"
        "@media (prefers-color-scheme: dark) { body { background: #161a22; } }\n"
        f"</style>\n</head>\n<body>\n{write_fragment(report)}"
        f"{_sections(importance, explanation)}</body>\n</html>\n"
    )


def write_fragment(report):
    """Return what a notebook shows.

    Parameters
    ----------
    report : FusionReport

    Returns
    -------
    fragment : str
    """
    head, *rows = report._table()
    scale = _Scale(report)
    strips = [scale.strip(one) for _, one in report.results_.iterrows()]
    better = set(report.comparisons["model"][report.comparisons["better"]])
    body = "".join(_row(row, strip, better) for row, strip in zip(rows, strips))
    names = list(head)
    names.insert(2, report.scoring)
    columns = [0, 1, None, *range(2, len(head))]
    heads = "".join(f"<th{_css(i)}>{_escape(n)}</th>" for i, n in zip(columns, names))
    notes = "".join(f"<li>{_escape(note)}</li>" for note in report._all_notes())
    return (
        f"<style>{_STYLE}</style>\n"
        '<div class="skmm-report" '
        f'style="--skmm-answer: {_ANSWERS[report.answer]}">\n'
        f'<p class="skmm-head">{_escape(report._headline())}</p>\n'
        f'<p class="skmm-verdict">{_escape(report.verdict)}</p>\n'
        f'<div class="skmm-wide"><table><thead><tr>{heads}</tr></thead>\n'
        f"<tbody>{body}</tbody></table></div>\n"
        f'<p class="skmm-legend">{_legend(report)}</p>\n'
        + (f"<ul>{notes}</ul>\n" if notes else "")
        + "</div>\n"
    )


def _sections(importance, explanation):
    """Return what was found about one fitted estimator."""
    sections = []
    if importance is not None:
        sections.append(write_importance(importance))
    if explanation is not None:
        shown = explanation._repr_html_()
        sections.append(f"<h2>One prediction, explained</h2>\n{shown}")
    return f'<div class="skmm-report">\n{"".join(sections)}</div>\n' if sections else ""


def _row(cells, strip, better):
    css = ' class="skmm-better"' if cells[0] in better else ""
    found = [f"<td{_css(i)}>{_escape(cell)}</td>" for i, cell in enumerate(cells)]
    found.insert(2, f"<td>{strip}</td>")
    return f"<tr{css}>{''.join(found)}</tr>\n"


def _css(i):
    is_text = i is None or i in _TEXT_COLUMNS
    return "" if is_text else ' class="skmm-number"'


def _legend(report):
    kinds = list(dict.fromkeys(report.results_["kind"]))
    shown = [kind for kind in KINDS if kind in kinds]
    marks = [
        f'<svg width="14" height="14" aria-hidden="true">{_mark(kind, 7, 7)}</svg> '
        f"{KINDS[kind].label}"
        for kind in shown
    ]
    return (
        f"{' &#160; '.join(marks)}. Ticks are folds, a bar is the mean's interval, the "
        f"dashed line is {_escape(report.best_single)} alone."
    )


class _Scale:
    """Where scores lie on the strips, which all have one scale."""

    def __init__(self, report):
        results = report.results_
        self.folds = [c for c in results if c.startswith("split")]
        scores = results[self.folds].to_numpy()
        # Intervals of few folds may be far wider than all scores: they are cut.
        low, high = scores.min(), scores.max()
        room = 0.05 * (high - low) or 1.0
        self.low, self.high = low - room, high + room
        best = results[results["model"] == report.best_single]
        self.best = self.place(best["mean"].iloc[0])

    def place(self, score):
        share = (score - self.low) / (self.high - self.low)
        return float(_PAD + np.clip(share, 0, 1) * (_WIDTH - 2 * _PAD))

    def strip(self, row):
        middle, colour = _HEIGHT / 2, KINDS[row["kind"]].colour
        folds = "".join(
            f'<path d="M{x:.1f} {middle - 5}v10" stroke="currentColor" opacity=".45"/>'
            for x in map(self.place, row[self.folds])
        )
        low, high = self.place(row["low"]), self.place(row["high"])
        told = f"mean {row['mean']:.4g}, interval {row['low']:.4g} to {row['high']:.4g}"
        return (
            f'<svg width="{_WIDTH}" height="{_HEIGHT}" role="img" '
            f'aria-label="{_escape(told)}"><title>{_escape(told)}</title>'
            f'<path d="M{self.best:.1f} 0V{_HEIGHT}" stroke="currentColor" '
            'stroke-dasharray="2 3" opacity=".6"/>'
            f'<path d="M{low:.1f} {middle}H{high:.1f}" stroke="{colour}" '
            f'stroke-width="3"/>{folds}'
            f"{_mark(row['kind'], self.place(row['mean']), middle)}</svg>"
        )


def _mark(kind, x, y):
    points = KINDS[kind].outline
    style = f'fill="{KINDS[kind].colour}" stroke="currentColor" stroke-width=".8"'
    if points is None:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" {style}/>'
    path = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in points)
    return f'<polygon points="{path}" {style}/>'


def _escape(text):
    return html.escape(str(text))
