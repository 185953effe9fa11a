"""From the heads' logits to what is predicted, as a graph."""

import numpy as np

_LARGEST = np.finfo(np.float64).max


def add_mixture(graph, mixture, logits, presents, prior):
    """Add the mixture of the heads; return its logits, float64 (n_rows, n_logits).

    A row without any modality, or of which a head makes what is not a number, gets the
    prior.

    Parameters
    ----------
    graph : Graph
    mixture : Mixture
    logits : dict of str to str
        The heads' logits.
    presents : list of str
        Of each modality, which rows have it.
    prior : ndarray of shape (n_logits,)
    """
    shifts = np.empty(len(prior))
    weights = {head: np.empty(len(prior)) for head in logits}
    for j, group in enumerate(mixture.groups):
        shifts[group] = mixture.shifts[j]
        for head in logits:
            weights[head][group] = mixture.weights[j, mixture.heads.index(head)]
    mixed = graph.constant(shifts[None])
    for head, some in logits.items():
        part = graph.add("Mul", some, graph.constant(weights[head][None]))
        mixed = graph.add("Add", mixed, part)
    size = graph.add("Abs", mixed)
    finite = graph.add("LessOrEqual", size, graph.real(_LARGEST))
    finite = graph.cast(finite, np.int32)
    finite = graph.add("ReduceMin", finite, graph.whole(1), keepdims=1)
    known = presents[0]
    for present in presents[1:]:
        known = graph.add("Or", known, present)
    known = graph.add("Unsqueeze", known, graph.whole(1))
    known = graph.add("And", known, graph.cast(finite, bool))
    return graph.add("Where", known, mixed, graph.constant(prior[None]))


def add_mean(graph, logits):
    """Add the mean of several learners' logits.

    Parameters
    ----------
    graph : Graph
    logits : list of str
    """
    if len(logits) == 1:
        return logits[0]
    return graph.add("Div", graph.add("Sum", *logits), graph.real(len(logits)))


def add_outputs(graph, targets, logits):
    """Let what is predicted be the outputs of the graph.

    Parameters
    ----------
    graph : Graph
    targets : ClassificationTargets or RegressionTargets
    logits : str
    """
    graph.output("logits", logits, np.float64, ("n", targets.n_logits))
    if not targets.is_classification:
        _add_numbers(graph, targets, logits)
    elif targets.kind == "ordinal":
        _add_ordinal(graph, logits, targets.n_logits)
    elif targets.is_sigmoid:
        _add_sigmoid(graph, targets, logits)
    else:
        _add_softmax(graph, targets, logits)


def _add_sigmoid(graph, targets, logits):
    positive, n_columns = graph.add("Sigmoid", logits), targets.n_logits
    if targets.kind == "binary":
        negative = graph.add("Sub", graph.real(1.0), positive)
        positive = graph.add("Concat", negative, positive, axis=1)
        n_columns = 2
    graph.output("probabilities", positive, np.float64, ("n", n_columns))
    above = graph.add("Greater", logits, graph.real(0.0))
    labels = graph.cast(above, np.int64)
    graph.output("labels", labels, np.int64, ("n", targets.n_logits))


def _add_softmax(graph, targets, logits):
    labels = []
    for j, group in enumerate(targets.groups):
        some = graph.columns(logits, group.start, group.stop)
        name = (
            f"probabilities.{j}" if targets.kind == "multioutput" else "probabilities"
        )
        size = group.stop - group.start
        found = graph.add("Softmax", some, axis=1)
        graph.output(name, found, np.float64, ("n", size))
        labels.append(graph.add("ArgMax", some, axis=1, keepdims=1))
    labels = graph.add("Concat", *labels, axis=1)
    graph.output("labels", labels, np.int64, ("n", len(targets.groups)))


def _add_ordinal(graph, logits, n_logits):
    # Above a higher threshold less can lie.
    above = graph.add("Sigmoid", logits)
    above, _ = graph.add_many("TopK", 2, above, graph.whole(n_logits), axis=1)
    rows = graph.add("Shape", logits, start=0, end=1)
    shape = graph.add("Concat", rows, graph.whole(1), axis=0)
    ends = [
        graph.add("Expand", graph.constant(np.full((1, 1), end)), shape)
        for end in (1.0, 0.0)
    ]
    higher = graph.add("Concat", ends[0], above, axis=1)
    lower = graph.add("Concat", above, ends[1], axis=1)
    found = graph.add("Sub", higher, lower)
    graph.output("probabilities", found, np.float64, ("n", n_logits + 1))
    is_above = graph.add("Greater", logits, graph.real(0.0))
    is_above = graph.cast(is_above, np.int64)
    labels = graph.add("ReduceSum", is_above, graph.whole(1), keepdims=1)
    graph.output("labels", labels, np.int64, ("n", 1))


def _add_numbers(graph, targets, logits):
    constant = graph.constant(np.asarray(targets.is_constant, bool)[None])
    y = graph.add("Where", constant, graph.real(0.0), logits)
    if targets.loss == "poisson":
        y = graph.add("Exp", y)
    y = graph.add("Mul", y, graph.constant(np.float64(targets.scale)[None]))
    y = graph.add("Add", y, graph.constant(np.float64(targets.centre)[None]))
    # In two steps: twice the exponent of a number may be beyond all numbers.
    half = targets.exponent // 2
    for exponent in (half, targets.exponent - half):
        y = graph.add("Mul", y, graph.constant(np.ldexp(1.0, exponent)[None]))
    y = graph.add("Clip", y, graph.real(-_LARGEST), graph.real(_LARGEST))
    n_columns = targets.n_columns
    n_outputs = targets.n_logits // n_columns
    if n_columns > 1:
        y = graph.add("Reshape", y, graph.whole(-1, n_outputs, n_columns))
        k = graph.whole(n_columns)
        y, _ = graph.add_many("TopK", 2, y, k, axis=2, largest=0)
        graph.output("quantiles", y, np.float64, ("n", n_outputs, n_columns))
        y = _add_middle(graph, y, targets.criterion.quantiles)
    graph.output("predictions", y, np.float64, ("n", n_outputs))


def _add_middle(graph, y, quantiles):
    """Add the quantile nearest the median; the mean of two that are as near."""
    distance = np.abs(np.asarray(quantiles) - 0.5)
    nearest = np.flatnonzero(distance <= distance.min() + 1e-9)
    y = graph.add("Gather", y, graph.constant(nearest), axis=2)
    y = graph.add("Div", y, graph.real(len(nearest)))
    return graph.add("ReduceSum", y, graph.whole(2), keepdims=0)
