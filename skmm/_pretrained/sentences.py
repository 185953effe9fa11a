"""A sentence-transformers model over many texts, as fast as the machine allows."""

import contextlib
import copy
import itertools
import os

import numpy as np
import torch

from skmm._pretrained.adapting import find_blocks
from skmm._pretrained.inference import (
    inference,
    resolve_precision,
    run_batches,
)
from skmm._pretrained.packed_bert import CALIBRATION, Buffers, can_pack, pack
from skmm._pretrained.sources import load_sentence_model

#: Tokens of a packed batch: more leave the processor's caches.
_PACKED_TOKENS = 2**11
#: Characters of a padded batch, padding counted, on a CPU and on a GPU.
_CPU_CHARACTERS, _GPU_CHARACTERS = 2**14, 2**18
#: Letters that a token holds at most, mostly: what lies behind is cut off anyway.
_LETTERS_OF_TOKEN = 8
#: Tokens that a network reads where it does not tell.
_LIMIT = 512
#: Modules of sentence-transformers that may follow a packed network.
_POOLING = {"Pooling", "Normalize", "Dense", "LayerNorm"}


def load_text_network(model, revision):
    """Load the network of a sentence-transformers model, to be changed.

    Returns
    -------
    network : nn.Module
        The transformers network in it.
    tokenizer : transformers tokenizer
    limit : int
        Tokens that it reads, special ones counted.

    Raises
    ------
    ValueError
        If it is none of transformers.
    """
    sentence_model = load_sentence_model(model, "cpu", revision)
    network = getattr(sentence_model[0], "auto_model", None)
    if network is None or find_blocks(network) is None:
        raise ValueError(
            f"model={model!r} is no transformer network whose layers could be tuned. "
            "Take another, or tune='frozen'."
        )
    if not isinstance(model, str):
        network = copy.deepcopy(network)  # an object stays as it is
    limit = min(sentence_model.max_seq_length or _LIMIT, _LIMIT)
    return network.float().cpu(), sentence_model.tokenizer, limit


def choose_precision(precision, model):
    """Return the precision for ``precision=``.

    Parameters
    ----------
    precision : {"auto", "float32", "bfloat16", "int8"}
    model : SentenceTransformer

    Returns
    -------
    precision : {"float32", "bfloat16", "int8"}

    Raises
    ------
    ValueError
        If the model, or the machine, cannot do 8 bits.
    """
    has_int8 = model.device.type == "cpu" and torch.cpu._is_vnni_supported()
    if precision == "int8" and not (has_int8 and is_packable(model)):
        raise ValueError(
            "precision='int8' is for models of BERT's architecture, on a CPU with "
            f"VNNI; this is a {type(model[0]).__name__} of "
            f"{type(getattr(model[0], 'auto_model', None)).__name__} on "
            f"{str(model.device)!r}. Take precision='auto'."
        )
    return resolve_precision(precision, model.device)


def is_packable(model):
    """Tell whether a SentenceTransformer is a plain BERT with pooling behind."""
    return (
        type(model[0]).__name__ == "Transformer"
        and can_pack(getattr(model[0], "auto_model", None))
        and {type(module).__name__ for module in list(model)[1:]} <= _POOLING
    )


class SentenceEncoder:
    """A SentenceTransformer at a precision.

    On the CPU those of BERT's architecture run over packed texts, without padding;
    the others over padded texts of similar length.

    Parameters
    ----------
    model : SentenceTransformer
    precision : {"float32", "bfloat16", "int8"}
    """

    def __init__(self, model, precision):
        self.model = model
        self.precision = precision
        self.packed = None
        if model.device.type == "cpu" and is_packable(model):
            with inference(model, model.device, "float32"):
                self.packed = pack(model[0].auto_model, precision, self._calibrate)

    def encode(self, texts, batch_size, advance):
        """Return the vectors of texts.

        Parameters
        ----------
        texts : list of str
            Of similar length, or sorted by it.
        batch_size : int or "auto"
        advance : callable
            Takes the number of texts done.

        Returns
        -------
        vectors : ndarray of float32 of shape (n_texts, dimension)
        """
        precision = "float32" if self.packed else self.precision
        with inference(self.model, self.model.device, precision), _no_tokenizer_pool():
            if self.packed:
                run, lengths, budget = self._prepare_packed(texts)
            else:
                run, lengths, budget = self._prepare_padded(texts)
            parts, order = [], []
            batches = make_batches(lengths, batch_size, budget)
            for rows, vectors in run_batches(run, batches):
                parts.append(vectors.float().cpu().numpy())
                order.extend(rows)
                advance(len(rows))
        vectors = np.concatenate(parts)[np.argsort(order)]
        return vectors[:, : self.model.get_embedding_dimension()]

    def _preprocess(self, texts):
        prompt = self.model.prompts.get(self.model.default_prompt_name)
        return self.model.preprocess(texts, prompt=prompt)

    def _prepare_padded(self, texts):
        device = self.model.device
        limit = _LETTERS_OF_TOKEN * (self.model.max_seq_length or 512)
        lengths = [max(1, min(len(text), limit)) for text in texts]

        def run(rows):
            features = self._preprocess([texts[row] for row in rows])
            for name, value in features.items():
                if torch.is_tensor(value):
                    features[name] = value.to(device)
            return self.model(features)["sentence_embedding"]

        return (
            run,
            lengths,
            _GPU_CHARACTERS if device.type == "cuda" else _CPU_CHARACTERS,
        )

    def _prepare_packed(self, texts):
        features = self._preprocess(texts)
        tokens, mask = features["input_ids"], features["attention_mask"].bool()
        lengths = mask.sum(1).tolist()
        buffers = Buffers()

        def run(rows):
            of_rows = [lengths[row] for row in rows]
            vectors = self.packed(tokens[rows][mask[rows]], of_rows, buffers)
            return self._pool(vectors, of_rows)

        return run, lengths, _PACKED_TOKENS

    def _pool(self, vectors, lengths):
        """Texts of the same length together: no padding that could change a sum."""
        parts, start = [], 0
        for length, group in itertools.groupby(lengths):
            shape = (len(list(group)), length)
            end = start + shape[0] * length
            features = {
                "token_embeddings": vectors[start:end].view(*shape, -1),
                "attention_mask": torch.ones(shape, dtype=torch.long),
            }
            for module in list(self.model)[1:]:
                features = module(features)
            parts.append(features["sentence_embedding"])
            start = end
        return torch.cat(parts)

    def _calibrate(self, packed):
        features = self._preprocess(CALIBRATION)
        mask = features["attention_mask"].bool()
        packed(features["input_ids"][mask], mask.sum(1).tolist(), Buffers())


def make_batches(lengths, batch_size, budget):
    """Put texts of similar length together, the longest first.

    Parameters
    ----------
    lengths : list of int
    batch_size : int or "auto"
        Texts of a batch; "auto" takes as many as fill `budget` with padding.
    budget : int

    Returns
    -------
    batches : list of list of int
        Their places.
    """
    order = np.argsort(lengths, kind="stable")[::-1].tolist()
    batches = []
    while order:
        size = batch_size
        if size == "auto":
            size = max(1, budget // lengths[order[0]])
        batches.append(order[:size])
        order = order[size:]
    return batches


@contextlib.contextmanager
def _no_tokenizer_pool():
    """Tokenize in one thread: a pool of them makes later forks print warnings."""
    name = "TOKENIZERS_PARALLELISM"
    if name in os.environ:
        yield
        return
    os.environ[name] = "false"
    try:
        yield
    finally:
        os.environ.pop(name, None)
