"""Several tasks of one fit: what each predicts, and how their losses are weighed."""

from skmm._training.tasks._reading import find_tasks, read_table
from skmm._training.tasks._targets import TaskTargets
from skmm._training.tasks._task import KINDS, Task
from skmm._training.tasks._view import OneTaskLearner
from skmm._training.tasks._weighting import WEIGHTINGS, make_task_step

__all__ = [
    "KINDS",
    "WEIGHTINGS",
    "OneTaskLearner",
    "Task",
    "TaskTargets",
    "find_tasks",
    "make_task_step",
    "read_table",
]
