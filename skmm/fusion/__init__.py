"""Fusions: what joins the modalities' vectors, chosen by name."""

import difflib
import importlib

#: name in ``fusion=`` -> (module, class). A new fusion is one file and one line here.
FUSIONS = {
    "concat": ("skmm.fusion._concat", "ConcatFusion"),
    "mean": ("skmm.fusion._mean", "MeanFusion"),
    "gated": ("skmm.fusion._gated", "GatedFusion"),
    "attention": ("skmm.fusion._attention", "AttentionFusion"),
    "late": ("skmm.fusion._late", "LateFusion"),
}

_PUBLIC = {cls: module for module, cls in FUSIONS.values()} | {
    "Fusion": "skmm.fusion._base",
    "FusionOutput": "skmm.fusion._base",
    "FusionSpec": "skmm.fusion._base",
}

__all__ = ["FUSIONS", "make_fusion", *_PUBLIC]


def __getattr__(name):
    # Lazily: the table of names must not cost an import of torch.
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def make_fusion(fusion):
    """Give a fusion object from a name, a class or an instance.

    Parameters
    ----------
    fusion : str, Fusion class, Fusion instance or nn.Module class
        A plain ``nn.Module`` class is built with the :class:`FusionSpec` as its only
        argument.

    Returns
    -------
    fusion : Fusion

    Raises
    ------
    ValueError
        If the name is not known; the nearest known one is proposed.

    Examples
    --------
    >>> from skmm.fusion import make_fusion
    >>> make_fusion("gated")
    GatedFusion()
    """
    if isinstance(fusion, str):
        if fusion not in FUSIONS:
            near = difflib.get_close_matches(fusion, FUSIONS, n=1, cutoff=0.4)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(
                f"There is no fusion named {fusion!r}.{hint} "
                f"Known fusions: {', '.join(FUSIONS)}."
            )
        module, cls = FUSIONS[fusion]
        return getattr(importlib.import_module(module), cls)()
    if isinstance(fusion, type) and hasattr(fusion, "build_module"):
        return fusion()
    if isinstance(fusion, type) and hasattr(fusion, "forward"):
        from skmm.fusion._base import ModuleFusion

        return ModuleFusion(fusion)
    if hasattr(fusion, "build_module"):
        return fusion
    raise TypeError(
        f"fusion= takes a name ({', '.join(FUSIONS)}), a Fusion, or an nn.Module "
        f"class; got {fusion!r}."
    )
