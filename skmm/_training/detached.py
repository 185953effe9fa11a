"""Encoders that learn from their own heads only."""

from skmm._training.balance import BalancedStep


class DetachedStep(BalancedStep):
    """The fused head's loss for the target does not reach the encoders.

    Each encoder learns as it would alone, by its own head and by the alignments, and
    no modality can hold another back. The fusion and the fused head learn over vectors
    that are cut off from the encoders.
    """

    name = "balance='detached'"

    def begin(self, net, rows):
        super().begin(net, rows)
        if self.fused.uses_tokens:
            raise ValueError(
                "balance='detached' leaves encoders to heads over their vectors, and "
                "this fusion reads tokens, for which no such head learns. Take another "
                "fusion, or balance='pareto'."
            )
