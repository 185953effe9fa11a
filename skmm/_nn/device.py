"""Which device computes, and in which precision."""

import contextlib
import os

import torch
from threadpoolctl import threadpool_limits


def _compute_alone():
    """Take one thread: those of the parent do not exist in a forked child.

    Where the parent has computed with several, the child would wait for them forever.
    """
    global _pools_are_gone
    _pools_are_gone = True
    torch.set_num_threads(1)


#: In a forked child: pools of threads other than torch's are the parent's, too.
_pools_are_gone = False


def compute_alone():
    """In a forked child, let scikit-learn's estimators take one thread.

    It is asked for before one computes, not at each fork: pools have to be looked for.
    """
    global _pools_are_gone
    if _pools_are_gone:
        threadpool_limits(1)
        _pools_are_gone = False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_compute_alone)


def resolve_device(device):
    """Return the torch device for ``device=``: "auto" is a GPU when there is one."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if not is_here(device):
        raise ValueError(
            f"device={device!r} is not available on this machine. Use device='auto', "
            "which takes a GPU where there is one."
        )
    return torch.device(device)


def is_here(device):
    """Tell if a torch device can be used on this machine."""
    kind = torch.device(device).type
    if kind == "cuda":
        return torch.cuda.is_available()
    if kind == "mps":
        return torch.backends.mps.is_available()
    return kind == "cpu"


def uses_bfloat16(precision, device):
    """Tell if ``precision=`` means bfloat16 on a device."""
    if precision == "auto":
        return device.type == "cuda" and torch.cuda.is_bf16_supported()
    return precision == "bfloat16"


@contextlib.contextmanager
def learning():
    """Let tensors have gradients inside, whatever the user's code around it says."""
    with torch.inference_mode(False), torch.enable_grad():
        yield
