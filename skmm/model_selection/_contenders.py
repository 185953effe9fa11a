"""What a fusion report compares: modalities alone, in pairs, all, and baselines."""

import itertools
from typing import Any, NamedTuple

from sklearn.base import clone

from skmm.fusion import make_fusion
from skmm.modalities import detect_modalities
from skmm.modalities._resolver import is_dropped

#: Up to this number of modalities all pairs are fitted: six of them.
MOST_PAIRED = 4

PRIOR, LATE_AVERAGE = "prior", "late average"


class Contender(NamedTuple):
    """A model that is compared.

    ``kind`` is "single", "pair", "fusion" or "baseline"; ``params`` are set on the
    estimator, and None is for what is not an estimator of this package.
    """

    name: str
    kind: str
    params: dict[str, Any] | None


def write_down(estimator, X):
    """Return a clone whose modalities are a list, and their names.

    They are detected once, on all rows: folds that see other kinds in a column would
    compare other models. Targets are not looked at.
    """
    base = clone(estimator)
    if isinstance(estimator.validation, tuple):
        base.validation = estimator.validation
    if isinstance(base.modalities, str):
        found = detect_modalities(X, kinds=base.kinds).to_list()
        base.set_params(modalities=found, kinds=None)
    kept = [one for one in base.modalities if not is_dropped(one[1])]
    base.set_params(modalities=kept)
    names = [name for name, _, _ in kept]
    if len(names) < 2:
        found = f"only one, {names[0]!r}" if names else "none"
        raise ValueError(
            "A report on fusion compares at least two modalities, and there is "
            f"{found}: nothing can be fused. Say by modalities= which columns are read "
            "as a modality of their own, or score the estimator by cross_val_score."
        )
    return base, names


def list_contenders(base, names, *, fusions, pairs, baselines):
    """Return what is compared, in the order of fitting.

    Parameters
    ----------
    base : MultimodalClassifier or MultimodalRegressor
        Its modalities are a list.
    names : list of str
        Of the modalities.
    fusions : list
    pairs : bool
    baselines : bool

    Returns
    -------
    contenders : list of Contender
    """
    heads = base.heads if isinstance(base.heads, str) else list(base.heads)
    has_net = heads == "auto" or "fused" in heads
    if fusions and not has_net:
        raise ValueError(
            f"fusions={fusions!r} are of the fused head, and heads={heads!r} leaves it "
            'out: all would be one model. Add "fused" to heads, or leave fusions out.'
        )
    # With one vector there is nothing to join or to align: the plainest fusion.
    alone = {"fusion": "concat", "alignment": None}
    found = [
        Contender(name, "single", {**_only([name], names), **alone}) for name in names
    ]
    if pairs and len(names) > 2:
        found += [
            Contender(" + ".join(pair), "pair", _only(pair, names))
            for pair in itertools.combinations(names, 2)
        ]
    own = f"all ({name_fusion(base.fusion)})" if has_net else "all"
    found.append(Contender(own, "fusion", {}))
    for fusion in fusions:
        make_fusion(fusion)
        name = f"all ({name_fusion(fusion)})"
        if name not in [one.name for one in found]:
            found.append(Contender(name, "fusion", {"fusion": fusion}))
    found.append(Contender(LATE_AVERAGE, "fusion", None))
    if baselines:
        for head in ("linear", "boosting"):
            if heads != [head]:
                found.append(Contender(head, "baseline", {"heads": [head]}))
    found.append(Contender(PRIOR, "baseline", None))
    return found


def name_fusion(fusion):
    """Return what a fusion is called in a report."""
    if isinstance(fusion, str):
        return fusion
    return fusion.__name__ if isinstance(fusion, type) else repr(fusion)


def _only(kept, names):
    return {name: "drop" for name in names if name not in kept}
