"""Random numbers of a fit, whatever other threads draw.

torch's global generator belongs to the whole process: two fits in two threads that
drew from it would give other models than one after the other. Hence the layers of
skmm draw from the generator of the fit that runs them, see :func:`drawing_from`, and
layers of others, which know the global generator alone, run while the fit's state
lies there, see :func:`global_state`.
"""

import contextlib
import contextvars
import os
import threading

import torch
from torch import nn

_GENERATOR = contextvars.ContextVar("generator", default=None)
_LOCK = threading.RLock()


def _forget_lock():
    # The thread that held it does not exist in a forked child.
    global _LOCK
    _LOCK = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_lock)


def make_generator(seed, device="cpu"):
    """Return a seeded generator on a device.

    Parameters
    ----------
    seed : int
    device : str or torch.device, default="cpu"
    """
    return torch.Generator(device).manual_seed(seed)


@contextlib.contextmanager
def drawing_from(generator):
    """Let the layers that run inside draw from a generator, in this thread.

    Parameters
    ----------
    generator : torch.Generator or None
        On the device of the layers; None stands for torch's global one.
    """
    token = _GENERATOR.set(generator)
    try:
        yield
    finally:
        _GENERATOR.reset(token)


def current_generator():
    """Return the generator to draw from; None stands for torch's global one.

    Every random number of a layer, a fusion, an alignment or an augmentation is drawn
    with it: ``torch.rand(n, generator=current_generator(), device=device)``.
    """
    return _GENERATOR.get()


@contextlib.contextmanager
def global_state(generator):
    """Put a generator's state in the place of torch's global one, and take it back.

    One thread at a time: others wait, so this is held for a step, never for a fit.
    New tensors are float32 inside, whatever the process's default is.

    Parameters
    ----------
    generator : torch.Generator
        On the CPU, or on the GPU that is used.
    """
    device = generator.device
    with _LOCK:
        dtype = torch.get_default_dtype()
        devices = [device] if device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.set_default_dtype(torch.float32)
            try:
                if device.type == "cuda":
                    torch.cuda.set_rng_state(generator.get_state(), device)
                    # What a layer draws on the CPU depends on the fit as well.
                    torch.default_generator.manual_seed(
                        int(
                            torch.randint(2**62, (), generator=generator, device=device)
                        )
                    )
                    yield
                    generator.set_state(torch.cuda.get_rng_state(device))
                else:
                    torch.set_rng_state(generator.get_state())
                    yield
                    generator.set_state(torch.get_rng_state())
            finally:
                torch.set_default_dtype(dtype)


@contextlib.contextmanager
def seeded(seed, device="cpu"):
    """Seed torch's global generators inside, and leave them as before outside.

    Parameters
    ----------
    seed : int
    device : str or torch.device, default="cpu"
    """
    with global_state(make_generator(seed, device)):
        yield


class Dropout(nn.Dropout):
    """Dropout that draws from the generator of the fit that runs it."""

    def forward(self, input):
        generator = current_generator()
        if not self.training or self.p == 0 or generator is None:
            return super().forward(input)
        kept = torch.empty_like(input).bernoulli_(1 - self.p, generator=generator)
        return input * kept.div_(1 - self.p)


def needs_global_state(module):
    """TEMPORARY until the branch on seeds is merged."""
    return True
