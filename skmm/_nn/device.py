"""Which device computes, and in which precision."""

import torch


def resolve_device(device):
    """Give the torch device for ``device=``: "auto" is a GPU when there is one."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if not is_here(device):
        raise ValueError(
            f"device={device!r} is not available on this machine. Use device='auto', "
            "which takes a GPU where there is one."
        )
    return torch.device(device)


def is_here(device):
    kind = torch.device(device).type
    if kind == "cuda":
        return torch.cuda.is_available()
    if kind == "mps":
        return torch.backends.mps.is_available()
    return kind == "cpu"


def uses_bfloat16(precision, device):
    if precision == "auto":
        return device.type == "cuda" and torch.cuda.is_bf16_supported()
    return precision == "bfloat16"
