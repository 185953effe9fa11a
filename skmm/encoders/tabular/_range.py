"""How new rows of a table lie to those that its encoder was fitted on."""

import numpy as np

from skmm.encoders._base import Comparison

#: The distance of the quartiles of a normal column, in standard deviations.
_QUARTILES = 1.349


def compare_table(X, places, edges, center, scale, block):
    """Compare new rows of a table with the fitted ones, column by column.

    Parameters
    ----------
    X : DataFrame
        The new rows.
    places : (list of int, list of int)
        The column of each number, and of each code.
    edges : list of ndarray
        Of the fitted bins of each number, in units of its scale.
    center, scale : ndarray of shape (n_numbers,)
    block : Block
        What the encoder made of X: scaled numbers, and codes (0 missing, 1 unknown).

    Returns
    -------
    comparisons : list of Comparison
        Of the columns that have cells here.
    """
    numbers, codes = (block[i].cpu().numpy() for i in range(2))
    found = {}
    for j, place in enumerate(places[0]):
        one = _compare_numbers(numbers[:, j], edges[j], center[j], scale[j])
        if one is None:
            continue
        if places[0].count(place) > 1:  # parts of a date: the one that is farthest out
            one = one._replace(spread=None, what="dates outside the fitted range")
            if place in found and found[place].outside >= one.outside:
                continue
        found[place] = one._replace(column=X.columns[place])
    for j, place in enumerate(places[1]):
        cells = codes[:, j][codes[:, j] > 0]
        if len(cells):
            what = "categories that the fit did not have, or hardly"
            found[place] = Comparison(
                X.columns[place], float((cells == 1).mean()), len(cells), what
            )
    return [found[place] for place in sorted(found)]


def _compare_numbers(numbers, edges, center, scale):
    seen = numbers[~np.isnan(numbers)]
    if not len(seen):
        return None
    if not len(edges):  # missing in all fitted rows
        what = "numbers where the fit had none"
        return Comparison(None, 1.0, len(seen), what, is_ordered=True)
    outside = (seen < edges[0]) | (seen > edges[-1])
    low, high = (center + scale * float(edge) for edge in (edges[0], edges[-1]))
    what = f"numbers outside the fitted range, {low:.6g} to {high:.6g}"
    low, high = np.quantile(seen, [0.25, 0.75])
    spread = (high - low) / _QUARTILES if high > low and len(edges) > 1 else None
    return Comparison(None, float(outside.mean()), len(seen), what, spread, True)
