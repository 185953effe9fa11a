"""skorch callbacks for ``callbacks=``."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any

from skorch.callbacks import Callback

from skmm._nn.freezing import freeze, layers_of, unfreeze
from skmm._utils.compat import Interval
from skmm._utils.validation import SequenceOf
from skmm.modalities._resolver import check_names

if TYPE_CHECKING:
    from skorch import NeuralNet

    from skmm._utils.typing import Names

__all__ = ["GradualUnfreezing"]


class GradualUnfreezing(Callback):
    """Let an encoder learn layer by layer, from the output to the input.

    In the first epochs only the fusion and the heads learn, and the encoder does not
    change. Then the encoder's last layer learns too, then the layer before it, and so
    on. So heads that have not learned yet cannot spoil a pretrained network. The layers
    are those of a pretrained network for text, or for pictures with ``tune="full"``;
    the layers that follow the network learn with its last layer. For other encoders,
    the layers are the parts of their module.

    Parameters
    ----------
    modalities : list of str or None, default=None
        Names of the modalities whose encoders are unfrozen step by step. None takes all
        modalities.
    start : int, default=1
        Number of epochs at the beginning in which no layer of these encoders is
        trained.
    every : int, default=1
        Number of epochs between one layer and the next.

    References
    ----------
    Howard, Ruder: Universal Language Model Fine-tuning for Text Classification, ACL
    2018.

    Examples
    --------
    >>> from skmm import MultimodalClassifier
    >>> from skmm.callbacks import GradualUnfreezing
    >>> model = MultimodalClassifier(callbacks=[GradualUnfreezing(every=2)])
    """

    _parameter_constraints = {
        "modalities": [SequenceOf(str, description="a list of str"), None],
        "start": [Interval(Integral, 0, None, closed="left")],
        "every": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self, modalities: Names | None = None, start: int = 1, every: int = 1
    ) -> None:
        self.modalities = modalities
        self.start = start
        self.every = every

    def on_train_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        """Freeze the encoders; skorch calls it.

        Parameters
        ----------
        net : skorch.NeuralNet
        **kwargs
            Unused.
        """
        fused = net.module_.heads["fused"]
        names = fused.names if self.modalities is None else self.modalities
        check_names(names, fused.names, "GradualUnfreezing")
        self.layers_ = []
        for name, encoder in zip(fused.names, fused.encoders):
            if name in names:
                self.layers_.append((encoder, layers_of(encoder)))
                freeze(encoder)
        self.epoch_ = 0

    def on_epoch_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        """Let the next layers learn; skorch calls it.

        Parameters
        ----------
        net : skorch.NeuralNet
        **kwargs
            Unused.
        """
        n_open = 1 + (self.epoch_ - self.start) // self.every
        self.epoch_ += 1
        if n_open < 1:
            return
        for encoder, layers in self.layers_:
            unfreeze(encoder)
            for layer in layers[: max(len(layers) - n_open, 0)]:
                freeze(layer)

    def on_train_end(self, net: NeuralNet, **kwargs: Any) -> None:
        """Unfreeze all layers; skorch calls it.

        Parameters
        ----------
        net : skorch.NeuralNet
        **kwargs
            Unused.
        """
        for encoder, _ in self.layers_:
            unfreeze(encoder)
        self.layers_ = []
