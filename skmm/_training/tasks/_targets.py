"""The targets of several tasks, side by side."""

import copy

import numpy as np
import torch

from skmm._utils.names import did_you_mean


class TaskTargets:
    """The targets of several tasks, side by side, some of them unknown.

    A row's codes are those of all tasks, one after the other, NaN where a task is
    unknown; so are its logits. To the net it is one target, whose loss is the sum of
    the tasks' own: of each the mean over the rows that have it, in units of what the
    best constant loses, times its factor.

    Parameters
    ----------
    tasks : list of Task
    frame : DataFrame
        Y, of the rows of the fit.
    weight : ndarray of shape (n_samples,)

    Attributes
    ----------
    factors : tensor of shape (n_tasks,) or None
        Of the tasks' losses; None stands for 1.
    groups : list of slice
        The outputs' places among the logits, of all tasks.
    serving : dict of str to (str, list of label)
        Of each head, how it is called in a task, and the tasks that it learns; for
        others it says what is likely of any row. Heads that are made enter themselves.
    """

    #: Of the outputs together: each task says it of itself.
    is_classification = False
    kind = "several tasks"
    loss = "several losses"
    n_columns = 1

    def __init__(self, tasks, frame, weight):
        self.tasks = tasks
        self.columns = frame.columns.tolist()
        self.factors = None
        self.serving = {}
        n_logits = n_codes = 0
        self.groups = []
        for task in tasks:
            task.begin(frame, weight, n_logits, n_codes)
            self.groups += [
                slice(n_logits + one.start, n_logits + one.stop)
                for one in task.targets.groups
            ]
            n_logits, n_codes = task.logits.stop, task.codes.stop
        self.n_logits, self.n_codes = n_logits, n_codes
        self._set_units(self.encode(frame), weight)

    def _set_units(self, codes, weight):
        """Learn by what each task's loss is multiplied: rows that have it are few."""
        total, self.units = weight.sum(), []
        for task in self.tasks:
            own, share = self.take(task, codes, weight)
            prior = task.targets.prior(own, share)
            logits = torch.from_numpy(np.tile(prior, (len(own), 1)))
            loss = task.targets.row_loss(logits, torch.from_numpy(own)).numpy()
            known = share.sum()
            least = (share @ loss) / known if known > 0 else 1.0
            # Of a constant nothing is lost, and nothing learned.
            unit = 1.0 / least if least > 1e-12 else 1.0
            self.units.append(float(unit * total / known) if known > 0 else 0.0)

    @property
    def has_classes(self):
        return any(
            task.is_classification and task.kind != "multilabel" for task in self.tasks
        )

    @property
    def names(self):
        return [task.name for task in self.tasks]

    def find(self, name):
        """Return the task of a name.

        Parameters
        ----------
        name : label

        Raises
        ------
        ValueError
            If there is none.
        """
        for task in self.tasks:
            if task.name == name:
                return task
        raise ValueError(
            f"There is no task {name!r}; the tasks are {self.names}."
            f"{did_you_mean(name, map(str, self.names))}"
        )

    def heads_of(self, task, heads):
        """Return those of some heads that learn a task, a dict by their names in it.

        Parameters
        ----------
        task : Task
        heads : iterable of str
        """
        found = {}
        for head in heads:
            shown, served = self.serving[head]
            if task.name in served:
                found[shown] = head
        return found

    def of_head(self, head):
        """Return the targets of the tasks that a head learns, with all logits.

        Parameters
        ----------
        head : str
        """
        if self.is_served(head):
            return self
        served = self.serving[head][1]
        places = [i for i, task in enumerate(self.tasks) if task.name in served]
        made = copy.copy(self)
        made.tasks = [self.tasks[i] for i in places]
        made.units = [self.units[i] for i in places]
        made.factors = None if self.factors is None else self.factors[places]
        return made

    def is_served(self, head):
        """Tell if a head learns all tasks."""
        return len(self.serving[head][1]) == len(self.tasks)

    def weighted(self, factors):
        """Return the targets with other factors of the tasks' losses.

        Parameters
        ----------
        factors : tensor of shape (n_tasks,) or None
        """
        made = copy.copy(self)
        made.factors = factors
        return made

    def after(self, y):
        """Return the targets of a training that continues with these rows."""
        made = copy.copy(self)
        made.tasks = []
        for task in self.tasks:
            task = copy.copy(task)
            known = task.known(y)
            if known.any():
                task.targets = task.targets.after(task.read(y[known]))
            made.tasks.append(task)
        return made

    def encode(self, y):
        """Return the codes of all tasks, float32 (n_samples, n_codes); NaN if unknown.

        Parameters
        ----------
        y : DataFrame
        """
        codes = np.full((len(y), self.n_codes), np.nan, dtype=np.float32)
        for task in self.tasks:
            known = task.known(y)
            if known.any():
                codes[known, task.codes] = task.targets.encode(task.read(y[known]))
        return codes

    def strata(self, y):
        """Return what a split keeps in training: classes, int (n_samples, n_tasks).

        Parameters
        ----------
        y : DataFrame

        Returns
        -------
        codes : ndarray
            -1 where the class is unknown; without a column where no task has classes.
        """
        found = []
        for task in self.tasks:
            if task.is_classification and task.kind != "multilabel":
                known = task.known(y)
                codes = np.full(len(y), -1)
                if known.any():
                    codes[known] = task.targets.truth(task.read(y[known]))[:, 0]
                found.append(codes)
        return np.stack(found, axis=1) if found else np.empty((len(y), 0), dtype=int)

    def take(self, task, codes, *parts):
        """Return one task's codes, and other arrays, of the rows that have it.

        Parameters
        ----------
        task : Task
        codes : ndarray of shape (n_samples, n_codes)
        *parts : ndarray of shape (n_samples, ...)
        """
        own = codes[:, task.codes]
        known = ~np.isnan(own[:, 0])
        own = own[known]
        targets = task.targets
        if targets.is_classification and not targets.is_sigmoid:
            own = own.astype(np.int64)
        return own, *(part[known] for part in parts)

    def prior(self, codes, weight):
        """Return the logits for a row of which nothing is known, (n_logits,)."""
        return np.concatenate(
            [task.targets.prior(*self.take(task, codes, weight)) for task in self.tasks]
        )

    def task_losses(self, logits, codes):
        """Return each row's loss of each task, a tensor (n_samples, n_tasks).

        In units in which the mean of a constant's is 1; 0 where the task is unknown.
        """
        losses = []
        for task, unit in zip(self.tasks, self.units):
            own = codes[:, task.codes]
            known = ~own[:, 0].isnan()
            own = torch.where(known[:, None], own, 0)
            targets = task.targets
            if targets.is_classification and not targets.is_sigmoid:
                own = own.long()
            loss = targets.row_loss(logits[:, task.logits], own)
            losses.append(unit * torch.where(known, loss, 0))
        return torch.stack(losses, dim=1)

    def row_loss(self, logits, codes):
        """Return the sum of the tasks' losses, a tensor (n_samples,)."""
        losses = self.task_losses(logits, codes)
        if self.factors is None:
            return losses.sum(1)
        return losses @ self.factors.to(losses.device, losses.dtype)

    def average_members(self, logits):
        """Return the logits of the mean over the second axis."""
        parts = [
            task.targets.average_members(logits[..., task.logits])
            for task in self.tasks
        ]
        return torch.cat(parts, dim=1)

    def predict(self, logits):
        """Return predictions as a frame with the columns of Y.

        Parameters
        ----------
        logits : ndarray of shape (n_samples, n_logits)
        """
        import pandas as pd

        columns = {}
        for task in self.tasks:
            y = task.targets.predict(logits[:, task.logits])
            columns |= task.restore(y)
        return pd.DataFrame({label: columns[label] for label in self.columns})

    def predict_proba(self, logits):
        """Return the probabilities of the tasks that have classes, a dict by task."""
        return {
            task.name: task.targets.predict_proba(logits[:, task.logits])
            for task in self.tasks
            if task.is_classification
        }

    def scores(self, y, y_pred, weight=None):
        """Return each task's score on the rows that have it, a dict by task.

        Parameters
        ----------
        y, y_pred : DataFrame
        weight : ndarray of shape (n_samples,), default=None

        Returns
        -------
        scores : dict of label to float
            Without the tasks that no row of a weight has.
        """
        weight = np.ones(len(y)) if weight is None else np.asarray(weight)
        found = {}
        for task in self.tasks:
            known = task.known(y) & (weight > 0)
            if known.any():
                some = task.read(y[known]), task.read(y_pred[known])
                found[task.name] = task.score(*some, weight[known])
        return found

    def score(self, y, y_pred, weight=None):
        """Return the mean of the tasks' scores; None where no row has any."""
        scores = list(self.scores(y, y_pred, weight).values())
        return float(np.mean(scores)) if scores else None
