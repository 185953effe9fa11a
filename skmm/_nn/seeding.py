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
    with it, see :func:`rand` and the functions after it. Compiled code has the global
    one, within :func:`global_state`.
    """
    if torch.compiler.is_compiling():  # which a context variable would interrupt
        return None
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
            try:
                torch.set_default_dtype(torch.float32)
                if device.type == "cuda":
                    torch.cuda.set_rng_state(generator.get_state(), device)
                    # What a layer draws on the CPU depends on the fit as well.
                    drawn = torch.randint(2**62, (), generator=generator, device=device)
                    torch.default_generator.manual_seed(int(drawn))
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


@contextlib.contextmanager
def float32_by_default():
    """Let new tensors be float32 inside, whatever the process's default is."""
    dtype = torch.get_default_dtype()
    if dtype == torch.float32:
        yield
        return
    with _LOCK:
        try:
            torch.set_default_dtype(torch.float32)
            yield
        finally:
            torch.set_default_dtype(dtype)


# -- draws: as those of torch, with the generator of the fit ---------------------------


def rand(*size, device, dtype=torch.float32):
    """Return uniform random numbers from 0 to 1.

    Parameters
    ----------
    *size : int
    device : torch.device
    dtype : torch.dtype, default=torch.float32
    """
    return _draw(torch.rand, size, device, dtype)


def randn(*size, device, dtype=torch.float32):
    """Return standard normal random numbers.

    Parameters
    ----------
    *size : int
    device : torch.device
    dtype : torch.dtype, default=torch.float32
    """
    return _draw(torch.randn, size, device, dtype)


def rand_like(tensor):
    """Return uniform random numbers from 0 to 1, of a tensor's shape and type.

    Parameters
    ----------
    tensor : tensor
    """
    return rand(*tensor.shape, device=tensor.device, dtype=tensor.dtype)


def randn_like(tensor):
    """Return standard normal random numbers, of a tensor's shape and type.

    Parameters
    ----------
    tensor : tensor
    """
    return randn(*tensor.shape, device=tensor.device, dtype=tensor.dtype)


def randint(low, high, size, *, device):
    """Return random integers from `low` to below `high`.

    Parameters
    ----------
    low, high : int
    size : tuple of int
    device : torch.device
    """

    def draw(size, **where):
        return torch.randint(low, high, size, **where)

    return _draw(draw, size, device, torch.int64)


def randperm(n, *, device):
    """Return the integers below `n` in random order.

    Parameters
    ----------
    n : int
    device : torch.device
    """
    return _draw(torch.randperm, n, device, torch.int64)


def beta(alpha, n, *, device):
    """Return random numbers of the distribution Beta(alpha, alpha).

    Parameters
    ----------
    alpha : float
    n : int
    device : torch.device
    """

    def draw(size, generator, device, dtype):
        alphas = torch.full((size, 2), float(alpha), device=device, dtype=dtype)
        # The one of torch.distributions takes no generator.
        return torch._sample_dirichlet(alphas, generator)[:, 0]

    return _draw(draw, n, device, torch.float32)


def dropout(input, p, training):
    """Set a share of the numbers to zero, and scale up the others.

    Parameters
    ----------
    input : tensor
    p : float
    training : bool
        If False, nothing changes.
    """
    generator = current_generator()
    if not training or p == 0 or generator is None:
        return nn.functional.dropout(input, p, training)
    if p == 1:
        return input * 0

    def draw(size, generator, device, dtype):
        kept = torch.empty(size, device=device, dtype=dtype)
        return kept.bernoulli_(1 - p, generator=generator)

    kept = _draw(draw, input.shape, input.device, input.dtype)
    return input * kept.div_(1 - p)


def _draw(draw, size, device, dtype):
    generator = current_generator()
    device = torch.device(device)
    if generator is None or generator.device.type == device.type:
        return draw(size, generator=generator, device=device, dtype=dtype)
    # Some parts of a module may stay on the CPU beside a GPU.
    drawn = draw(size, generator=generator, device=generator.device, dtype=dtype)
    return drawn.to(device)


class Draws:
    """What is drawn from now on, so that a further pass can draw the same again.

    Parameters
    ----------
    device : torch.device or str
    foreign : bool
        If True, layers of others draw from torch's global generator, which is this
        fit's own for the step, see :func:`global_state`.
    """

    def __init__(self, device, foreign):
        self._generator = current_generator()
        if self._generator is not None:
            self._state = self._generator.get_state()
        self._device = torch.device(device)
        self._foreign = self._cuda = None
        if foreign:
            self._foreign = torch.get_rng_state()
            if self._device.type == "cuda":
                self._cuda = torch.cuda.get_rng_state(self._device)

    def again(self):
        """Go back to where it began."""
        if self._generator is not None:
            self._generator.set_state(self._state)
        if self._foreign is not None:
            torch.set_rng_state(self._foreign)
        if self._cuda is not None:
            torch.cuda.set_rng_state(self._cuda, self._device)


class Dropout(nn.Dropout):
    """Dropout that draws from the generator of the fit that runs it."""

    def forward(self, input):
        return dropout(input, self.p, self.training)


# -- layers of others ------------------------------------------------------------------

#: Those of torch.nn that draw from its global generator, and when.
_DRAWING = (
    (nn.modules.dropout._DropoutNd, lambda part: part.p > 0),
    (nn.RReLU, lambda part: True),
    (nn.FractionalMaxPool2d, lambda part: True),
    (nn.FractionalMaxPool3d, lambda part: True),
    (nn.RNNBase, lambda part: part.dropout > 0),
    (nn.MultiheadAttention, lambda part: part.dropout > 0),
)


def needs_global_state(module):
    """Tell if a module may draw from torch's global generator when it is trained.

    That is layers and augmentations of others, and those of torch with dropout.

    Parameters
    ----------
    module : nn.Module
    """
    if getattr(module, "frozen_for_good", False):
        return False
    return _may_draw(module) or any(map(needs_global_state, module.children()))


def _may_draw(part):
    changes = (getattr(part, name, None) for name in ("augment", "mixup"))
    if any(change is not None and _is_foreign(change) for change in changes):
        return True
    if _is_own(type(part)):
        return False
    if not type(part).__module__.startswith("torch.nn."):
        return True
    return any(isinstance(part, cls) and draws(part) for cls, draws in _DRAWING)


def _is_foreign(change):
    if isinstance(change, nn.Module):
        return needs_global_state(change)
    steps = getattr(change, "steps", None)
    if _is_own(type(change)) and steps is not None:
        return any(map(_is_foreign, steps))
    return not _is_own(type(change))


def _is_own(cls):
    return cls.__module__.split(".")[0] == "skmm"
