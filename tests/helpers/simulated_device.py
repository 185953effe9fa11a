"""A GPU that is not there: what a training asks of one, without one.

The device is torch's "meta": tensors there have a shape and a type and no numbers, so
that nothing can be read from them without being noticed. Beside the CPU it stands for
a GPU: :class:`SimulatedDevice` lists each place at which the CPU would wait for it, and
refuses operations on tensors of both, which a GPU would refuse.

It does not show what is done for devices named "cuda" alone (the state of its global
generator, where layers of others draw), and takes each copy to the device that asks not
to be waited for as one from pinned memory.
"""

import contextlib
import sys
from unittest import mock

import torch
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree
from torch.utils._python_dispatch import TorchDispatchMode

import skmm._training.learner as learner_module
from skmm._training.net import MultimodalNet

DEVICE = torch.device("meta")

#: Operations whose result has a shape that the numbers decide, or that check numbers
#: on the CPU.
_WAITING = {
    "_linalg_check_errors",
    "_linalg_eigh",
    "_linalg_svd",
    "_local_scalar_dense",
    "_unique2",
    "bincount",
    "equal",
    "linalg_eig",
    "masked_select",
    "nonzero",
    "nonzero_static",
    "unique_consecutive",
    "unique_dim",
}


class SimulatedDevice(TorchDispatchMode):
    """While it is entered, list the waits for the device.

    Attributes
    ----------
    events : list of str
        Waits, each with its place in skmm, among what :meth:`mark` was called with.
    """

    def __init__(self):
        super().__init__()
        self.events = []

    def mark(self, what):
        """Note what happens now."""
        self.events.append(what)

    def wait(self, why):
        """Note a wait, with the place in skmm that asked for it."""
        frame, place = sys._getframe(1), "in the backward pass"
        while frame is not None:
            file = frame.f_code.co_filename.replace("\\", "/")
            if "/skmm/" in file:
                place = f"skmm/{file.rpartition('/skmm/')[2]}:{frame.f_lineno}"
                break
            frame = frame.f_back
        self.events.append(f"wait: {why}, {place}")

    def __enter__(self):
        self._functions = _Functions(self)
        self._functions.__enter__()
        return super().__enter__()

    def __exit__(self, *error):
        super().__exit__(*error)
        self._functions.__exit__(*error)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        leaves = _pytree.tree_leaves((args, kwargs))
        tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
        if not any(tensor.device == DEVICE for tensor in tensors):
            is_copy = bool(tensors) and kwargs.get("device") == DEVICE
            if is_copy and not kwargs.get("non_blocking", False):
                self.wait("copy to the device")
            return func(*args, **kwargs)
        name = func.overloadpacket.__name__
        if name == "_to_copy":
            return self._copy(func, args, kwargs)
        if name == "copy_":
            if args[0].device != args[1].device:
                self.wait("copy between the devices")
                return args[0]
            return func(*args, **kwargs)
        if any(t.device != DEVICE and t.dim() for t in tensors):
            raise AssertionError(f"{func} of tensors on the device and on the CPU")
        if name in _WAITING or _needs_places(name, args, kwargs):
            self.wait(name)
            return _pretend(name, func, args, kwargs)
        if name == "_sample_dirichlet":  # has no meta kernel
            return torch.empty_like(args[0])
        return func(*args, **kwargs)

    def _copy(self, func, args, kwargs):
        if kwargs.get("device") in (None, DEVICE):
            return func(*args, **kwargs)
        self.wait("copy to the CPU")
        return torch.ones(args[0].shape, dtype=kwargs.get("dtype") or args[0].dtype)


def _needs_places(name, args, kwargs):
    """Tell if an operation asks first how many of a mask's places are true."""
    if name == "repeat_interleave":
        return kwargs.get("output_size") is None
    if name in ("index", "index_put", "index_put_", "_index_put_impl_"):
        return any(
            place is not None and place.dtype in (torch.bool, torch.uint8)
            for place in args[1]
        )
    return False


def _pretend(name, func, args, kwargs):
    """Return what an operation that was noted might return."""
    tensor = args[0]
    if name == "_local_scalar_dense":
        return 1.0 if tensor.is_floating_point() else 1
    if name == "nonzero":
        return tensor.new_empty(tensor.numel(), tensor.dim(), dtype=torch.int64)
    if name == "_unique2":
        places = tensor.new_empty(tensor.shape, dtype=torch.int64)
        return tensor.flatten(), places, places.flatten()
    if name == "repeat_interleave":
        return tensor.new_empty(2 * len(tensor))
    if name == "index":
        mask, *_ = args[1]
        return tensor.new_empty(mask.numel(), *tensor.shape[mask.dim() :])
    if name == "index_put_":
        return tensor
    if name == "equal":
        return True
    return func(*args, **kwargs)


class _Functions(TorchFunctionMode):
    """Notice lists that become tensors on the device, below which nobody is asked."""

    def __init__(self, device):
        super().__init__()
        self.device = device

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name in ("tensor", "as_tensor"):
            made_there = torch.device(kwargs.get("device") or "cpu") == DEVICE
            if made_there and not isinstance(args[0], torch.Tensor):
                self.device.wait("list copied to the device")
        elif name in ("__getitem__", "__setitem__") and args[0].device == DEVICE:
            places = args[1] if isinstance(args[1], tuple) else (args[1],)
            if any(isinstance(place, list) for place in places):
                self.device.wait("list of places copied to the device")
        return func(*args, **kwargs)


class _Generator(torch.Generator):
    """A generator of the CPU that says it is one of the device."""

    device = DEVICE


class _Autocast(torch.autocast):
    """Autocast that takes the device for a CPU."""

    def __init__(self, device_type, *args, **kwargs):
        is_there = device_type == DEVICE.type
        super().__init__("cpu" if is_there else device_type, *args, **kwargs)


def make_generator(seed=0, device=DEVICE):
    """Return a generator, as :func:`skmm._nn.seeding.make_generator`."""
    kind = _Generator if torch.device(device) == DEVICE else torch.Generator
    return kind().manual_seed(seed)


def _kinds():
    """Return the kinds of devices that the fused optimizer takes."""
    return ["cpu", DEVICE.type]


@contextlib.contextmanager
def simulated_device():
    """Let what is trained inside be trained on the device; give the list of its waits.

    The steps of training and of validation are marked by "begin" and "end".
    """
    device = SimulatedDevice()

    def steps(name):
        step = getattr(MultimodalNet, name)

        def marked(net, batch, **options):
            device.mark(f"begin {name}")
            outcome = step(net, batch, **options)
            device.mark(f"end {name}")
            return outcome

        return mock.patch.object(MultimodalNet, name, marked)

    def make_net(*args, **options):
        return MultimodalNet(*args, **{**options, "optimizer__fused": True})

    optimizer = sys.modules["torch.optim.optimizer"]
    with (
        mock.patch.object(learner_module, "resolve_device", lambda given: DEVICE),
        mock.patch.object(learner_module, "make_generator", make_generator),
        mock.patch.object(learner_module, "MultimodalNet", make_net),
        mock.patch.object(optimizer, "_get_fused_kernels_supported_devices", _kinds),
        mock.patch.object(torch, "autocast", _Autocast),
        mock.patch.object(torch, "is_autocast_enabled", lambda kind=None: False),
        steps("train_step"),
        steps("validation_step"),
        device,
    ):
        yield device


def waits_of_training(model, X, y):
    """Train an estimator on the device; return where its steps waited for it.

    From the begin of the first step to the end of the last, the cutting of batches and
    the loop's bookkeeping between steps among it, in training and in validation. What
    an epoch waits for at its end does not count.

    Parameters
    ----------
    model : MultimodalClassifier or MultimodalRegressor
        Of several steps in an epoch; it trains for one.
    X : DataFrame
    y : ndarray

    Returns
    -------
    waits : list of str
        Without repetitions.
    """
    model._validate_params()
    frame, y, weight, groups = model._read_training(X, y, None)
    train, valid, *_ = model._split(frame, y, weight, groups)
    rows = model._prepare(frame, train, valid, from_scratch=True)
    with simulated_device() as device:
        model._learner.train(model.get_params(deep=False), *rows)
    waits = []
    for name in ("train_step", "validation_step"):
        begins, ends = (
            [i for i, event in enumerate(device.events) if event == f"{what} {name}"]
            for what in ("begin", "end")
        )
        if name == "train_step":
            assert len(begins) > 1, "what is between steps shows with several alone"
        if begins:
            found = device.events[begins[0] : ends[-1]]
            waits += [event for event in found if event.startswith("wait")]
    return list(dict.fromkeys(waits))
