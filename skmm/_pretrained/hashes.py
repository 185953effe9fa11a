"""Hashes that tell networks and functions apart."""

import hashlib
import inspect


def hash_module(module):
    """Return a hash of a torch module's class, structure and weights."""
    import torch

    digest = hashlib.blake2b(digest_size=16)
    kind = type(module)
    digest.update(f"{kind.__module__}.{kind.__qualname__}\n{module!r}".encode())
    for name, value in sorted(module.state_dict().items()):
        digest.update(f"\0{name}\0".encode())
        if hasattr(value, "detach"):
            value = value.detach().cpu().contiguous()
            digest.update(f"{value.dtype}{tuple(value.shape)}".encode())
            value = value.flatten().view(torch.uint8).numpy()
        else:
            value = repr(value).encode()
        digest.update(value)
    return digest.hexdigest()


def hash_callable(function):
    """Return a hash of a function's code and closure, or of an object's attributes."""
    import joblib

    if function is None:
        return "None"
    code = getattr(function, "__code__", None)
    if code is None or inspect.ismethod(function):
        return joblib.hash(function)
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):
        source = code.co_code.hex() + repr(code.co_consts)
    closure = [cell.cell_contents for cell in function.__closure__ or ()]
    bound = (function.__defaults__, function.__kwdefaults__, closure)
    return joblib.hash((function.__qualname__, source, bound))
