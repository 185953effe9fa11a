"""What each modality brings, as a section of a report's page."""

import html

import numpy as np

from skmm._utils.svg import COLORS

_WIDTH, _HEIGHT, _PAD = 260, 22, 6
#: Pairs that are told, those of the largest magnitude.
_N_PAIRS = 3
_METHODS = {
    "shapley": "Shapley values, the mean gain over all orders in which the modalities "
    "can be added: they sum to the score minus that of the prior",
    "ablation": "what is lost without the modality",
    "permutation": "what is lost if the modality is shuffled among the rows",
}


def write_importance(result):
    """Return the section.

    Parameters
    ----------
    result : Bunch
        That of `modality_importance`.
    """
    mean = np.asarray(result.importances_mean, dtype=float)
    intervals = result.get("importances_interval")
    if intervals is None:
        std = np.asarray(result.importances_std, dtype=float)
        intervals = np.column_stack([mean - std, mean + std])
    intervals = np.where(np.isfinite(intervals), intervals, mean[:, None])
    ends = np.r_[0.0, mean, intervals.ravel()]
    low, high = ends.min(), ends.max()
    spread = (high - low) or 1.0

    def place(value):
        return _PAD + (value - low) / spread * (_WIDTH - 2 * _PAD)

    rows = "".join(
        f"<tr><td>{html.escape(str(result.names[i]))}</td>"
        f'<td class="skmm-number">{mean[i]:+.3g}</td>'
        f"<td>{_bar(mean[i], intervals[i], place)}</td></tr>\n"
        for i in np.argsort(-mean, kind="stable")
    )
    score = f"{html.escape(result.scoring)}: {result.score:.4g}"
    if "baseline_score" in result:
        score += f" with all modalities, {result.baseline_score:.4g} with none"
    return (
        "<h2>What each modality brings</h2>\n"
        f'<p class="skmm-head">{score}</p>\n'
        f'<div class="skmm-wide"><table><tbody>{rows}</tbody></table></div>\n'
        f'<p class="skmm-legend">Bars are {_METHODS[result.method]}. Lines are '
        f"intervals.</p>\n{_tell_pairs(result)}"
    )


def _bar(value, interval, place):
    zero, end, middle = place(0.0), place(value), _HEIGHT / 2
    low, high = map(place, interval)
    told = f"{value:.4g}, interval {interval[0]:.4g} to {interval[1]:.4g}"
    return (
        f'<svg width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-label="{told}">'
        f"<title>{told}</title>"
        f'<rect x="{min(zero, end):.1f}" y="4" width="{abs(end - zero):.1f}" '
        f'height="{_HEIGHT - 8}" fill="{COLORS[0] if value >= 0 else COLORS[1]}"/>'
        f'<path d="M{low:.1f} {middle}H{high:.1f}" stroke="currentColor" '
        'stroke-width="1.5"/>'
        f'<path d="M{zero:.1f} 0V{_HEIGHT}" stroke="currentColor" opacity=".6"/></svg>'
    )


def _tell_pairs(result):
    """Return what the largest interactions say, in words."""
    pairs = result.get("interactions")
    if pairs is None or len(result.names) < 2:
        return ""
    rows, columns = np.tril_indices(len(result.names), -1)
    values = pairs[rows, columns]
    told = []
    for k in np.argsort(-np.abs(values), kind="stable")[:_N_PAIRS]:
        first, second = result.names[columns[k]], result.names[rows[k]]
        what = "tell more together" if values[k] > 0 else "say partly the same"
        names = f"{html.escape(str(first))} and {html.escape(str(second))}"
        told.append(f"<li>{names} {what}: interaction {values[k]:+.3g}</li>")
    return f"<ul>{''.join(told)}</ul>\n"
