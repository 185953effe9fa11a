"""The linear head as a graph over sparse features."""

import numpy as np


def add_linear(graph, head, inputs):
    """Add the linear head to a graph; return its logits, float64 (n_rows, n_logits).

    Each row is summed by itself: what one row holds, as infinite as it may be, does not
    reach the others.

    Parameters
    ----------
    graph : Graph
    head : LinearHead
        Fitted.
    inputs : tuple of str
        The names of indices, values and offsets.
    """
    indices, values, offsets = inputs
    # A table without rows cannot be looked up.
    coef = head.coef_ if len(head.coef_) else np.zeros((1, head.coef_.shape[1]))
    weights = graph.add("Gather", graph.constant(coef), indices)
    values = graph.add("Unsqueeze", graph.cast(values, np.float64), graph.whole(1))
    products = graph.add("Mul", weights, values)
    rows = graph.rows_of_entries(offsets, indices)
    rows = graph.add("Unsqueeze", rows, graph.whole(1))
    rows = graph.add("Expand", rows, graph.add("Shape", products))
    n_rows = graph.add("Sub", graph.add("Shape", offsets), graph.whole(1))
    shape = graph.add("Concat", n_rows, graph.whole(coef.shape[1]), axis=0)
    start = graph.add("Expand", graph.constant(head.intercept_[None]), shape)
    return graph.add("ScatterElements", start, rows, products, axis=0, reduction="add")
