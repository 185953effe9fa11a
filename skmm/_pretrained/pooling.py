"""What a network gives: vectors, tokens, or both."""


def split_output(output, own_pooling=True):
    """Return the vectors and the tokens of what a network gives, each may be None.

    Parameters
    ----------
    output : tensor, tuple or transformers.ModelOutput
        A tensor is (n, d), tokens (n, t, d) or maps (n, c, height, width).
    own_pooling : bool, default=True
        If True, take the vector that a network pools itself, where there is one.

    Returns
    -------
    vectors : tensor of shape (n, d) or None
    tokens : tensor of shape (n, t, d) or None
    """
    vectors = getattr(output, "pooler_output", None) if own_pooling else None
    if hasattr(output, "last_hidden_state"):
        output = output.last_hidden_state
    elif isinstance(output, (tuple, list)):
        output = output[0]
    if vectors is None:
        return (output, None) if output.ndim == 2 else (None, _as_tokens(output))
    vectors, tokens = vectors.flatten(1), _as_tokens(output)
    # Tokens of another width than the vector's have no use for its projection.
    return vectors, tokens if tokens.shape[2] == vectors.shape[1] else None


def pool(output, pooling, own_pooling=True):
    """Return vectors (n, d) of what a network gives.

    Parameters
    ----------
    output : tensor, tuple or transformers.ModelOutput
    pooling : {"mean", "max", "first"}
        How tokens become one vector.
    own_pooling : bool, default=True
        If True, take the vector that a network pools itself, where there is one.
    """
    vectors, tokens = split_output(output, own_pooling)
    if vectors is not None:
        return vectors
    if pooling == "first":
        return tokens[:, 0]
    return tokens.mean(dim=1) if pooling == "mean" else tokens.amax(dim=1)


def _as_tokens(output):
    if output.ndim not in (3, 4):
        raise ValueError(
            f"The model gives a tensor of shape {tuple(output.shape)}; vectors (n, d), "
            "tokens (n, t, d) or maps (n, c, height, width) are expected."
        )
    return output if output.ndim == 3 else output.flatten(2).transpose(1, 2)
