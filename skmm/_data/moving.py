"""Tensors brought to a device."""

import torch

#: Bytes of a copy to a GPU that is not waited for.
_MOST_PINNED = 2**26


def upload(tensor, device):
    """Return a tensor on another device, without waiting for that if it is small.

    Parameters
    ----------
    tensor : tensor
    device : str or torch.device

    Returns
    -------
    tensor : tensor
    """
    kind = torch.device(device).type
    if tensor.device.type != "cpu" or kind in ("cpu", "mps"):
        return tensor.to(device)
    # Pinned memory alone is copied without a wait; it stays with the process.
    if kind == "cuda" and tensor.nbytes <= _MOST_PINNED:
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)
