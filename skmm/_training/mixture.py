"""How the heads' outputs are mixed after training."""

import numpy as np
from scipy.optimize import minimize, nnls
from scipy.special import expit, log_softmax

#: Strength of the pull of the weights' sum towards 1, beside that of each weight: a
#: few dozen rows that are all predicted rightly do not say how sure one may be.
_PULL_OF_TOTAL = 3.0
#: Rows of the target's own variance that are added where the heads' errors say how
#: noisy it is: a few rows may be predicted rightly by luck.
_NOISY_ROWS = 2.0
#: Rows of unknown class that are added to the validation rows: where few of them are
#: all predicted rightly, the next one need not be.
_UNKNOWN_ROWS = 1.0


class Mixture:
    """Non-negative weights of the heads, a set for each output.

    Classification: ``logits = sum_h w_h * logits_h``; the sum of the weights is the
    inverse of the output's temperature. Regression: ``y = sum_h w_h * y_h``, of what
    the heads put out in the loss's own units.

    Parameters
    ----------
    heads : list of str
    groups : list of slice
        The outputs' places among the logits.
    weights : ndarray of shape (n_outputs, n_heads), default=None
        None stands for equal weights and a temperature of 1.

    Attributes
    ----------
    shifts : ndarray of shape (n_outputs,)
        What is added to each output, where the loss asks for it.
    """

    #: How many validation rows a pull towards equal weights stands for. It fades with
    #: the square of their share, so that thousands of rows decide alone.
    prior_rows = 150.0

    #: A head of a smaller share in every output is left out: it is not asked, and not
    #: fitted again.
    least_share = 0.05

    #: The part that heads have together which are known for the validation rows alone,
    #: while others are known for more; it counts as much as this many of these rows.
    others_share = 0.5
    held_rows = 30.0

    def __init__(self, heads, groups, weights=None):
        self.heads = list(heads)
        self.groups = groups
        if weights is None:
            weights = np.full((len(groups), len(self.heads)), 1 / len(self.heads))
        self.weights = weights
        self.shifts = np.zeros(len(groups))

    @classmethod
    def equal(cls, heads, targets):
        """Weigh all heads alike; of several tasks, those that learn each.

        Parameters
        ----------
        heads : sequence of str
        targets : ClassificationTargets, RegressionTargets or TaskTargets
        """
        if targets.tasks is None:
            return cls(heads, targets.groups)
        parts = [
            cls.equal(list(targets.heads_of(task, heads).values()), task.targets)
            for task in targets.tasks
        ]
        return cls._joined(heads, targets, parts)

    @classmethod
    def of_rows(cls, heads, rows, logits, targets):
        """Fit on validation rows where all heads' logits are known, else weigh equally.

        Parameters
        ----------
        heads : list of str
        rows : Rows or None
        logits : dict of str to ndarray of shape (n_samples, n_logits)
        targets : ClassificationTargets or RegressionTargets
        """
        known = rows is not None and set(logits) == set(heads)
        if not known or not rows.weight.sum() > 0:
            return cls.equal(heads, targets)
        codes, weight = rows.codes.cpu().numpy(), rows.weight.cpu().numpy()
        return cls.of_codes(heads, logits, codes, weight, targets)

    @classmethod
    def of_codes(cls, heads, logits, codes, weight, targets):
        """Fit where there is something to weigh; one head alone is at most shifted.

        Parameters
        ----------
        heads : list of str
        logits : dict of str to ndarray of shape (n_samples, n_logits)
        codes : ndarray of shape (n_samples, n_outputs)
        weight : ndarray of shape (n_samples,)
        targets : ClassificationTargets or RegressionTargets
        """
        if not weight.sum() > 0:
            return cls.equal(heads, targets)
        if targets.tasks is not None:
            return cls._of_tasks(heads, logits, codes, weight, targets)
        logits = {head: logits[head] for head in heads}
        if len(heads) > 1:
            return cls.fit(logits, codes, weight, targets)
        mixture = cls(heads, targets.groups)
        mixture._shift(logits, codes, weight, targets)
        return mixture

    @classmethod
    def _of_tasks(cls, heads, logits, codes, weight, targets):
        """Fit for each task on the rows that have it; put the weights together."""
        parts = []
        for task in targets.tasks:
            own, share, kept = targets.take(task, codes, weight, np.arange(len(codes)))
            served = list(targets.heads_of(task, heads).values())
            some = {head: logits[head][kept, task.logits] for head in served}
            parts.append(cls.of_codes(served, some, own, share, task.targets))
        return cls._joined(heads, targets, parts)

    @classmethod
    def _joined(cls, heads, targets, parts):
        """Put the mixtures of the tasks together: other heads have no weight there."""
        heads, weights = list(heads), []
        for one in parts:
            full = np.zeros((len(one.groups), len(heads)))
            full[:, [heads.index(head) for head in one.heads]] = one.weights
            weights.append(full)
        mixture = cls(heads, targets.groups, np.vstack(weights))
        mixture.shifts = np.concatenate([one.shifts for one in parts])
        return mixture

    @classmethod
    def fit(cls, logits, codes, weight, targets):
        """Fit on validation rows.

        Parameters
        ----------
        logits : dict of str to ndarray of shape (n_samples, n_logits)
        codes : ndarray of shape (n_samples, n_outputs)
        weight : ndarray of shape (n_samples,)
        targets : ClassificationTargets or RegressionTargets
        """
        heads = list(logits)
        stacked = np.stack([np.asarray(logits[head]) for head in heads]).astype(float)
        if targets.is_classification:
            one = _fit_sigmoid if targets.is_sigmoid else _fit_softmax
        elif targets.loss == "squared_error":
            one = _fit_least_squares
        else:
            one = _fit_numbers
        weight = weight / weight.sum()
        pull = (cls.prior_rows / (len(weight) + cls.prior_rows)) ** 2 / 2

        def fit_weights(stacked):
            found = []
            for j, group in enumerate(targets.groups):
                options = {}
                if one is _fit_numbers:
                    options["criterion"] = targets.criterion.of_column(j)
                some = stacked[:, :, group]
                found.append(one(some, codes[:, j], weight, pull, **options))
            return np.stack(found)

        mixture = cls(heads, targets.groups, fit_weights(stacked))
        shares = np.stack(list(map(np.atleast_1d, mixture.shares.values())))
        kept = shares.max(axis=1) >= cls.least_share
        if kept.any() and not kept.all():
            mixture.weights = np.zeros(mixture.weights.shape)
            mixture.weights[:, kept] = fit_weights(stacked[kept])
        mixture._shift(logits, codes, weight, targets)
        return mixture

    @classmethod
    def of_crossed(cls, crossed, crossed_rows, logits, rows, targets):
        """Fit where some heads are known for more rows than the validation rows.

        These heads are weighed among themselves by all rows that they are known for,
        and then together against the others. The others chose their epoch by the
        validation rows, which therefore say too much for them: their part is held
        near `others_share`, the closer the fewer these rows are.

        Parameters
        ----------
        crossed : dict of str to ndarray of shape (n_crossed, n_logits)
            Of rows that the heads were not fitted on.
        crossed_rows : tuple of ndarray
            Codes and weights of these rows.
        logits : dict of str to ndarray of shape (n_samples, n_logits)
            All heads', of the validation rows.
        rows : Rows
            The validation rows.
        targets : ClassificationTargets or RegressionTargets
        """
        among = cls.of_codes(list(crossed), crossed, *crossed_rows, targets)
        codes, weight = rows.codes.cpu().numpy(), rows.weight.cpu().numpy()
        others = [head for head in logits if head not in crossed]
        if not others:
            return among
        among.shifts = np.zeros(len(targets.groups))  # they are added at the end
        known = {head: logits[head] for head in crossed}
        parts = {**{head: logits[head] for head in others}, "crossed": among(known)}
        start = np.full(len(parts), cls.others_share / len(others))
        start[-1] = 1 - cls.others_share
        # In units of these shares equal weights, which a fit is pulled to, are they.
        units = start * len(parts)
        scaled = {head: unit * parts[head] for unit, head in zip(units, parts)}
        fitted = cls.fit(scaled, codes, weight, targets).weights * units
        # What is of no use even by these rows is not held.
        shares = fitted / np.maximum(fitted.sum(axis=1, keepdims=True), 1e-12)
        start = np.where(shares >= cls.least_share, start, 0)
        start /= np.maximum(start.sum(axis=1, keepdims=True), 1e-12)
        held = cls.held_rows / (len(weight) + cls.held_rows)
        weights = held * start + (1 - held) * fitted
        mixture = cls(list(logits), targets.groups)
        for h, head in enumerate(mixture.heads):
            if head in crossed:
                place = among.heads.index(head)
                mixture.weights[:, h] = weights[:, -1] * among.weights[:, place]
            else:
                mixture.weights[:, h] = weights[:, others.index(head)]
        mixture._shift(logits, codes, weight, targets)
        return mixture

    def _shift(self, logits, codes, weight, targets):
        """Add to the outputs what the loss asks for, by the errors that remain."""
        if not targets.is_classification:
            errors = codes - self(logits)
            self.shifts = targets.criterion.shift(errors, weight)

    def __call__(self, logits):
        """Mix a dict of arrays (n_samples, n_logits) into one such array.

        A head of no weight may be left out.
        """
        mixed = np.zeros(next(iter(logits.values())).shape)
        for j, group in enumerate(self.groups):
            for h, head in enumerate(self.heads):
                if head in logits:
                    mixed[:, group] += self.weights[j, h] * logits[head][:, group]
            mixed[:, group] += self.shifts[j]
        return mixed

    def of_task(self, task, targets):
        """Return the mixture of one of several tasks, over its own logits.

        Parameters
        ----------
        task : Task
        targets : TaskTargets
        """
        shown = targets.heads_of(task, self.heads)
        columns = [self.heads.index(head) for head in shown.values()]
        places = [
            j for j, group in enumerate(self.groups) if _lies_in(group, task.logits)
        ]
        weights = self.weights[np.ix_(places, columns)]
        mixture = Mixture(list(shown), task.targets.groups, weights)
        mixture.shifts = self.shifts[places]
        return mixture

    @property
    def shares(self):
        """Each head's share in the mixture: a float, or an array over the outputs."""
        total = self.weights.sum(axis=1, keepdims=True)
        shares = self.weights / np.where(total > 0, total, 1)
        if len(shares) == 1:
            shares = shares[0]
            return {head: float(share) for head, share in zip(self.heads, shares)}
        return {head: shares[:, h] for h, head in enumerate(self.heads)}


def _lies_in(inner, outer):
    return outer.start <= inner.start and inner.stop <= outer.stop


def _fit_softmax(logits, codes, weight, pull):
    known = np.zeros(logits.shape[1:])
    known[np.arange(len(codes)), codes.astype(int)] = 1
    known = _doubt(known, weight)

    def loss(w):
        log_p = log_softmax(np.tensordot(w, logits, 1), axis=1)
        slope = np.exp(log_p) - known
        gradient = np.einsum("hnk,nk,n->h", logits, slope, weight)
        return -(weight @ (known * log_p).sum(axis=1)), gradient

    return _minimize(loss, len(logits), pull)


def _fit_sigmoid(logits, codes, weight, pull):
    logits = logits[:, :, 0]
    codes = _doubt(codes, weight)

    def loss(w):
        mixed = w @ logits
        value = np.logaddexp(0, mixed) - codes * mixed
        gradient = logits @ (weight * (expit(mixed) - codes))
        return (weight * value).sum(), gradient

    return _minimize(loss, len(logits), pull)


def _doubt(codes, weight):
    """Return classes as probabilities, with what rows of unknown class have of each.

    By the rule of succession: n rows that are right leave 1 in n + 1 in doubt.
    """
    share = _UNKNOWN_ROWS / (len(codes) + _UNKNOWN_ROWS)
    return (1 - share) * codes + share * (weight @ codes)


def _minimize(loss, n_heads, pull):
    found = _minimize_pulled(loss, n_heads, pull, _PULL_OF_TOTAL)
    # No head better than none: keep equal weights rather than a constant answer.
    return found if found.sum() > 1e-3 else np.full(n_heads, 1 / n_heads)


def _minimize_pulled(loss, n_heads, pull, pull_of_total):
    """Minimise a loss of the weights, pulled towards equal ones of the sum 1."""
    equal = np.full(n_heads, 1 / n_heads)

    def pulled(w):
        value, gradient = loss(w)
        away, more = w - equal, w.sum() - 1
        value += pull * (away @ away + pull_of_total * more**2)
        return value, gradient + 2 * pull * (away + pull_of_total * more)

    bounds = [(0, None)] * n_heads
    return minimize(pulled, equal, jac=True, method="L-BFGS-B", bounds=bounds).x


def _fit_numbers(outputs, codes, weight, pull, criterion):
    outputs = outputs[:, :, 0]

    def loss(w):
        value, slope = criterion.values(w @ outputs, codes)
        return weight @ value, outputs @ (weight * slope)

    return _minimize_pulled(loss, len(outputs), pull, 0.0)


def _fit_least_squares(outputs, codes, weight, pull):
    n_heads = len(outputs)
    equal = np.full(n_heads, 1 / n_heads)
    # What rows say of the weights is in units of the noise, and so must the pull be:
    # where nearly all is predicted, small differences of the heads are sure ones.
    least = ((outputs[:, :, 0] - codes) ** 2 @ weight).min()
    n_rows = len(codes)
    noise = (n_rows * least + _NOISY_ROWS) / (n_rows + _NOISY_ROWS)
    pull = pull * min(noise, 1.0)
    root = np.sqrt(weight)
    design = np.vstack(
        [root[:, None] * outputs[:, :, 0].T, np.sqrt(pull) * np.eye(n_heads)]
    )
    target = np.concatenate([root * codes, np.sqrt(pull) * equal])
    return nnls(design, target)[0]
