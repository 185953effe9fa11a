"""What a network gives, as one vector for each input."""


def pool(output, pooling, own=True):
    """Give vectors (n, d) for what a network gives.

    Parameters
    ----------
    output : tensor, tuple or transformers.ModelOutput
        A tensor is (n, d), tokens (n, t, d) or maps (n, c, height, width).
    pooling : {"mean", "max", "first"}
        For tokens and maps.
    own : bool, default=True
        Whether to take the vector that a network pools itself, where there is one.
    """
    if hasattr(output, "last_hidden_state"):
        pooled = getattr(output, "pooler_output", None)
        if own and pooled is not None:
            return pooled.flatten(1)
        output = output.last_hidden_state
    if isinstance(output, (tuple, list)):
        output = output[0]
    if output.ndim == 2:
        return output
    if output.ndim not in (3, 4):
        raise ValueError(
            f"The model gives a tensor of shape {tuple(output.shape)}; vectors (n, d), "
            "tokens (n, t, d) or maps (n, c, height, width) are expected."
        )
    if output.ndim == 4:
        output = output.flatten(2).transpose(1, 2)
    if pooling == "first":
        return output[:, 0]
    return output.mean(dim=1) if pooling == "mean" else output.amax(dim=1)
