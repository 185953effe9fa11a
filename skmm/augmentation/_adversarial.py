"""Training against small changes that are worst for what is predicted."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral, Real
from typing import Literal

from skmm._utils.compat import Interval
from skmm._utils.validation import Names, Part

#: kind -> steps where `steps` is None. The papers take more for pictures.
KINDS = {"fgm": 1, "pgd": 3, "free": 4, "vat": 1, "trades": 3}


class Adversarial(Part):
    """Train the fused head on rows that are changed to be hard.

    In each step the rows of the batch are changed within a radius, such that the
    fused head does worst, and it learns from the changed rows too. What is changed
    depends on how a modality is read:

    - pixels, of pictures that a network reads: each by at most the radius, on the
      scale from 0 to 255; the default is 4;
    - numbers, of tables, vectors and features: each by at most the radius, in the units
      in which the encoder scales its columns (about standard deviations); the default
      is 0.1. Categories stay as they are;
    - embeddings, of n-grams and words: a row's by at most `radius` times its Euclidean
      norm; the default is 0.2. They have no scale of their own, so that a radius in
      absolute units would mean something else in each model;
    - vectors that an encoder returns, where it has none of these (sounds, series, graph
      nodes, pretrained text networks that are tuned): as embeddings.

    Validation rows are never changed. Dropout and other random draws are the same for
    the rows as they are and as they are changed.

    Parameters
    ----------
    kind : {"fgm", "pgd", "free", "vat", "trades"}, default="fgm"
        How rows are changed, and what is learned from them:

        - "fgm": one step along the gradient of the loss; the loss of the changed rows
          is added [1]_;
        - "pgd": several smaller steps from a random start; the loss of the changed
          rows is added [2]_;
        - "free": each batch is learned from `steps` times in a row, and each time the
          gradient also changes the rows further; only the first of these sees them
          as they are [3]_;
        - "vat": a step along which the prediction changes most, whatever the target
          is; the divergence between both predictions is added [4]_;
        - "trades": several such steps, and the same divergence, which also moves the
          prediction for the rows as they are [5]_.
    radius : dict of str to float, or None, default=None
        Radius of each modality that is changed, by name; others stay as they are. None
        changes all by the defaults above.
    steps : int or None, default=None
        Number of steps that search for a change, of replays with "free", of power
        iterations with "vat". None takes 1 for "fgm" and "vat", 3 for "pgd" and
        "trades", 4 for "free". With "fgm" it is always 1.
    weight : float, default=1.0
        Weight of what is added to the loss of the rows as they are. "free" has no use
        for it.

    References
    ----------
    .. [1] Miyato, Dai, Goodfellow: Adversarial Training Methods for Semi-Supervised
       Text Classification, ICLR 2017.
    .. [2] Madry et al.: Towards Deep Learning Models Resistant to Adversarial Attacks,
       ICLR 2018. There the loss of the rows as they are is left out.
    .. [3] Shafahi et al.: Adversarial Training for Free!, NeurIPS 2019. There a change
       is carried on to the next batch.
    .. [4] Miyato, Maeda, Koyama, Ishii: Virtual Adversarial Training, IEEE
       Transactions on Pattern Analysis and Machine Intelligence 41, 2019.
    .. [5] Zhang et al.: Theoretically Principled Trade-off between Robustness and
       Accuracy, ICML 2019.

    Examples
    --------
    >>> from skmm import MultimodalClassifier
    >>> from skmm.augmentation import Adversarial
    >>> adversarial = Adversarial("pgd", radius={"text": 0.5})
    >>> model = MultimodalClassifier(adversarial=adversarial)
    """

    _parameter_constraints = {
        "kind": [Names(KINDS)],
        "radius": [dict, None],
        "steps": [Interval(Integral, 1, None, closed="left"), None],
        "weight": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        kind: Literal["fgm", "pgd", "free", "vat", "trades"] = "fgm",
        *,
        radius: Mapping[str, float] | None = None,
        steps: int | None = None,
        weight: float = 1.0,
    ) -> None:
        self.kind = kind
        self.radius = radius
        self.steps = steps
        self.weight = weight

    def count_steps(self) -> int:
        """Return the number of steps, with the defaults of each kind."""
        if self.kind == "fgm" or self.steps is None:
            return KINDS[self.kind]
        return self.steps

    def _check_combinations(self):
        for name, radius in (self.radius or {}).items():
            if not (isinstance(radius, Real) and 0 < radius < float("inf")):
                raise ValueError(
                    f"radius= of modality {name!r} is {radius!r}: it is a number above "
                    "0. Leave a modality out that is to stay as it is."
                )


def make_adversarial(given):
    """Return the object that a parameter ``adversarial=`` stands for.

    Parameters
    ----------
    given : str or Adversarial
        A string is one of the kinds.
    """
    return Adversarial(given) if isinstance(given, str) else given
