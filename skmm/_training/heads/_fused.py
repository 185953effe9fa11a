"""The fused head: encoders, fusion, perceptron."""

import dataclasses

import torch
from torch import nn

from skmm._nn.declarations import declared, declares
from skmm._nn.perceptron import ShortcutMLP
from skmm._nn.seeding import rand, seeded
from skmm._training.heads._base import HeadOutput, NetHead, set_bias
from skmm._training.heads._tasks import TaskOutputs
from skmm.encoders._base import Encoded
from skmm.fusion import make_fusion
from skmm.fusion._base import Fusion, FusionOutput, FusionSpec


class FusedHead(NetHead):
    """Encoders, a fusion chosen by name, and a perceptron over the fused embedding."""

    name = "fused"

    def build_module(self, spec):
        """Build the encoders, then the fusion, then the perceptron.

        In this order the encoders' first weights are the same whatever the fusion.
        """
        options, encoders = spec.options, spec.encoders
        width = options["width"]
        modules = {name: e.build_module(width) for name, e in encoders.items()}
        fusion = make_fusion(options["fusion"])
        fusion_spec = FusionSpec(
            list(modules), width, spec.targets.n_logits, modules, options["dropout"]
        )
        return FusedModule(
            modules,
            fusion.build_module(fusion_spec),
            fusion_spec,
            depth=options["depth"],
            # An object of the user's own need not be derived from Fusion.
            uses_tokens=getattr(fusion, "uses_tokens", Fusion.uses_tokens),
            targets=spec.targets,
        )


class FusedModule(nn.Module):
    """Encoders, fusion, and a perceptron over the fused embedding.

    Parameters
    ----------
    encoders : dict of str to nn.Module
    fusion : nn.Module
    spec : FusionSpec
    depth : int
    uses_tokens : bool, default=False
        Whether the fusion takes tokens.
    targets : ClassificationTargets or RegressionTargets, default=None
        They average logits of members (n, k, n_outputs) to logits (n, n_outputs); None
        takes the mean.

    Attributes
    ----------
    modality_dropout : float
        Probability with which the fusion does not see a modality in training.
    mixup : object with ``draw``, or None
        Mixes rows in training.
    alignments : nn.ModuleList
    alignment_weight : float
    own_heads : nn.ModuleList or None
        A linear head for each modality, beside the fused one.
    detaches : bool
        If True, the target's loss of the fused head does not reach the encoders.
    """

    def __init__(
        self,
        encoders,
        fusion,
        spec,
        *,
        depth,
        uses_tokens=False,
        targets=None,
    ):
        super().__init__()
        self.names = list(encoders)
        self.encoders = nn.ModuleList(encoders.values())
        self.fusion = fusion
        self.uses_tokens = uses_tokens
        self.targets = targets
        # Parameters of the training, which are set before each one.
        self.modality_dropout = 0.0
        self.mixup = None
        self.out_features = fusion.out_features
        self.alignments = nn.ModuleList()
        self.alignment_weight = 0.0
        self.own_heads = None
        self.detaches = False
        self.spec = dataclasses.replace(spec, encoders={})
        self.output = None
        if not self._decides(spec):
            tasks = None if targets is None else targets.tasks
            kind, n_outputs = ShortcutMLP, spec.n_outputs
            if tasks is not None:
                kind, n_outputs = TaskOutputs, tasks
            self.output = kind(
                self.out_features,
                2 * spec.width,
                n_outputs,
                depth=depth,
                dropout=spec.dropout,
            )

    def __setstate__(self, state):
        """Fill in what models of older versions have not."""
        super().__setstate__(state)
        self.__dict__.setdefault("detaches", False)
        if "own_heads" not in self._modules:
            self.__dict__.setdefault("own_heads", None)

    def align(self, alignments):
        """Add losses that bring the modalities' spaces together.

        Parameters
        ----------
        alignments : list of Alignment
            They take the place of earlier ones.
        """
        encoders = dict(zip(self.names, self.encoders))
        spec = dataclasses.replace(self.spec, encoders=encoders)
        self.alignments = nn.ModuleList(one.build_module(spec) for one in alignments)

    def own(self, prior, seed):
        """Give each modality a head of its own, or keep those that are there.

        Parameters
        ----------
        prior : tensor of shape (n_logits,) or None
            What they start from; None takes the heads away.
        seed : int
        """
        if prior is None:
            self.own_heads = None
        elif self.own_heads is None:
            with seeded(seed):
                self.own_heads = nn.ModuleList(
                    nn.Linear(self.spec.width, self.spec.n_outputs) for _ in self.names
                )
            for head in self.own_heads:
                set_bias(head.bias, prior)

    @torch.no_grad()
    def _decides(self, spec):
        """Whether the fusion gives logits itself; one small batch tells."""
        training = self.fusion.training
        encoded = [Encoded(torch.zeros(2, spec.width)) for _ in self.names]
        self.fusion.eval()
        output = self._fuse(encoded, torch.ones(2, len(self.names)).bool())
        self.fusion.train(training)
        if tuple(output.embedding.shape) != (2, self.out_features):
            raise ValueError(
                f"The fusion's embedding of 2 rows has the shape "
                f"{tuple(output.embedding.shape)}; its out_features says "
                f"(2, {self.out_features})."
            )
        return output.logits is not None

    def forward(self, blocks):
        present = torch.stack([blocks[name].present for name in self.names], dim=1)
        mixing = None
        if self.training and self.mixup is not None:
            mixing = self.mixup.draw(len(present), present.device)
        encoded = [
            self._encode(name, encoder, blocks[name], mixing)
            for name, encoder in zip(self.names, self.encoders)
        ]
        if mixing is not None:
            present = torch.stack([there for _, there in encoded], dim=1)
        encoded = [some for some, _ in encoded]
        own = None
        if self.own_heads is not None:
            vectors = _clean_vectors(encoded, present).unbind(1)
            own = [head(some) for head, some in zip(self.own_heads, vectors)]
            own = torch.stack(own, dim=1)
        learned = encoded
        if self.detaches:
            encoded = [detach(some) for some in encoded]
        seen = present
        if self.training and self.modality_dropout > 0:
            seen = hide_modalities(present, self.modality_dropout)
        k = max(1 if e.members is None else e.members.shape[1] for e in encoded)
        if k > 1:
            folded = [fold_members(some, k) for some in encoded]
            fused = self._fuse(folded, seen.repeat_interleave(k, 0))
        else:
            fused = self._fuse(encoded, seen)
        if self.output is not None:
            fused = dataclasses.replace(fused, logits=self.output(fused.embedding))
        if k > 1:
            fused = self._unfold(fused, k)
        logits = fused.logits
        return HeadOutput(
            logits,
            fused.embedding,
            self._add_alignment(fused.loss, learned, present),
            fused.weights,
            fused.auxiliary,
            fused.auxiliary_weights,
            mixing,
            own,
            None if own is None else present,
        )

    def _unfold(self, fused, k):
        """Give one row for each k: the members learn one by one, and predict as one."""
        each = fused.logits.unflatten(0, (-1, k))
        if self.targets is None:
            logits = each.mean(1)
        else:
            logits = self.targets.average_members(each)
        auxiliary, weights = each, torch.full_like(each[..., 0], 1 / k)
        if fused.auxiliary is not None:
            more = fused.auxiliary.unflatten(0, (-1, k)).flatten(1, 2)
            auxiliary = torch.cat([auxiliary, more], dim=1)
            more = fused.auxiliary_weights.unflatten(0, (-1, k)).flatten(1) / k
            weights = torch.cat([weights, more], dim=1)
        seen = fused.weights
        return FusionOutput(
            fused.embedding.unflatten(0, (-1, k)).mean(1),
            # Its loss is only shown: by a loss of the mean the members would specialise
            # on one another's errors.
            logits.detach() if self.training else logits,
            fused.loss,
            None if seen is None else seen.unflatten(0, (-1, k)).mean(1),
            auxiliary,
            weights,
        )

    def _encode(self, name, encoder, block, mixing):
        """Return what an encoder makes of a block, mixed, and which rows have it."""
        if mixing is None:
            encoded = as_encoded(encoder(block))
            wanted = (len(block), self.spec.width)
            if tuple(encoded.vectors.shape) != wanted:
                raise ValueError(
                    f"The encoder's module of modality {name!r} gave vectors of shape "
                    f"{tuple(encoded.vectors.shape)} for a batch of {wanted[0]} rows; "
                    f"with width={wanted[1]} they are to be of shape {wanted}."
                )
            return encoded, block.present
        if mixing.where in declared(encoder, "mixes"):
            return as_encoded(encoder(block, mixing)), block.present
        return mix_encoded(as_encoded(encoder(block)), block.present, mixing)

    def _fuse(self, encoded, present):
        tokens = ()
        if self.uses_tokens:
            tokens = _clean_tokens(encoded, present)
        return as_fusion_output(
            self.fusion(_clean_vectors(encoded, present), present, *tokens)
        )

    def _add_alignment(self, loss, encoded, present):
        """Add the alignments' losses in training, where alone they are of use."""
        if not (self.training and self.alignments):
            return loss
        vectors = _clean_vectors(encoded, present)
        total = sum(alignment(vectors, present) for alignment in self.alignments)
        total = self.alignment_weight * total
        return total if loss is None else loss + total

    def set_bias(self, prior):
        """Start from the prior rather than from even odds, and from nothing more."""
        if self.output is not None:
            self.output.set_bias(prior)
        elif declares(self.fusion, "set_bias"):
            self.fusion.set_bias(prior)


def hide_modalities(present, probability):
    """Give ``present`` with modalities hidden at random, never all of a row."""
    drawn = rand(*present.shape, device=present.device)
    seen = present & (drawn >= probability)
    # Where none is left the one that was drawn highest stays.
    highest = drawn.masked_fill(~present, -1).argmax(1, keepdim=True)
    stays = torch.zeros_like(present).scatter(1, highest, True) & present
    return torch.where(seen.any(1, keepdim=True), seen, stays)


def fold_members(encoded, k):
    """Give k rows for each, one a member; all of an encoder without members alike."""
    if encoded.members is None:
        vectors = encoded.vectors.repeat_interleave(k, 0)
    elif encoded.members.shape[1] == k:
        vectors = encoded.members.flatten(0, 1)
    else:
        raise ValueError(
            f"Encoders have {encoded.members.shape[1]} and {k} members: give all that "
            "have any the same n_members."
        )
    if encoded.tokens is None:
        return Encoded(vectors)
    mask = encoded.token_mask
    mask = None if mask is None else mask.repeat_interleave(k, 0)
    return Encoded(vectors, encoded.tokens.repeat_interleave(k, 0), mask)


def mix_encoded(encoded, present, mixing):
    """Mix an encoder's vectors and tokens; give them, and which rows have any."""
    mask = encoded.token_mask
    tokens = encoded.tokens
    if tokens is not None:
        mask = present[:, None].expand(tokens.shape[:2]) if mask is None else mask
        tokens, mask = mixing.mix_present(tokens, mask & present[:, None])
    members = encoded.members
    if members is not None:
        members = mixing.mix_present(members, present)[0]
    vectors, present = mixing.mix_present(encoded.vectors, present)
    return Encoded(vectors, tokens, mask, members), present


def _clean_vectors(encoded, present):
    """Stack the vectors; zeros where absent, whatever an encoder made of nothing."""
    vectors = torch.stack([some.vectors for some in encoded], dim=1)
    return torch.where(present[..., None], vectors, 0)


def _clean_tokens(encoded, present):
    """Give lists of the modalities' tokens and of their masks; zeros where masked."""
    tokens, masks = [], []
    for m, (vectors, some, mask, _) in enumerate(encoded):
        there = present[:, m, None]
        if some is None:
            some, mask = vectors[:, None], there
        elif mask is None:
            mask = there.expand(some.shape[:2])
        else:
            mask = mask & there
        tokens.append(torch.where(mask[..., None], some, 0))
        masks.append(mask)
    return tokens, masks


def detach(encoded):
    """Return what an encoder gave, cut off from what it was computed by."""
    return Encoded._make(None if part is None else part.detach() for part in encoded)


def as_encoded(output):
    """Accept bare vectors from an encoder module."""
    return output if isinstance(output, Encoded) else Encoded(output)


def as_fusion_output(output):
    """Accept a bare embedding from a fusion module."""
    return output if isinstance(output, FusionOutput) else FusionOutput(output)
