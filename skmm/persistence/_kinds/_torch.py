"""Tensors, modules and what describes them."""

import numpy as np
import torch
from torch import nn

from skmm.persistence._errors import ModelFileError
from skmm.persistence._kinds._base import Kind, expect, field
from skmm.persistence._trust import name_of

#: Types that numpy lacks, kept as integers of the same size.
_AS_INTEGERS = {torch.bfloat16: torch.int16}
_DTYPES = {
    str(value).removeprefix("torch."): value
    for value in vars(torch).values()
    if isinstance(value, torch.dtype)
}


class Tensor(Kind):
    """A tensor or parameter, on the CPU."""

    tag = "tensor"
    types = (torch.Tensor, nn.Parameter, nn.Buffer)

    def dump(self, value, dumper):
        if value.layout != torch.strided or value.is_meta or value.is_quantized:
            raise TypeError(
                f"{dumper.where} is a tensor of the layout {value.layout} on "
                f"{value.device}, which a file does not hold. Make it dense and put it "
                "on the CPU."
            )
        body = {}
        dense = value.detach().cpu()
        if type(value) is not torch.Tensor:
            body["class"] = type(value).__name__
        if value.requires_grad:
            body["requires_grad"] = True
        if dense.dtype in _AS_INTEGERS:
            body["dtype"] = str(dense.dtype).removeprefix("torch.")
            dense = dense.contiguous().view(_AS_INTEGERS[dense.dtype])
        if dense.is_complex():
            body["dtype"] = str(dense.dtype).removeprefix("torch.")
            dense = torch.view_as_real(dense.resolve_conj())
        if not dense.is_contiguous():
            # In the order of memory, on which sums may depend.
            order = sorted(range(dense.ndim), key=lambda d: -dense.stride(d))
            if dense.permute(order).is_contiguous():
                body["order"] = order
                dense = dense.permute(order)
        return body | {"data": dumper.add_array(dense.contiguous().numpy())}

    def restore(self, body, restorer, remember):
        made = torch.from_numpy(_native(restorer.array(field(body, "data"))))
        if "order" in body:
            order = restorer.each(expect(body["order"], list))
            if sorted(order) != list(range(made.ndim)):
                raise ModelFileError(f"It has a tensor in the order {order}.")
            made = made.permute([order.index(d) for d in range(made.ndim)])
        if "dtype" in body:
            dtype = field(_DTYPES, body["dtype"])
            try:
                is_complex = dtype.is_complex
                made = torch.view_as_complex(made) if is_complex else made.view(dtype)
            except RuntimeError as error:
                raise ModelFileError(f"It has a damaged tensor: {error}") from None
        requires_grad = body.get("requires_grad") is True
        if requires_grad and not (made.is_floating_point() or made.is_complex()):
            raise ModelFileError(f"It has gradients of a tensor of {made.dtype}.")
        cls = body.get("class")
        if cls == "Parameter":
            return nn.Parameter(made, requires_grad=requires_grad)
        if cls == "Buffer":
            return nn.Buffer(made)
        return made.requires_grad_(requires_grad)


class TorchType(Kind):
    """A type of tensors."""

    tag = "torch_dtype"
    types = (torch.dtype,)

    def dump(self, value, dumper):
        return str(value).removeprefix("torch.")

    def restore(self, body, restorer, remember):
        return field(_DTYPES, body)


class Device(Kind):
    """A device, by its name."""

    tag = "device"
    types = (torch.device,)

    def dump(self, value, dumper):
        return str(value)

    def restore(self, body, restorer, remember):
        return torch.device(expect(body, str))


class Size(Kind):
    """A shape."""

    tag = "torch_size"
    types = (torch.Size,)

    def dump(self, value, dumper):
        return list(value)

    def restore(self, body, restorer, remember):
        return torch.Size(expect(body, list))


class Module(Kind):
    """A module: its class, and what differs from a module that was just made."""

    tag = "module"

    def holds(self, value):
        return isinstance(value, nn.Module) and not _reduces_otherwise(type(value))

    def dump(self, value, dumper):
        state = dict(value.__getstate__())
        fresh = vars(nn.Module())
        for key, default in fresh.items():
            if key in state and _same(state[key], default):
                del state[key]
            elif isinstance(state.get(key), dict):
                # An OrderedDict when it is read, where torch makes one.
                state[key] = dict(state[key])
        name = name_of(type(value), dumper.where)
        return {
            "class": name,
            "state": {key: dumper(one, f".{key}") for key, one in state.items()},
        }

    def restore(self, body, restorer, remember):
        cls = restorer.find(field(body, "class", str), _is_module)
        made = cls.__new__(cls)
        nn.Module.__init__(made)
        remember(made)
        fresh = dict(vars(made))
        state = {key: restorer(one) for key, one in field(body, "state", dict).items()}
        for key, default in fresh.items():
            if isinstance(default, dict) and key in state:
                state[key] = type(default)(expect(state[key], dict))
        _check_parts(state)
        made.__setstate__({**fresh, **state})
        return made


def _same(value, default):
    if isinstance(default, (dict, set)):
        return type(value) in (dict, set, type(default)) and not value and not default
    return value is default


def _is_module(cls):
    return isinstance(cls, type) and issubclass(cls, nn.Module)


def _reduces_otherwise(cls):
    return (
        cls.__reduce_ex__ is not object.__reduce_ex__
        or cls.__reduce__ is not object.__reduce__
    )


def _check_parts(state):
    """Raise unless parameters are tensors and modules modules: nobody asks later."""
    kinds = {
        "_parameters": nn.Parameter,
        "_buffers": torch.Tensor,
        "_modules": nn.Module,
    }
    for key, cls in kinds.items():
        for name, part in state.get(key, {}).items():
            if part is not None and not isinstance(part, cls):
                raise ModelFileError(f"Its {key[1:-1]} {name!r} is {type(part)}.")


def _native(array):
    # Of a map, a part need not begin where its numbers may.
    return np.require(array, requirements=["A", "W"])


KINDS = [Tensor(), TorchType(), Device(), Size(), Module()]
