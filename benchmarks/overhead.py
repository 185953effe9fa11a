"""What the estimator's training loop costs beside a hand-written one.

Both train the same module on the same blocks, batches and optimizer, in turn in one
process. The hand-written loop has no history, callbacks, early stopping or best
epoch: what any of these cost is in the ratio. A second table gives the peak memory of
a fit beside blocks and parameters.

    python benchmarks/overhead.py [--repeats 7]
"""

import argparse
import copy
import resource
import statistics
import subprocess
import sys
import time

import torch
from _common import environment, markdown_table
from skorch.callbacks import Callback

from skmm import MultimodalClassifier
from skmm._training.learning_rates import parameter_groups
from skmm.datasets import make_multimodal_classification

N_ROWS, EPOCHS = 20_000, 3
BATCH_SIZES = (128, 512, 2048)
MEMORY_ROWS = 50_000


class CountBatches(Callback):
    """A user's callback, so that the notifications do reach somebody."""

    def on_batch_end(self, net, **kwargs):
        self.n_batches = getattr(self, "n_batches", 0) + 1


def main(repeats):
    X, y = make_multimodal_classification(
        n_samples=N_ROWS, n_numeric=8, n_classes=4, random_state=0
    )
    rows = []
    for batch_size in BATCH_SIZES:
        ratios, seconds = compare(X, y, batch_size, repeats)
        rows.append(
            {
                "batch size": batch_size,
                "hand-written s": f"{seconds:.2f}",
                "ratio, median": f"{statistics.median(ratios):.3f}",
                "min": f"{min(ratios):.3f}",
                "max": f"{max(ratios):.3f}",
            }
        )
    print(environment())
    print(markdown_table(rows))
    print(markdown_table([measure_memory()]))


def compare(X, y, batch_size, repeats):
    """Time both loops in turn; give the ratios and the hand-written loop's median."""
    model = MultimodalClassifier(
        batch_size=batch_size,
        max_epochs=EPOCHS,
        early_stopping=False,
        callbacks=[CountBatches()],
        random_state=0,
    )
    captured, options = capture_training(model, X, y), model.get_params(deep=False)
    ratios, by_hand = [], []
    for repeat in range(repeats + 1):
        learner, rows_train, rows_valid = copy.deepcopy(captured)
        theirs = copy.deepcopy(learner.module)
        theirs.wake()
        start = time.perf_counter()
        hand_written_loop(options, learner, theirs, rows_train, rows_valid)
        middle = time.perf_counter()
        learner.train(options, rows_train, rows_valid)
        end = time.perf_counter()
        if repeat:  # the first one warms up
            by_hand.append(middle - start)
            ratios.append((end - middle) / (middle - start))
    return ratios, statistics.median(by_hand)


def capture_training(model, X, y):
    """Go through fit up to the training; give what it would train on."""
    model._validate_params()
    frame, y, weight, groups = model._read_training(X, y, None)
    train, valid, _ = model._split(frame, y, weight, groups)
    rows_train, rows_valid = model._prepare(frame, train, valid, from_scratch=True)
    return model._learner, rows_train, rows_valid


def hand_written_loop(options, learner, module, rows_train, rows_valid):
    batch_size, targets = options["batch_size"], learner.targets
    groups = parameter_groups(
        module.heads,
        learning_rate=options["learning_rate"],
        weight_decay=options["weight_decay"],
        encoder_rates={},
    )
    optimizer = torch.optim.AdamW(groups, fused=True)
    generator = torch.Generator().manual_seed(0)
    for _ in range(EPOCHS):
        module.train()
        order = torch.randperm(len(rows_train), generator=generator)
        for rows in order.split(batch_size):
            blocks, (codes, weight) = rows_train.take(rows)
            outputs = module(blocks)
            loss = sum(
                (targets.row_loss(out.logits, codes) * weight).mean()
                for out in outputs.values()
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        module.eval()
        with torch.no_grad():
            for rows in torch.arange(len(rows_valid)).split(4 * batch_size):
                blocks, (codes, weight) = rows_valid.take(rows)
                for out in module(blocks).values():
                    (targets.row_loss(out.logits, codes) * weight).mean()


def measure_memory():
    """Peak growth of a fit, in a process of its own."""
    code = (
        "import sys; sys.path.insert(0, 'benchmarks'); import overhead;"
        "overhead.print_memory()"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    growth, blocks, parameters = map(float, out.split())
    bound = 1.5 * (blocks + 5 * parameters) + 200
    return {
        "rows": MEMORY_ROWS,
        "blocks MiB": f"{blocks:.0f}",
        "parameters MiB": f"{parameters:.0f}",
        "peak growth MiB": f"{growth:.0f}",
        "bound MiB": f"{bound:.0f}",
        "ratio": f"{growth / bound:.2f}",
    }


def print_memory():
    """Fit once small, to have everything imported, then measure."""
    options = {"max_epochs": 2, "random_state": 0}
    X, y = make_multimodal_classification(n_samples=200, random_state=0)
    MultimodalClassifier(**options).fit(X, y)
    X, y = make_multimodal_classification(
        n_samples=MEMORY_ROWS, n_numeric=32, n_text=2, random_state=0
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    model = MultimodalClassifier(**options).fit(X, y)
    growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    blocks = sum(b.nbytes for b in model._preparation.transform(X).values())
    parameters = sum(p.nbytes for p in model._learner.module.parameters())
    print(growth / 2**10, blocks / 2**20, parameters / 2**20)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    main(parser.parse_args().repeats)
