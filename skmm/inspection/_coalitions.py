"""Which coalitions of players are looked at, and what is made of their scores.

Every importance here is a weighted sum of coalitions' scores, so that the same weights
serve for the score on all rows and on each bootstrap sample of them.
"""

import math
from typing import NamedTuple

import numpy as np


class Coalitions(NamedTuple):
    """Coalitions of M players, and the weights that turn scores into importances.

    Attributes
    ----------
    members : ndarray of bool of shape (n_coalitions, M)
        Neighbours differ by few players.
    weights : ndarray of shape (M, n_coalitions)
        ``weights @ scores`` are the importances.
    interactions : ndarray of shape (M, M, n_coalitions) or None
        The same of pairs.
    alone : ndarray of shape (M, n_coalitions) or None
        The same of what each player brings by itself.
    samples : ndarray of shape (n_samples, M, n_coalitions) or None
        Where the weights are the mean of random ones: these.
    """

    members: np.ndarray
    weights: np.ndarray
    interactions: np.ndarray | None = None
    alone: np.ndarray | None = None
    samples: np.ndarray | None = None


def exact_shapley(n):
    """Return all coalitions of n players, weighted for Shapley values.

    Parameters
    ----------
    n : int

    Returns
    -------
    coalitions : Coalitions
        In Gray's order: each differs from the one before by one player.
    """
    counts = np.arange(2**n)
    codes = counts ^ (counts >> 1)
    place = np.argsort(codes)
    members = (codes[:, None] >> np.arange(n) & 1).astype(bool)
    size = members.sum(axis=1)
    share = [_share(s, n, 1) for s in range(n)]
    weights = np.zeros((n, 2**n))
    for i in range(n):
        without = np.flatnonzero(~members[:, i])
        weights[i, without] = -np.take(share, size[without])
        weights[i, place[codes[without] | 1 << i]] = np.take(share, size[without])
    share = [_share(s, n, 2) for s in range(n - 1)]
    pairs = np.zeros((n, n, 2**n))
    for i in range(n):
        for j in range(i):
            without = np.flatnonzero(~members[:, i] & ~members[:, j])
            some, code = np.take(share, size[without]), codes[without]
            pairs[i, j, without] = some
            pairs[i, j, place[code | 1 << i]] = -some
            pairs[i, j, place[code | 1 << j]] = -some
            pairs[i, j, place[code | 1 << i | 1 << j]] = some
            pairs[j, i] = pairs[i, j]
    return Coalitions(members, weights, interactions=pairs)


def _share(size, n, n_joining):
    """Return the share of a coalition's gain in an index of so many joining players."""
    rest = n - size - n_joining
    return (
        math.factorial(size) * math.factorial(rest) / math.factorial(n - n_joining + 1)
    )


def sampled_shapley(n, n_permutations, rng):
    """Return the coalitions along random permutations of n players.

    Permutations come in pairs of opposite order, which halves the variance and more
    where the players' gains add up.

    Parameters
    ----------
    n : int
    n_permutations : int
        Rounded up to an even number.
    rng : RandomState

    Returns
    -------
    coalitions : Coalitions
        With a sample a pair of permutations.

    References
    ----------
    Castro, Gómez, Tejada: Polynomial calculation of the Shapley value based on
    sampling, Computers & Operations Research 36, 2009. Mitchell, Cooper, Frank,
    Holmes: Sampling permutations for Shapley value estimation, JMLR 23, 2022.
    """
    members, places, gains = [], {}, []

    def find(coalition):
        key = coalition.tobytes()
        if key not in places:
            places[key] = len(members)
            members.append(coalition.copy())
        return places[key]

    for pair in range(-(-n_permutations // 2)):
        order = rng.permutation(n)
        for players in (order, order[::-1]):
            coalition = np.zeros(n, dtype=bool)
            before = find(coalition)
            for i in players:
                coalition[i] = True
                after = find(coalition)
                gains.append((pair, i, before, after))
                before = after
    samples = np.zeros((pair + 1, n, len(members)))
    for pair, i, before, after in gains:
        samples[pair, i, after] += 0.5
        samples[pair, i, before] -= 0.5
    return Coalitions(np.array(members), samples.mean(axis=0), samples=samples)


def draw_contexts(n, rng):
    """Return coalitions of n other players that a player may join, by their share.

    Their gains so weighted are the player's Shapley value.

    Parameters
    ----------
    n : int
    rng : RandomState

    Returns
    -------
    members : ndarray of bool of shape (n_contexts, n)
        All coalitions of up to 3 players, else 8 random ones, in pairs of complements.
    weights : ndarray of shape (n_contexts,)
        Their sum is 1.
    """
    if n <= 3:
        members = (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(bool)
        return members, np.array([_share(s, n + 1, 1) for s in members.sum(axis=1)])
    members = []
    for _ in range(4):
        size = rng.randint(n + 1)
        one = np.zeros(n, dtype=bool)
        one[rng.permutation(n)[:size]] = True
        members += [one, ~one]
    return np.array(members), np.full(8, 1 / 8)


def ablation(n):
    """Return none, each alone, all but each, and all of n players.

    Parameters
    ----------
    n : int

    Returns
    -------
    coalitions : Coalitions
        The weights are of what is lost without a player.
    """
    one = np.eye(n, dtype=bool)
    none = np.zeros((1, n), dtype=bool)
    members = np.concatenate([none, one, ~one, ~none])
    each = np.eye(n)
    weights, alone = np.zeros((2, n, len(members)))
    weights[:, -1] = 1
    weights[:, n + 1 : -1] = -each
    alone[:, 0] = -1
    alone[:, 1 : n + 1] = each
    return Coalitions(members, weights, alone=alone)
