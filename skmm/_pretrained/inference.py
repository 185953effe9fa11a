"""Networks run over many inputs: precision, evaluation mode, batches that fit."""

import contextlib
import copy
import math
from collections import deque


def resolve_precision(precision, device):
    """Return what a network computes in, for ``precision=``.

    "auto" is float32 on every CPU, so that vectors are the same on all of them, and
    bfloat16 on a GPU that multiplies it itself.

    Parameters
    ----------
    precision : str
    device : torch.device
    """
    if precision != "auto":
        return precision
    return "bfloat16" if has_bfloat16(device) else "float32"


def has_bfloat16(device):
    """Return True for a GPU that multiplies bfloat16 itself, without emulation."""
    import torch

    return device.type == "cuda" and torch.cuda.is_bf16_supported(
        including_emulation=False
    )


@contextlib.contextmanager
def inference(module, device, precision):
    """Run a torch module in evaluation mode, without gradients, at a precision."""
    import torch

    training = [part for part in module.modules() if part.training]
    for part in training:
        part.training = False
    try:
        with (
            torch.inference_mode(),
            torch.autocast(
                device.type, torch.bfloat16, enabled=precision == "bfloat16"
            ),
        ):
            yield
    finally:
        for part in training:
            part.training = True


def run_batches(run, batches, cost=len):
    """Run each batch; one that does not fit into memory is halved, as are later ones.

    Parameters
    ----------
    run : callable
        From a batch to its result.
    batches : iterable of sequences
    cost : callable, default=len
        What a batch takes of memory, in any unit.

    Yields
    ------
    batch, result
        In the order of the batches; more than there were where some were halved.
    """
    limit = math.inf
    todo = deque(batches)
    while todo:
        batch = todo.popleft()
        if cost(batch) <= limit or len(batch) == 1:
            try:
                result = run(batch)
            except (MemoryError, RuntimeError) as error:
                if len(batch) == 1 or not is_out_of_memory(error):
                    raise
                limit = cost(batch) / 2
            else:
                yield batch, result
                continue
            _free_memory()
        half = len(batch) // 2
        todo.extendleft([batch[half:], batch[:half]])


def is_out_of_memory(error):
    """Tell whether an error says that memory ran out, on whatever device."""
    if isinstance(error, MemoryError):
        return True
    words = str(error).lower()
    return "out of memory" in words or "can't allocate memory" in words


def _free_memory():
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def on_device(module, device):
    """Return a user's module, or a copy of it where it is on another device."""
    tensors = [*module.parameters(), *module.buffers()]
    if all(tensor.device.type == device.type for tensor in tensors):
        return module
    return copy.deepcopy(module).to(device)
