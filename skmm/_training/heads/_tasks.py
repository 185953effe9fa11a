"""Heads that learn several tasks: one of each for every task."""

import copy
import dataclasses

import numpy as np
import torch
from torch import nn

from skmm._nn.perceptron import ShortcutMLP
from skmm._training.clock import ending_at, now, time_left
from skmm._training.heads._base import HeadOutput, NetHead, SolvedHead
from skmm._training.rows import Rows


class TaskHeads(SolvedHead):
    """A solved head for each task, each fitted on the rows that have the task.

    Parameters
    ----------
    head : SolvedHead
        What is copied for each task.
    targets : TaskTargets

    Attributes
    ----------
    heads : dict of str to SolvedHead
        By task. One that the head cannot serve is left out: for it the best constant is
        said, which the mixture passes over.
    """

    def __init__(self, head, targets):
        self.name = head.name
        self.given = head
        self.reads = head.reads
        self.tasks = targets.tasks
        self.heads = {}
        for task in self.tasks:
            own = copy.copy(head)
            if own.serves(task.targets):
                own.check(task.targets)
                self.heads[task.name] = own

    def check_task(self, task):
        """Raise an error that says why a task cannot be served, if it cannot.

        Parameters
        ----------
        task : Task

        Raises
        ------
        ValueError
        """
        try:
            copy.copy(self.given).check(task.targets)
        except ValueError as error:
            raise ValueError(f"Task {task.name!r} of Y: {error}") from error

    def can_read(self, encoders, blocks):
        return any(head.can_read(encoders, blocks) for head in self.heads.values())

    @property
    def n_parameters(self):
        return sum(head.n_parameters for head in self.heads.values())

    @property
    def is_shortened(self):
        return any(head.is_shortened for head in self.heads.values())

    def build(self, spec):
        super().build(spec)
        # A copy of this head shares nothing that is fitted.
        self.heads = {name: copy.copy(head) for name, head in self.heads.items()}
        for task, head in self._served():
            head.build(
                dataclasses.replace(
                    spec, targets=task.targets, prior=self.prior[task.logits]
                )
            )

    def _served(self):
        return [
            (task, self.heads[task.name])
            for task in self.tasks
            if task.name in self.heads
        ]

    def fit(self, train, valid):
        served = self._served()
        for i, (task, head) in enumerate(served):
            own = self._take(task, train)
            if own is None:
                del self.heads[task.name]
                continue
            with ending_at(now() + time_left() / (len(served) - i)):
                head.fit(own, None if valid is None else self._take(task, valid))
        return self

    def refit(self, train, valid):
        made = copy.copy(self)
        made.heads = {}
        for task, head in self._served():
            own, other = self._take(task, train), self._take(task, valid)
            made.heads[task.name] = head if other is None else head.refit(own, other)
        return made

    def logits(self, rows):
        logits = np.tile(self.prior, (len(rows), 1))
        for task, head in self._served():
            logits[:, task.logits] = head.logits(rows)
        return logits

    def _take(self, task, rows):
        """Return the rows that have a task, with its codes; None if no row has."""
        codes, weight = rows.codes.cpu().numpy(), rows.weight.cpu().numpy()
        places = np.arange(len(codes))
        codes, weight, places = self.targets.take(task, codes, weight, places)
        mean = weight.mean() if len(weight) else 0
        if not mean > 0:
            return None
        blocks = rows.blocks
        if len(places) < len(rows):
            kept = torch.from_numpy(places)
            blocks = {name: block.take(kept) for name, block in blocks.items()}
        weight = torch.from_numpy(weight / mean)
        return Rows(blocks, torch.from_numpy(np.ascontiguousarray(codes)), weight)


class OneTaskHead(NetHead):
    """A head of the net that learns one of several tasks, and stops for itself.

    Tasks that share no parameter need not share a best moment.

    Parameters
    ----------
    head : NetHead
    task : Task
    """

    def __init__(self, head, task):
        self.head = head
        self.task = task
        # A module's name has no dot.
        self.name = f"{head.name} {task.name}".replace(".", "_")

    def build_module(self, spec):
        own = dataclasses.replace(
            spec,
            targets=self.task.targets,
            prior=np.asarray(spec.prior)[self.task.logits],
        )
        module = self.head.build_module(own)
        if module is None:
            return None
        return OneTaskModule(module, self.task.logits, spec.targets.n_logits)


class OneTaskModule(nn.Module):
    """A module of one task; of the others it says what is likely of any row.

    Parameters
    ----------
    module : nn.Module
    logits : slice
        The task's among those of all tasks.
    n_logits : int
        Of all tasks.
    """

    def __init__(self, module, logits, n_logits):
        super().__init__()
        self.module = module
        self.place = logits
        self.register_buffer("prior", torch.zeros(n_logits))

    def forward(self, blocks):
        own = self.module(blocks).logits
        prior = self.prior.to(own.dtype).expand(len(own), -1)
        before, after = prior[:, : self.place.start], prior[:, self.place.stop :]
        return HeadOutput(torch.cat([before, own, after], dim=1))

    @torch.no_grad()
    def set_bias(self, prior):
        self.prior.copy_(prior)
        self.module.set_bias(prior[self.place])


class TaskOutputs(nn.Module):
    """A perceptron of its own for each task, over one embedding.

    Parameters
    ----------
    n_in, n_hidden : int
    tasks : list of Task
    **options
        Of :class:`~skmm._nn.perceptron.ShortcutMLP`.
    """

    def __init__(self, n_in, n_hidden, tasks, **options):
        super().__init__()
        self.outputs = nn.ModuleList(
            ShortcutMLP(n_in, n_hidden, task.targets.n_logits, **options)
            for task in tasks
        )

    def forward(self, x):
        return torch.cat([output(x) for output in self.outputs], dim=-1)

    def set_bias(self, prior):
        sizes = [output.linear.out_features for output in self.outputs]
        for output, own in zip(self.outputs, prior.split(sizes)):
            output.set_bias(own)
