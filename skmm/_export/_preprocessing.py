"""What is done to cells before the graph, written down for skmm.runtime."""

import datetime
import io
import json

import numpy as np

from skmm._export._inputs import bins_of, encoders_of, heads_of
from skmm.augmentation._text import PADDING, SEPARATOR, UNKNOWN
from skmm.runtime._files import ARRAY, ARRAYS, DESCRIPTION, FORMAT, SCHEMA

#: What the runtime leaves to the whole package.
_REMEDY = (
    "It reads numbers, categories, dates, texts by their n-grams or words, pictures "
    "and vectors. Leave the modality out, serve the whole estimator (skmm.save and "
    "`skmm serve`), or make the arrays yourself (export with preprocessing=False)."
)


def make_files(estimator):
    """Return the files beside a graph that say what skmm.runtime does before it.

    Parameters
    ----------
    estimator : MultimodalClassifier or MultimodalRegressor
        Fitted.

    Returns
    -------
    files : dict of str to bytes
        By their names.

    Raises
    ------
    ValueError
        If a modality is read in a way that the runtime does not have.
    """
    description, arrays = describe(estimator)
    text = json.dumps(description, allow_nan=False) + "\n"
    file = io.BytesIO()
    np.savez(file, **arrays)
    return {DESCRIPTION: text.encode("ascii"), ARRAYS: file.getvalue()}


def describe(estimator):
    """Return the description of a fitted estimator, and its arrays.

    Parameters
    ----------
    estimator : MultimodalClassifier or MultimodalRegressor
        Fitted.

    Returns
    -------
    description : dict
        As JSON has it. Arrays are ``{"__array__": name}``, and lists of arrays
        ``{"__array__": name, "lengths": list}`` of all of them one after the other.
    arrays : dict of str to ndarray
    """
    import skmm

    arrays, heads = _Arrays(), heads_of(estimator)
    modalities = [
        _describe_modality(name, encoder, estimator._labels[positions], heads, arrays)
        for name, encoder, positions in estimator._preparation.modalities
    ]
    kinds = {}
    for modality in modalities:
        for i, label in enumerate(modality["columns"]):
            kind = modality["kind"]
            if kind == "tabular":
                kind = modality["readers"][i]["kind"]
            kinds.setdefault(label, kind)
    description = {
        "format": FORMAT,
        "schema": SCHEMA,
        "skmm": skmm.__version__,
        "columns": [
            {"label": label, "kind": kinds.get(label, "unused")}
            for label in map(_label, estimator._labels)
        ],
        "modalities": modalities,
        "linear": "linear" in heads,
        "boosting": [
            _describe_bins(bins, arrays, encoders_of(estimator))
            for bins in bins_of(estimator)
        ],
        "target": _describe_target(estimator._targets),
    }
    return description, arrays.named


class _Arrays:
    """Arrays by name, in the order in which they are added."""

    def __init__(self):
        self.named = {}

    def add(self, array):
        """Take an array; return what stands for it in the description."""
        name = str(len(self.named))
        self.named[name] = np.ascontiguousarray(array)
        return {ARRAY: name}

    def add_list(self, arrays, dtype):
        """Take a list of vectors, as one."""
        whole = np.concatenate([np.empty(0, dtype), *arrays]).astype(dtype)
        return {**self.add(whole), "lengths": [len(array) for array in arrays]}


def _label(label):
    """Return a label of a column as JSON has it."""
    if isinstance(label, np.generic):
        label = label.item()
    if type(label) not in (str, int):
        raise ValueError(
            f"The column {label!r} is named by a {type(label).__name__}; an exported "
            "model has strings and integers. Rename it and fit again."
        )
    return label


def _describe_modality(name, encoder, labels, heads, arrays):
    describe = _DESCRIBE.get(type(encoder).__name__)
    if describe is None or not type(encoder).__module__.startswith("skmm."):
        what = type(getattr(encoder, "transformer", encoder)).__name__
        raise ValueError(
            f"Modality {name!r} is read by {what}, which skmm.runtime does not have. "
            f"{_REMEDY}"
        )
    columns = list(map(_label, labels))
    found = describe(name, encoder, heads, arrays)
    return {"name": name, "columns": columns, **found}


# -- tables -----------------------------------------------------------------------


def _describe_table(name, encoder, heads, arrays):
    return {
        "kind": "tabular",
        "readers": [_describe_reader(reader) for reader in encoder.readers_],
        "center": arrays.add(encoder.center_),
        "scale": arrays.add(encoder.scale_),
        "edges": arrays.add_list(encoder.edges_, np.float32),
        "moments": [arrays.add(moment) for moment in encoder.moments_],
    }


def _describe_reader(reader):
    options = _OPTIONS.get(reader.kind)
    if options is None or not type(reader).__module__.startswith("skmm."):
        raise ValueError(
            f"Column {reader.name_!r} is read by {type(reader).__name__}, a reader of "
            "your own, which only the whole package runs. Name one of "
            f"{', '.join(_OPTIONS)} in kinds=, or serve the whole estimator."
        )
    found = {"kind": reader.kind, **{name: getattr(reader, name) for name in options}}
    if reader.kind == "number":
        found["is_flag"] = reader.is_flag_
    elif reader.kind == "category":
        found["categories"] = reader.categories_.tolist()
    elif reader.kind == "date":
        known = reader._encoder
        found["parts"] = [] if known is None else list(known.extracted_features_)
        found["zone"] = _describe_zone(reader)
    return found


#: Options of each reader that its description has.
_OPTIONS = {
    "number": ("decimal", "unit", "infinite", "errors"),
    "flag": (),
    "category": (),
    "date": ("dayfirst", "unit", "errors"),
    "time": (),
    "duration": ("unit", "errors"),
}


def _describe_zone(reader):
    zone = reader.zone_
    if zone is None or zone == datetime.UTC or str(zone) == "UTC":
        return None if zone is None else "UTC"
    key = getattr(zone, "key", getattr(zone, "zone", None))
    if key is None:
        raise ValueError(
            f"Column {reader.name_!r} holds moments of the time zone {zone}, which has "
            "no name that another machine knows. Convert them before the fit: "
            ".dt.tz_convert('UTC')."
        )
    return key


# -- other modalities -------------------------------------------------------------


def _describe_text(name, encoder, heads, arrays):
    reads_words = encoder.backbone != "bag" and "fused" in heads
    if encoder.backbone == "pretrained":
        raise ValueError(
            f"Modality {name!r} is read by a pretrained network, which skmm.runtime "
            f"does not have. Fit with pretrained=False. {_REMEDY}"
        )
    if reads_words and encoder.tokenizer != "word":
        raise ValueError(
            f"Modality {name!r} has tokenizer={encoder.tokenizer!r}, which the library "
            "tokenizers cuts texts by. Take tokenizer='word', which skmm.runtime has."
        )
    return {
        "kind": "text",
        "wide": bool(encoder.wide),
        "empty_is_missing": bool(encoder.empty_is_missing),
        "ngrams": [
            _describe_ngrams(counter, tfidf, arrays)
            for counter, tfidf in zip(encoder.counters_, encoder.tfidf_)
        ],
        "words": _describe_words(encoder) if reads_words else None,
    }


def _describe_ngrams(counter, tfidf, arrays):
    return {
        "tokens": list(counter.vocabulary_),
        "keys": arrays.add_list(counter.keys_, np.int64),
        "columns": arrays.add(counter.columns_.astype(np.int64)),
        "idf": arrays.add(tfidf.idf_),
        "by_characters": bool(counter.by_characters_),
    }


def _describe_words(encoder):
    ids, tokens = encoder.reader_.vocabulary_.ids_, encoder.reader_.tokens_
    return {
        "ids": sorted(ids, key=ids.get),
        "lengths": [int(length) for length in tokens.lengths_],
        "padding": PADDING,
        "unknown": UNKNOWN,
        "separator": SEPARATOR,
    }


def _describe_pictures(name, encoder, heads, arrays):
    if encoder.backbone == "pretrained":
        raise ValueError(
            f"Modality {name!r} is read by a pretrained network, which skmm.runtime "
            f"does not have. Fit with pretrained=False. {_REMEDY}"
        )
    if encoder.shape is not None:
        raise ValueError(
            f"Modality {name!r} has its pixels in columns of numbers, which "
            f"skmm.runtime does not read. {_REMEDY}"
        )
    background = encoder.background
    if not isinstance(background, str):
        background = list(map(int, background))
    return {
        "kind": "image",
        "mode": {1: "L", 3: "RGB", 4: "RGBA"}[encoder.channels],
        "size": [int(side) for side in encoder.size_],
        "background": background,
        "errors": encoder.errors,
    }


def _describe_vector(name, encoder, heads, arrays):
    return {
        "kind": "vector",
        "mean": arrays.add(encoder.mean_),
        "scale": arrays.add(encoder.scale_),
    }


#: By the encoder's class.
_DESCRIBE = {
    "TabularEncoder": _describe_table,
    "TextEncoder": _describe_text,
    "ImageEncoder": _describe_pictures,
    "VectorEncoder": _describe_vector,
}


# -- heads and target -------------------------------------------------------------


def _describe_bins(bins, arrays, encoders):
    features = bins.features
    return {
        "kept": {name: arrays.add(kept) for name, kept in features.kept_.items()},
        "directions": {
            name: arrays.add(some) for name, some in features.directions_.items()
        },
        "many": arrays.add(features.many_),
        "means": [_describe_means(means, arrays) for means in features.means_],
        "is_category": arrays.add(features.is_category_),
        "edges": arrays.add_list(
            [np.empty(0) if edges is None else edges for edges in bins.raw_edges],
            np.float64,
        ),
    }


def _describe_means(means, arrays):
    return {
        "categories": [arrays.add(known) for known in means.categories_],
        "encodings": [arrays.add(encoding) for encoding in means.encodings_],
        "others": arrays.add(np.atleast_1d(means.target_mean_)),
    }


def _describe_target(targets):
    classes = targets.classes if targets.is_classification else []
    return {
        "kind": targets.kind,
        "is_vector": bool(getattr(targets, "is_vector", False)),
        "classes": [
            {"values": known.tolist(), "dtype": known.dtype.str} for known in classes
        ],
    }
