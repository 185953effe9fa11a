"""Parts of a module that do not learn, for good or for a while."""


def freeze(module):
    """Stop a module from learning, until :func:`unfreeze`.

    Its dropout is off and its running statistics stand still, whatever mode the
    module around it is in.

    Parameters
    ----------
    module : nn.Module
    """
    module.frozen = True
    for parameter in module.parameters():
        if parameter.requires_grad:
            parameter.requires_grad_(False)
            parameter.is_resting = True
    module.eval()


def unfreeze(module):
    """Let a module learn again what it did before :func:`freeze`.

    What was frozen for good within stays so.
    """
    for part in module.modules():
        part.__dict__.pop("frozen", None)
    for parameter in module.parameters():
        if getattr(parameter, "is_resting", False):
            parameter.requires_grad_(True)
            parameter.is_resting = False


def is_learnable(parameter):
    """Whether a parameter learns, now or once it is no longer frozen."""
    return parameter.requires_grad or getattr(parameter, "is_resting", False)


def keep_frozen_parts_still(module):
    """Put the frozen parts of a module into evaluation mode, after ``train()``."""
    for part in module.modules():
        if getattr(part, "frozen", False) or getattr(part, "frozen_for_good", False):
            part.eval()


def freeze_for_good(module):
    """Take a module's parameters out of what is learned, copied and restored.

    Parameters
    ----------
    module : nn.Module
    """
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    keep_still(module)


def keep_still(module):
    """Keep dropout off and running statistics as they are, for good.

    Parameters
    ----------
    module : nn.Module
    """
    module.frozen_for_good = True
    module.eval()


def scale_layers(layers, decay):
    """Let each layer learn more slowly than the one behind it.

    Parameters
    ----------
    layers : list of nn.Module
        From the input to the output.
    decay : float
        Factor from a layer to the one before; 1 leaves all alike.

    References
    ----------
    Howard, Ruder: Universal Language Model Fine-tuning for Text Classification, ACL
    2018.
    """
    for i, layer in enumerate(reversed(layers)):
        layer.layer_scale = decay**i


def layers_of(module):
    """Return the layers that learn one by one, from the input to the output.

    Those of a pretrained network that :func:`scale_layers` knows, else the parts of
    the module; without those that are frozen for good.

    Parameters
    ----------
    module : nn.Module

    Returns
    -------
    layers : list of nn.Module
    """
    layers = [part for part in module.modules() if hasattr(part, "layer_scale")]
    layers = layers or list(module.children())
    return [layer for layer in layers if any(map(is_learnable, layer.parameters()))]
