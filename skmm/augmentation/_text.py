"""Augmentations of texts: token ids (n, t) and a mask (n, t), True where one is."""

from __future__ import annotations

import copy
from numbers import Real
from typing import TYPE_CHECKING, Any, Self

import torch

from skmm._nn.seeding import rand
from skmm._utils.compat import Interval
from skmm.augmentation._base import Augmentation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

#: Ids of the vocabularies that TextEncoder makes.
PADDING, UNKNOWN, SEPARATOR = 0, 1, 2


class TextAugmentation(Augmentation):
    """Base of the changes of token ids; separators between columns are not changed."""

    #: The id between two columns.
    separator = SEPARATOR

    def bind(self, vocabulary: Mapping[str, int], separator: int) -> Self:
        """Return a copy that knows the ids of a fitted vocabulary.

        Parameters
        ----------
        vocabulary : dict of str to int
        separator : int
            The id between two columns.

        Returns
        -------
        augmentation : TextAugmentation
        """
        bound = copy.copy(self)
        bound.separator = separator
        return bound

    def _choose(self, ids, mask, share):
        """Choose each token with a probability."""
        chosen = rand(*ids.shape, device=ids.device) < share
        return chosen & mask & (ids != self.separator)


class TokenDrop(TextAugmentation):
    """Remove tokens at random.

    Parameters
    ----------
    share : float, default=0.1
        Probability that a token is removed. Each row keeps at least one token.

    References
    ----------
    Wei, Zou: EDA: Easy Data Augmentation Techniques for Boosting Performance on Text
    Classification Tasks, EMNLP 2019.

    Examples
    --------
    >>> import torch
    >>> from skmm.augmentation import TokenDrop
    >>> ids, mask = torch.tensor([[7, 8, 9]]), torch.ones(1, 3, dtype=torch.bool)
    >>> ids, mask = TokenDrop(share=1.0)(ids, mask)
    >>> mask.sum().item()  # one is kept
    1
    """

    _parameter_constraints = {"share": [Interval(Real, 0, 1, closed="both")]}

    def __init__(self, share: float = 0.1) -> None:
        self.share = share

    def __call__(
        self, ids: torch.Tensor, mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        dropped = self._choose(ids, mask, self.share)
        # One at random stays where all would go.
        order = rand(*ids.shape, device=ids.device).masked_fill(~mask, -1)
        last = torch.zeros_like(mask).scatter_(1, order.argmax(1, keepdim=True), True)
        emptied = ~(mask & ~dropped).any(dim=1, keepdim=True)
        kept = mask & (~dropped | (last & emptied))
        # What is left moves up, in its order; padding stays behind.
        places = torch.sort(~kept, dim=1, stable=True).indices
        kept = kept.gather(1, places)
        return torch.where(kept, ids.gather(1, places), PADDING), kept


class TokenSwap(TextAugmentation):
    """Exchange tokens with the token that follows.

    Parameters
    ----------
    share : float, default=0.1
        Probability that a token changes places with the next one. Tokens never move
        into another column.

    References
    ----------
    Wei, Zou: EDA: Easy Data Augmentation Techniques for Boosting Performance on Text
    Classification Tasks, EMNLP 2019.

    Examples
    --------
    >>> import torch
    >>> from skmm.augmentation import TokenSwap
    >>> ids, mask = torch.tensor([[7, 8]]), torch.ones(1, 2, dtype=torch.bool)
    >>> TokenSwap(share=1.0)(ids, mask)[0].tolist()
    [[8, 7]]
    """

    _parameter_constraints = {"share": [Interval(Real, 0, 1, closed="both")]}

    def __init__(self, share: float = 0.1) -> None:
        self.share = share

    def __call__(
        self, ids: torch.Tensor, mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if ids.shape[1] < 2:
            return ids, mask
        movable = mask & (ids != self.separator)
        first = self._choose(ids, mask, self.share)[:, :-1] & movable[:, 1:]
        # Of a run of neighbours every other one: each token takes part in one swap.
        times = torch.arange(first.shape[1], device=ids.device)
        broken = torch.where(first, -1, times).cummax(1).values
        first = first & ((times - broken) % 2 == 1)
        shift = torch.zeros_like(ids)
        shift[:, :-1] += first.long()
        shift[:, 1:] -= first.long()
        times = torch.arange(ids.shape[1], device=ids.device)
        return ids.gather(1, times + shift), mask


class TokenReplace(TextAugmentation):
    """Replace tokens by other words.

    Parameters
    ----------
    share : float, default=0.1
        Probability that a token is replaced.
    by : None, dict or callable, default=None
        Source of the other words. None draws random tokens of the batch, frequent ones
        more often. A dict or a function returns, for a word, the words that mean the
        same: a string, a list of strings, or None. A word is not replaced if none of
        its synonyms is in the fitted vocabulary.

    References
    ----------
    Wei, Zou: EDA: Easy Data Augmentation Techniques for Boosting Performance on Text
    Classification Tasks, EMNLP 2019. Xie et al.: Unsupervised Data Augmentation for
    Consistency Training, NeurIPS 2020.

    Examples
    --------
    >>> import torch
    >>> from skmm.augmentation import TokenReplace
    >>> replace = TokenReplace(share=1.0, by={"nice": ["fine", "good"]})
    >>> replace = replace.bind({"nice": 3, "good": 4, "day": 5}, separator=2)
    >>> ids, mask = torch.tensor([[3, 5]]), torch.ones(1, 2, dtype=torch.bool)
    >>> replace(ids, mask)[0].tolist()
    [[4, 5]]
    """

    _parameter_constraints = {
        "share": [Interval(Real, 0, 1, closed="both")],
        "by": [dict, callable, None],
    }

    # Of a bound one: ids of the synonyms of each id, and how many they are.
    table: torch.Tensor
    counts: torch.Tensor

    def __init__(
        self,
        share: float = 0.1,
        by: Mapping[str, str | Sequence[str] | None]
        | Callable[[str], Any]
        | None = None,
    ) -> None:
        self.share = share
        self.by = by

    def bind(self, vocabulary: Mapping[str, int], separator: int) -> Self:
        bound = super().bind(vocabulary, separator)
        if self.by is not None:
            bound.table, bound.counts = _synonyms(self.by, vocabulary)
            bound.by = {}  # a function need not be pickled with the module
        return bound

    def __call__(
        self, ids: torch.Tensor, mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        chosen = self._choose(ids, mask, self.share)
        if self.by is None:
            return torch.where(chosen, self._draw(ids, mask), ids), mask
        if not hasattr(self, "table"):
            raise ValueError(
                "TokenReplace(by=...) has to know a vocabulary: give it to "
                "TextEncoder(augment=...), or call bind first."
            )
        if self.table.device != ids.device:
            self.table, self.counts = (
                part.to(ids.device) for part in (self.table, self.counts)
            )
        counts = self.counts[ids]
        which = (rand(*ids.shape, device=ids.device) * counts).long()
        found = self.table[ids, which]
        return torch.where(chosen & (counts > 0), found, ids), mask

    def _draw(self, ids, mask):
        """Draw as many tokens of the batch as there are places."""
        usable = mask & (ids != self.separator)
        # The usable ones first, without asking the device how many they are.
        pool = ids.flatten()[torch.sort(~usable.flatten(), stable=True).indices]
        places = rand(*ids.shape, device=ids.device) * usable.sum()
        return pool[places.long()]


def _synonyms(by, vocabulary):
    """Return for each id those of its synonyms (n_ids, most), and how many they are."""
    give = by if callable(by) else by.get
    n_ids = max(vocabulary.values(), default=0) + 1
    found = {}
    for word, i in vocabulary.items():
        words = give(word)
        words = [words] if isinstance(words, str) else (words or ())
        ids = [vocabulary[other] for other in words if other in vocabulary]
        if ids:
            found[i] = ids
    table = torch.zeros(
        n_ids, max(map(len, found.values()), default=1), dtype=torch.long
    )
    counts = torch.zeros(n_ids, dtype=torch.long)
    for i, ids in found.items():
        table[i, : len(ids)] = torch.tensor(ids)
        counts[i] = len(ids)
    return table, counts
