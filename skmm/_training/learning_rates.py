"""Learning rates: of each step, and of each parameter."""

import math

from skmm._nn.freezing import is_learnable


def rate_factor(schedule, progress, warm_up=0.05):
    """Give the share of the learning rate at a moment of the training.

    Parameters
    ----------
    schedule : {"linear", "cosine"}
    progress : float
        From 0 to 1.
    warm_up : float, default=0.05
        Share of the training in which the rate rises: what is pretrained is not
        shaken by heads that know nothing yet.
    """
    if progress < warm_up:
        return (progress + 0.01 * warm_up) / warm_up
    rest = (progress - warm_up) / (1 - warm_up)
    return 1 - rest if schedule == "linear" else 0.5 * (1 + math.cos(math.pi * rest))


def scaled_parameters(module, scale=1.0, decays=True, layer=1.0, fixed=False):
    """Yield (learning rate scale, whether weight decay applies, parameter).

    A module's ``learning_rate_scale`` stands for it and all within; ``layer_scale``
    is a factor on top. ``fixed_learning_rate_scale``, which ``encoder_learning_rate``
    sets, is not changed by scales further down.
    """
    if hasattr(module, "fixed_learning_rate_scale"):
        scale, fixed = module.fixed_learning_rate_scale, True
    elif not fixed:
        scale = getattr(module, "learning_rate_scale", scale)
    layer = layer * getattr(module, "layer_scale", 1.0)
    decays = getattr(module, "weight_decays", decays)
    for parameter in module.parameters(recurse=False):
        if is_learnable(parameter):
            yield scale * layer, decays, parameter
    for child in module.children():
        yield from scaled_parameters(child, scale, decays, layer, fixed)
