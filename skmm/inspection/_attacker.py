"""Rows that are changed, within a radius, to be hard for a fitted estimator."""

import copy

import numpy as np
import torch

from skmm._nn.seeding import drawing_from, float32_by_default, make_generator
from skmm._training.perturbation import (
    Perturbation,
    can_change,
    find_places,
    read_radii,
)
from skmm._training.rows import Rows
from skmm.modalities._resolver import check_names

#: Rows that are changed at once.
_BATCH = 128
#: What all steps come to, in radii; as in the paper.
_WAY = 2.5


class Attacker:
    """Projected gradient descent against the fused head of a fitted estimator.

    Parameters
    ----------
    estimator : BaseMultimodal
        Fitted.
    blocks : dict of str to Block
    y : ndarray
    radius : dict of str to float, or None
    steps : int
    seed : int

    Raises
    ------
    ValueError
        Without a fused head, with several models, and for unknown modalities.
    """

    def __init__(self, estimator, blocks, y, *, radius, steps, seed):
        learner = estimator._learner
        if len(learner.members) > 1:
            raise ValueError(
                f"An attack follows the gradient of one model, and validation="
                f"{estimator.validation!r} trained {len(learner.members)}. Fit with a "
                "fraction, such as validation=0.1."
            )
        if learner.fused is None:
            raise ValueError(
                "An attack follows the gradient of the head 'fused', and this "
                f"estimator has the heads {list(learner.heads)}. Add 'fused'."
            )
        if radius is not None:
            check_names(radius, learner.fused.names, "radius")
        # Its modules get hooks: other threads may predict with those of the estimator.
        self.learner = learner.copy()
        self.blocks = blocks
        self.targets = estimator._targets
        self.codes = torch.from_numpy(np.ascontiguousarray(self.targets.encode(y)))
        self.radii = read_radii(learner.fused, radius)
        self.steps = steps
        self.seed = seed

    @property
    def spaces(self):
        """Where each modality that can be attacked is changed, a dict by name."""
        fused = self.learner.fused
        found = {}
        for name, encoder in zip(fused.names, fused.encoders):
            if name in self.radii and can_change(encoder, self.blocks[name]):
                found[name], _ = find_places(encoder)
        return found

    def logits(self, names, strength=1.0):
        """Return each head's logits of the changed rows, and of all heads together.

        Parameters
        ----------
        names : sequence of str
            The modalities that are changed.
        strength : float, default=1.0
            Factor of the radii; 0 changes nothing.

        Returns
        -------
        fused, mixture : ndarray of shape (n_rows, n_logits)
        """
        learner = self.learner
        heads = [h for h in learner.fitted if h != "fused"]
        radii = {name: strength * self.radii[name] for name in names}
        found = {head: [] for head in ("fused", *heads)}
        module, device = learner.module, learner.module.device
        generator = make_generator(self.seed, device)
        with (
            module.at_rest(),
            drawing_from(generator),
            float32_by_default(),
            torch.backends.cudnn.flags(enabled=False),
        ):
            for rows in torch.arange(len(self.codes)).split(_BATCH):
                fused, changed = self._attack(rows, radii)
                found["fused"].append(fused)
                for head, some in self._siblings(changed, heads).items():
                    found[head].append(some)
        found = {head: np.concatenate(parts) for head, parts in found.items()}
        view = copy.copy(learner)
        view._known = ((self.blocks, found),)
        return view.only("fused").predict(self.blocks), view.predict(self.blocks)

    def _attack(self, rows, radii):
        """Return the fused head's logits of changed rows, and their blocks."""
        module = self.learner.module
        device = module.device
        blocks = {
            name: block.take(rows).to(device).cast(module.dtype)
            for name, block in self.blocks.items()
        }
        codes = self.codes[rows].to(device)

        def call(blocks):
            with module.cast_automatically():
                return module(blocks, ["fused"])["fused"].logits

        perturbation = Perturbation(self.learner.fused, radii, start=1.0)
        for _ in range(self.steps):
            logits = perturbation.run(call, blocks)
            loss = self.targets.row_loss(logits, codes).sum()
            perturbation.climb(loss, _WAY / self.steps)
        perturbation.rest()
        with torch.no_grad():
            logits = perturbation.run(call, blocks).double().cpu().numpy()
        changed = perturbation.change(blocks)
        return logits, {name: b.cast(torch.float32) for name, b in changed.items()}

    def _siblings(self, blocks, heads):
        """Return the logits of the other heads, which see changed blocks alone."""
        module = self.learner.module
        trained = [head for head in heads if head in module.heads]
        found = module.run(blocks, trained, "logits") if trained else {}
        for head in heads:
            if head not in found:
                found[head] = self.learner.heads[head].logits(Rows(blocks))
        return found
