"""Warnings where later rows are not like those that the encoders were fitted on."""

import warnings

#: Cells of a column that are looked at together: fewer say little about a share.
MIN_CELLS = 20
#: Share of numbers outside of the fitted range from which on a batch is another one.
#: Of as few as 20 fitted rows, others like them stay below it in 95 of 100 draws.
MAX_NUMBERS_OUTSIDE = 0.3
#: Of categories and words many are new in any batch; here nearly all are.
MAX_UNKNOWN = 0.95
#: So many unknown cells, and no known one, are no accident.
MIN_UNKNOWN = 10
#: Share of unknown categories and words from which on a source does not fit.
MAX_UNKNOWN_TO_SOURCE = 0.5
#: Of the spread of the same quantity in two sets of rows, more is another unit.
MAX_SPREAD = 20.0


class Drift:
    """What batches of a training that continues have shown so far.

    It does not change: a batch gives another one.

    Parameters
    ----------
    tallies : dict of (modality, column) to (n_outside, n_cells)
        Of the cells that were too few to say anything.
    warned : frozenset of (modality, column)
    """

    def __init__(self, tallies=None, warned=frozenset()):
        self.tallies = tallies or {}
        self.warned = warned

    def after(self, comparisons):
        """Return what is known after another batch; warn once of each column.

        Parameters
        ----------
        comparisons : list of (str, Comparison)
            Names of modalities, and how the batch compares.
        """
        tallies, warned = dict(self.tallies), set(self.warned)
        for name, one in comparisons:
            key = name, one.column
            n_outside, n_cells = tallies.pop(key, (0, 0))
            n_outside += one.outside * one.n_cells
            n_cells += one.n_cells
            if key in warned:
                continue
            if n_cells < MIN_CELLS:
                tallies[key] = n_outside, n_cells
                continue
            share = n_outside / n_cells
            if share >= (MAX_NUMBERS_OUTSIDE if one.is_ordered else MAX_UNKNOWN):
                warned.add(key)
                warnings.warn(
                    f"Column {one.column!r} of modality {name!r}: {share:.0%} of "
                    f"{n_cells} cells are {one.what}. The encoders keep what they "
                    "learned from the rows of the first fit, and read all such cells "
                    "nearly alike. Let the first fit or partial_fit see rows like "
                    "these too, or fit anew.",
                    UserWarning,
                    stacklevel=2,
                )
        return Drift(tallies, frozenset(warned))


def check_unknown(comparisons):
    """Warn of columns in which predictions know no cell at all.

    Parameters
    ----------
    comparisons : list of (str, Comparison)
        Names of modalities, and how the rows compare.
    """
    for name, one in comparisons:
        if one.is_ordered or one.outside < 1 or one.n_cells < MIN_UNKNOWN:
            continue
        warnings.warn(
            f"Column {one.column!r} of modality {name!r}: all {one.n_cells} cells are "
            f"{one.what}, and tell the model nothing. Check how the column is written, "
            "and in which order the columns are.",
            UserWarning,
            stacklevel=2,
        )


def check_transfer(comparisons, verbose=False):
    """Warn of columns that the encoders of ``init=`` were not fitted for.

    Parameters
    ----------
    comparisons : list of (str, Comparison)
        Names of modalities, and how the new rows compare.
    verbose : bool, default=False
        If True, print for each column what share of it fits.
    """
    for name, one in comparisons:
        if verbose:
            print(
                f"init: column {one.column!r} of modality {name!r} fits in "
                f"{1 - one.outside:.0%} of {one.n_cells} cells; others are {one.what}"
            )
        why = None
        limit = MAX_NUMBERS_OUTSIDE if one.is_ordered else MAX_UNKNOWN_TO_SOURCE
        if one.n_cells < MIN_CELLS:
            continue
        if one.outside >= limit:
            why = f"{one.outside:.0%} of {one.n_cells} cells are {one.what}"
        elif one.spread is not None and one.spread * MAX_SPREAD < 1:
            why = f"its numbers spread {one.spread:.2g} times as far as the fitted ones"
        if why is not None:
            warnings.warn(
                f"Column {one.column!r} of modality {name!r} is not like that of the "
                f"estimator of init=: {why}. Bring it to the same unit and the same "
                "words, or leave the modality out of init= by giving it another name.",
                UserWarning,
                stacklevel=2,
            )
