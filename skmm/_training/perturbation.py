"""Small changes of what encoders read, within a radius, along a gradient."""

import contextlib
from collections import Counter
from typing import NamedTuple

import torch

from skmm._nn.declarations import declared, declares
from skmm._nn.seeding import rand_like, randn_like
from skmm.encoders._base import Encoded

#: What a gradient is divided by at least.
_TINY = 1e-12


class Space(NamedTuple):
    """Where a modality is changed, and how far.

    Attributes
    ----------
    name : str
    radius : float
        By default.
    is_relative : bool
        If True, the radius is a share of a row's Euclidean norm, which bounds the
        norm of its change; if False, it bounds each number's change.
    bounds : (float, float) or None
        Of what is changed.
    """

    name: str
    radius: float
    is_relative: bool
    bounds: tuple | None = None


#: By what modules declare as their ``attack_space``.
SPACES = {
    "pixels": Space("pixels", 4.0, False, (0.0, 255.0)),
    "numbers": Space("numbers", 0.1, False),
    "embeddings": Space("embeddings", 0.2, True),
    "vectors": Space("vectors", 0.2, True),
}
#: Those of the block itself: all heads read what is changed.
OF_INPUTS = ("pixels", "numbers")


class Perturbation:
    """What is added to what encoders read of one batch.

    Parameters
    ----------
    fused : FusedModule
    radii : dict of str to float
        Of the modalities that are changed.
    start : float, default=0.0
        Size of the random change to start from, as a share of the radius.

    Attributes
    ----------
    deltas : dict of tuple to tensor
        What is added at each place.
    """

    def __init__(self, fused, radii, start=0.0):
        self.fused = fused
        self.radii = radii
        self.start = start
        self.deltas = {}
        self._clean = {}
        encoders = dict(zip(fused.names, fused.encoders))
        self.places = {name: find_places(encoders[name]) for name in radii}

    def run(self, call, blocks):
        """Call a function of blocks, with what is added.

        Parameters
        ----------
        call : callable
        blocks : dict of str to Block

        Returns
        -------
        output : object
            What the function returned.
        """
        blocks = self.change(blocks)
        with self._hooked():
            return call(blocks)

    def change(self, blocks):
        """Return the blocks with what is added to their own numbers or pixels.

        Parameters
        ----------
        blocks : dict of str to Block
        """
        changed = dict(blocks)
        for name, (space, modules) in self.places.items():
            block = changed[name]
            if not modules and block[0].numel():
                values = block[0]
                if not values.is_floating_point():
                    values = values.to(block.dtype)
                values = self._add((name, 0, 0), SPACES[space], values)
                changed[name] = block.with_part(0, values)
        return changed

    def climb(self, loss, rate):
        """Move along the gradient of a loss, within the radius.

        Parameters
        ----------
        loss : scalar tensor
        rate : float
            Length of the step, as a share of the radius.
        """
        for key, gradient in self._gradients(loss).items():
            self._move(key, gradient, rate)

    def climb_by_backward(self, rate):
        """Move along the gradient that a backward pass has left.

        Parameters
        ----------
        rate : float
        """
        for key, delta in list(self.deltas.items()):
            self._move(key, delta.grad, rate)

    def turn(self, loss, rate):
        """Go from no change at all along the gradient of a loss.

        Parameters
        ----------
        loss : scalar tensor
        rate : float
            Length of the step, as a share of the radius.
        """
        for key, gradient in self._gradients(loss).items():
            self.deltas[key] = torch.zeros_like(self.deltas[key])
            self._move(key, gradient, rate)

    def rest(self):
        """Take no more gradients."""
        self.deltas = {key: delta.detach() for key, delta in self.deltas.items()}

    def _gradients(self, loss):
        if not (loss.requires_grad and self.deltas):  # no row has what is changed
            return dict.fromkeys(self.deltas)
        deltas = list(self.deltas.values())
        found = torch.autograd.grad(loss, deltas, allow_unused=True)
        return dict(zip(self.deltas, found))

    @torch.no_grad()
    def _move(self, key, gradient, rate):
        delta = self.deltas[key].detach()
        if gradient is not None:
            space, radius, clean = self._clean[key]
            gradient = torch.nan_to_num(gradient)
            if space.is_relative:
                unit = gradient / norms(gradient).clamp(min=_TINY)
                delta = delta + rate * radius * norms(clean) * unit
            else:
                delta = delta + rate * radius * gradient.sign()
            delta = project(delta, clean, space, radius)
        self.deltas[key] = delta.requires_grad_()

    def _add(self, key, space, values):
        radius = self.radii[key[0]]
        clean = values.detach()
        self._clean[key] = space, radius, clean
        if key not in self.deltas:
            self.deltas[key] = self._begin(clean, space, radius).requires_grad_()
        return values + self.deltas[key].to(values.dtype)

    def _begin(self, clean, space, radius):
        if not self.start:
            return torch.zeros_like(clean)
        length = self.start * radius
        if space.is_relative:
            drawn = randn_like(clean)
            drawn = drawn / norms(drawn).clamp(min=_TINY) * norms(clean) * length
        else:
            drawn = (2 * rand_like(clean) - 1) * length
        return project(drawn, clean, space, radius)

    @contextlib.contextmanager
    def _hooked(self):
        """Add to what modules return, while inside."""
        calls, handles = Counter(), []

        def listen(name, place, space):
            def hook(module, inputs, output):
                # Rows may go through a module in several chunks.
                key = name, place, calls[name, place]
                calls[name, place] += 1
                if isinstance(output, Encoded):
                    vectors = self._add(key, space, output.vectors)
                    return output._replace(vectors=vectors)
                return self._add(key, space, output)

            return hook

        try:
            for name, (space, modules) in self.places.items():
                for i, module in enumerate(modules):
                    hook = listen(name, i, SPACES[space])
                    handles.append(module.register_forward_hook(hook))
            yield
        finally:
            for handle in handles:
                handle.remove()


def find_places(encoder):
    """Return in which space an encoder's module is changed, and behind which modules.

    Parameters
    ----------
    encoder : nn.Module

    Returns
    -------
    space : str
    modules : list of nn.Module
        What they return is changed; empty where the block itself is.
    """
    space = declared(encoder, "attack_space")
    if space in OF_INPUTS:
        return space, []
    inner = [
        part
        for part in encoder.modules()
        if declares(part, "attack_space") and part.attack_space == "embeddings"
    ]
    if inner and space is None:
        return "embeddings", inner
    return "vectors", [encoder]


def can_change(encoder, block):
    """Tell if there is something of a modality that can be changed.

    Parameters
    ----------
    encoder : nn.Module
    block : Block
        A table of categories alone has no number.
    """
    _, modules = find_places(encoder)
    return bool(modules) or block[0].numel() > 0


def read_radii(fused, radius, strength=1.0):
    """Return the radius of each modality that is changed.

    Parameters
    ----------
    fused : FusedModule
    radius : dict of str to float, or None
        None stands for the defaults of their spaces.
    strength : float, default=1.0
        Factor of all of them.
    """
    if radius is None:
        encoders = zip(fused.names, fused.encoders)
        radius = {name: SPACES[find_places(e)[0]].radius for name, e in encoders}
    return {name: strength * float(one) for name, one in radius.items()}


def norms(values):
    """Return the Euclidean norm of each row, in a shape that multiplies rows."""
    flat = torch.nan_to_num(values).flatten(1).norm(dim=1)
    return flat.view(-1, *[1] * (values.dim() - 1))


def project(delta, clean, space, radius):
    """Return a change within the radius, and within the bounds of what it changes.

    Parameters
    ----------
    delta, clean : tensor of shape (n, ...)
    space : Space
    radius : float
    """
    if space.is_relative:
        most = radius * norms(clean)
        return delta * (most / norms(delta).clamp(min=_TINY)).clamp(max=1)
    delta = delta.clamp(-radius, radius)
    if space.bounds is not None:
        low, high = space.bounds
        delta = (clean + delta).clamp(low, high) - clean
    return delta


def divergence(targets, output, other):
    """Return how far one prediction is from another, row by row.

    The Kullback-Leibler divergence of classes, the squared distance of numbers.

    Parameters
    ----------
    targets : ClassificationTargets or RegressionTargets
    output, other : HeadOutput

    Returns
    -------
    divergence : tensor of shape (n,)
    """
    pairs = [(output.logits.float(), other.logits.float())]
    if output.auxiliary is not None:  # members of an ensemble learn one by one
        pairs += zip(output.auxiliary.float().unbind(1), other.auxiliary.unbind(1))
    return sum(_divergence(targets, *pair) for pair in pairs) / len(pairs)


def _divergence(targets, logits, other):
    if not targets.is_classification:
        return (logits - other.float()).square().mean(1)
    functional = torch.nn.functional
    if targets.is_sigmoid:
        p, other = logits.sigmoid(), other.float()
        yes = functional.logsigmoid(logits) - functional.logsigmoid(other)
        no = functional.logsigmoid(-logits) - functional.logsigmoid(-other)
        return (p * yes + (1 - p) * no).mean(1)
    found = []
    for group in targets.groups:
        log_p = logits[:, group].log_softmax(1)
        log_q = other[:, group].float().log_softmax(1)
        found.append((log_p.exp() * (log_p - log_q)).sum(1))
    return sum(found) / len(found)
