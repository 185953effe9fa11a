"""Errors for columns that no modality can read."""

from collections import Counter

from skmm._data.frames import show_label

REMEDY_OF_MIXED_MEDIA = (
    "Give each kind a column of its own, with None where a row has none: "
    "X['<kind>'] = X[{0!r}].where(<rows of that kind>)."
)


def mixed_types(series, label, per_row, remedy):
    """Build the error for a column whose rows disagree."""
    counts = Counter(per_row)
    # By name where counts are equal: the message must not depend on row order.
    ranked = sorted(counts, key=lambda kind: (-counts[kind], kind))
    told = ", ".join(f"{counts[kind]} rows hold {kind}" for kind in ranked)
    example = show_label(series.index, per_row.index(ranked[-1]))
    return ValueError(
        f"Column {label!r} mixes types: {told} (for example row {example}). "
        + remedy.format(label)
    )


def unreadable(label, what, remedy):
    """Build the error for a column that holds what nothing here can read."""
    return ValueError(
        f"Column {label!r} {what}, which no modality can read. Remedy: {remedy}."
    )
