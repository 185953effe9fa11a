"""What a torch module may declare about itself, with the defaults."""


class Declarations:
    """Attributes of a module that the training looks for.

    Any ``nn.Module`` may set one, on its class or on an instance; one that does not is
    taken at these defaults. A module within another may declare something else than
    the one around it.

    Attributes
    ----------
    learning_rate_scale : float, default=1.0
        Factor on the estimator's learning rate for the module's parameters and all
        within it.
    layer_scale : float, default=1.0
        Further factor, multiplied with those of the modules around: a pretrained
        network's first layers learn more slowly than its last.
    weight_decays : bool, default=True
        If False, weight decay does not apply to its parameters.
    keep_float32 : bool, default=False
        If True, the module stays in float32 where the rest computes in float64. It
        takes blocks in float64 and returns tensors of the block's ``dtype``.
    mixes : tuple of str, default=()
        Of "inputs" and "boxes": how an encoder's module mixes rows before its network;
        it is then called with the :class:`~skmm.augmentation.Mixing` as a second
        argument. Otherwise its vectors are mixed.
    attack_space : {"pixels", "numbers", "embeddings", "vectors"} or None, default=None
        Where an attack changes what the module reads. "pixels" and "numbers": the
        first part of an encoder's block. "embeddings": what this module within an
        encoder returns, (n, ...). "vectors": what the encoder returns, also where it
        has embeddings; so it is as well where nothing is declared.
    set_bias : callable or None, default=None
        Of a fusion that decides by itself: called with the logits of the classes'
        shares, to start from these.
    """

    learning_rate_scale = 1.0
    layer_scale = 1.0
    weight_decays = True
    keep_float32 = False
    mixes = ()
    attack_space = None
    set_bias = None


def declared(module, name):
    """Return what a module declares, or the default.

    Parameters
    ----------
    module : nn.Module
    name : str
        Of an attribute of :class:`Declarations`.
    """
    return getattr(module, name, getattr(Declarations, name))


def declares(module, name):
    """Tell if a module declares something itself.

    Parameters
    ----------
    module : nn.Module
    name : str
        Of an attribute of :class:`Declarations`.
    """
    getattr(Declarations, name)  # a misspelled name is an error
    return hasattr(module, name)
