"""What was learned of several tasks, seen as what was learned of one."""


class OneTaskLearner:
    """A learner of several tasks, of which one is asked.

    It predicts as a :class:`~skmm._training.learner.Learner` does; it cannot be
    trained.

    Parameters
    ----------
    learner : Learner or FoldLearner
    task : Task
    targets : TaskTargets
    """

    #: No budget of privacy: an estimator of several tasks has none.
    spent = None

    def __init__(self, learner, task, targets):
        self.learner = learner
        self.task = task
        self.targets = targets
        self.mixture = learner.mixture.of_task(task, targets)
        self.validation_score = None

    @property
    def heads(self):
        return self.learner.heads

    @property
    def fused(self):
        return self.learner.fused

    @property
    def module(self):
        return self.learner.module

    @property
    def members(self):
        return self.learner.members

    @property
    def history(self):
        return self.learner.history

    @property
    def best_epochs(self):
        return self.learner.best_epochs

    @property
    def n_parameters(self):
        return self.learner.n_parameters

    def predict(self, blocks):
        """Return the task's logits, (n_samples, n_logits) float64."""
        return self.learner.predict(blocks)[:, self.task.logits]

    def embed(self, blocks):
        """Return the fused embedding, which all tasks share."""
        return self.learner.embed(blocks)

    def only(self, head):
        """Return a view in which one head alone predicts."""
        name = self.targets.heads_of(self.task, self.learner.mixture.heads)[head]
        return OneTaskLearner(self.learner.only(name), self.task, self.targets)
