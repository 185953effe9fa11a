"""Learning rates: of each step, and of each parameter."""

import math

from skmm._nn.declarations import declared, declares
from skmm._nn.freezing import is_learnable


def rate_factor(schedule, progress, warm_up=0.05):
    """Return the share of the learning rate at a moment of the training.

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


def parameter_groups(heads, *, learning_rate, weight_decay, encoder_rates):
    """Return the optimizer's groups of parameters.

    Parameters
    ----------
    heads : dict of str to nn.Module
    learning_rate : float
    weight_decay : float
    encoder_rates : dict of nn.Module to float
        Learning rates of encoders that stand whatever is declared within them.

    Returns
    -------
    groups : list of dict
    """
    scales = {module: rate / learning_rate for module, rate in encoder_rates.items()}
    groups = {}
    for head, module in heads.items():
        for scale, decays, parameter in scaled_parameters(module, scales):
            groups.setdefault((head, scale, decays), []).append(parameter)
    return [
        {
            "params": parameters,
            "lr": learning_rate * scale,
            "weight_decay": weight_decay * decays,
            "head": head,
        }
        for (head, scale, decays), parameters in groups.items()
    ]


def scaled_parameters(module, scales=None):
    """Yield (learning rate scale, whether weight decay applies, parameter).

    Parameters
    ----------
    module : nn.Module
    scales : dict of nn.Module to float, default=None
        Scales that are not changed by what is declared further down.
    """
    yield from _scaled(module, scales or {}, 1.0, True, 1.0, False)


def _scaled(module, scales, scale, decays, layer, fixed):
    if module in scales:
        scale, fixed = scales[module], True
    elif not fixed and declares(module, "learning_rate_scale"):
        scale = module.learning_rate_scale
    if declares(module, "weight_decays"):
        decays = module.weight_decays
    layer = layer * declared(module, "layer_scale")
    for parameter in module.parameters(recurse=False):
        if is_learnable(parameter):
            yield scale * layer, decays, parameter
    for child in module.children():
        yield from _scaled(child, scales, scale, decays, layer, fixed)
