"""pytorch-widedeep: TabMlp for the table, a recurrent network for each text.

Its own defaults but for what its guides set as well: categories embedded, numbers
scaled, Adam, batches of 64, a tenth of the rows held out and early stopping.
"""

import sys
from unittest import mock

import _lines
import numpy as np
import torch
from _measure import measure


def stand_in_for_torchvision():
    """Let widedeep be imported where no torchvision fits the torch that is there.

    The one on the index is built for CUDA and fails beside a torch for CPUs. Only
    pictures need it, which this script does not read.
    """
    try:
        # Only to see whether it can be imported.
        import torchvision  # noqa: F401
    except (ImportError, RuntimeError):
        for name in [name for name in sys.modules if name.startswith("torchvision")]:
            del sys.modules[name]
        sys.modules["torchvision"] = None
        import transformers

        # It looks for torchvision once, and must not find what follows.
        assert not transformers.utils.is_torchvision_available()
        for name in ("", ".transforms", ".models", ".models._api"):
            sys.modules[f"torchvision{name}"] = mock.MagicMock()


stand_in_for_torchvision()

# Only now, since it imports torchvision at once.
from pytorch_widedeep import Trainer  # noqa: E402
from pytorch_widedeep.callbacks import EarlyStopping  # noqa: E402
from pytorch_widedeep.models import BasicRNN, TabMlp, WideDeep  # noqa: E402
from pytorch_widedeep.preprocessing import (  # noqa: E402
    TabPreprocessor,
    TextPreprocessor,
)

EPOCHS = 30


class Reader:
    """Turn a frame into the arrays of the networks."""

    def fit(self, X, texts):
        self.texts = texts
        self.numbers = _lines.numbers(X)
        self.categories = _lines.categories(X, texts)
        self.medians = X[self.numbers].median()
        X = self._filled(X)
        self.table = None
        if self.numbers or self.categories:
            self.table = TabPreprocessor(
                cat_embed_cols=self.categories or None,
                continuous_cols=self.numbers or None,
                cols_to_scale=self.numbers or None,
                verbose=0,
            ).fit(X)
        self.words = [
            TextPreprocessor(text_col=text, n_cpus=1, verbose=0).fit(X)
            for text in texts
        ]
        return self

    def transform(self, X):
        X = self._filled(X)
        arrays = {}
        if self.table is not None:
            arrays["X_tab"] = self.table.transform(X)
        if self.words:
            read = [words.transform(X) for words in self.words]
            arrays["X_text"] = read if len(read) > 1 else read[0]
        return arrays

    def _filled(self, X):
        X = _lines.filled(X, self.texts)
        return X.fillna({name: self.medians[name] for name in self.numbers})


def build(reader, task):
    table = reader.table
    if table is not None:
        table = TabMlp(
            column_idx=table.column_idx,
            cat_embed_input=table.cat_embed_input if reader.categories else None,
            continuous_cols=reader.numbers or None,
        )
    texts = [
        BasicRNN(vocab_size=len(words.vocab.itos), embed_dim=64)
        for words in reader.words
    ]
    return WideDeep(
        deeptabular=table,
        deeptext=(texts if len(texts) > 1 else texts[0]) if texts else None,
        # With several texts it adds no logits: they are joined before a head.
        head_hidden_dims=[64] if texts else None,
        pred_dim=task.n_classes if task.classes and task.n_classes > 2 else 1,
    )


def fit(X, y, task):
    torch.manual_seed(task.seed)
    reader = Reader().fit(task.without_medium(X), task.texts)
    kind = "regression"
    if task.classes:
        kind = "binary" if task.n_classes == 2 else "multiclass"
    trainer = Trainer(
        build(reader, task),
        objective=kind,
        callbacks=[EarlyStopping(patience=3, restore_best_weights=True)],
        verbose=0,
        seed=task.seed,
        num_workers=0,
    )
    trainer.fit(
        **reader.transform(task.without_medium(X)),
        target=y.astype(np.float32) if not task.classes else y,
        n_epochs=EPOCHS,
        batch_size=64,
        val_split=0.1,
    )

    def predict(X):
        arrays = reader.transform(task.without_medium(X))
        if task.classes:
            return trainer.predict_proba(**arrays, batch_size=64)
        return trainer.predict(**arrays, batch_size=64)

    return predict


if __name__ == "__main__":
    measure({"widedeep": fit})
