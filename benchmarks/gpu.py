"""What a GPU makes of the training: speed, waits, number formats, memory.

Five tables, each printed as soon as it is known; minutes in all. Steps a second stand
beside those of a bare loop over the same module, batches and optimizer, which replays
one CUDA graph; tuned text beside 2 cores of the CPU.

    python benchmarks/gpu.py

Without a GPU it ends with a message; ``--device cpu --quick`` goes through it all
there, in small, with plain steps in place of the graph: a check, and no measurement.
"""

import argparse
import copy
import gc
import sys
import time
import traceback
import warnings

import numpy as np
import pandas as pd
import torch
from _common import environment, markdown_table
from overhead import capture_training
from sklearn.model_selection import GridSearchCV

from skmm import MultimodalClassifier
from skmm._nn.batch_size import auto_batch_size
from skmm._training.learning_rates import parameter_groups
from skmm.encoders import ImageEncoder, TextEncoder

WIDE, CORES = 64, 2


class Sizes:
    """How much each table takes.

    Parameters
    ----------
    quick : bool
        If True, as little as shows that the script runs.
    """

    def __init__(self, quick):
        self.rows = 300 if quick else 100_000
        self.batches = (64,) if quick else (128, 512, 2048)
        self.epochs = 1 if quick else 3
        self.texts = 40 if quick else 6400
        self.texts_on_cpu = 40 if quick else 320
        self.pictures = 40 if quick else 8192
        self.searched = 200 if quick else 20_000


def main(device, quick):
    if device == "cuda" and not torch.cuda.is_available():
        sys.exit(
            "There is no GPU here, and the figures are those of one. To see what the "
            "script does: python benchmarks/gpu.py --device cpu --quick"
        )
    torch.set_num_threads(CORES)
    sizes = Sizes(quick)
    name = torch.cuda.get_device_name() if device == "cuda" else "no GPU: a check"
    print(f"{environment()}; {name}\n", flush=True)
    failed = False
    for title, measure in (
        ("Steps a second, vectors and numbers", steps_beside_graph),
        ("Waits for the device", waits),
        ("Number formats, pictures", number_formats),
        ("Tuned text", tuned_text),
        ("Memory left by a grid search, MiB", leftover),
    ):
        start = time.perf_counter()
        try:
            table = markdown_table(list(measure(device, sizes)))
        except Exception:
            # It must not cost the other tables: a card is lent for minutes.
            failed, table = True, traceback.format_exc()
        seconds = time.perf_counter() - start
        print(f"{title} ({seconds:.0f} s)\n\n{table}", flush=True)
    sys.exit(failed)


def wait_for(device):
    if device == "cuda":
        torch.cuda.synchronize()


def make_numbers(n):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(n, WIDE + 8)).astype(np.float32))
    X.columns = [f"v{i}" for i in range(WIDE)] + [f"number{i}" for i in range(8)]
    return X, (X.to_numpy()[:, ::9].sum(1) > 0).astype(int)


def classifier(device, **options):
    return MultimodalClassifier(
        **{
            "heads": ["fused"],
            "validation": None,
            "device": device,
            "precision": "float32",
            "random_state": 0,
            **options,
        }
    )


def make_vectors(device, **options):
    modalities = [
        ("vector", "vector", [f"v{i}" for i in range(WIDE)]),
        ("numbers", "tabular", [f"number{i}" for i in range(8)]),
    ]
    return classifier(device, modalities=modalities, **options)


def time_training(model, X, y):
    """Return steps a second of the training alone, after a short one to warm up."""
    learner, rows, _ = capture_training(model, X, y)
    options = model.get_params(deep=False)
    few = rows_of(rows, min(len(rows), 64))
    copy.deepcopy(learner).train({**options, "max_epochs": 1}, few)
    wait_for(options["device"])
    start = time.perf_counter()
    learner.train(options, rows)
    wait_for(options["device"])
    seconds = time.perf_counter() - start
    batch_size = options["batch_size"]
    if batch_size == "auto":
        batch_size = min(auto_batch_size(len(rows)), learner.max_batch_size)
    return options["max_epochs"] * -(-len(rows) // batch_size) / seconds


def rows_of(rows, n):
    """Return the first rows as Rows of their own."""
    places = torch.arange(n)
    blocks, (codes, weight) = rows.take(places)
    return type(rows)(blocks, codes, weight, rows.X.iloc[:n], rows.y[:n])


# -- the tables ------------------------------------------------------------------------


def steps_beside_graph(device, sizes):
    X, y = make_numbers(sizes.rows)
    for batch_size in sizes.batches:
        model = make_vectors(device, batch_size=batch_size, max_epochs=sizes.epochs)
        ours = time_training(model, X, y)
        bare = time_bare_loop(model, X, y, batch_size, device)
        yield {
            "batch size": batch_size,
            "skmm": f"{ours:.0f}",
            "bare loop": f"{bare:.0f}",
            "bare / skmm": f"{bare / ours:.2f}",
        }


def time_bare_loop(model, X, y, batch_size, device):
    """Return steps a second of a loop that replays a graph of the whole step."""
    learner, rows, _ = capture_training(model, X, y)
    module, targets = learner.module.to(device), learner.targets
    module.wake()
    rows = rows.to(torch.device(device))
    groups = parameter_groups(
        module.heads, learning_rate=1e-3, weight_decay=1e-2, encoder_rates={}
    )
    on_gpu = device == "cuda"
    optimizer = torch.optim.AdamW(groups, fused=True, capturable=on_gpu)
    still = rows.take(torch.arange(batch_size, device=device))

    def step():
        optimizer.zero_grad(set_to_none=False)
        blocks, (codes, weight) = still
        output = module(blocks)["fused"]
        (targets.row_loss(output.logits, codes) * weight).mean().backward()
        optimizer.step()

    run = capture(step) if on_gpu else step
    n_steps = len(rows) // batch_size
    wait_for(device)
    start = time.perf_counter()
    for _ in range(model.max_epochs):
        order = torch.randperm(len(rows), device=device)
        for i in range(n_steps):
            taken = rows.take(order[i * batch_size : (i + 1) * batch_size])
            for old, new in zip(tensors(still), tensors(taken)):
                old.copy_(new)
            run()
    wait_for(device)
    return model.max_epochs * n_steps / (time.perf_counter() - start)


def capture(step):
    """Return what replays the step, after three to warm up on a stream of their own."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def tensors(batch):
    blocks, targets = batch
    parts = [
        part for block in blocks.values() for part in (*block.parts, block.present)
    ]
    return [*parts, *targets]


def waits(device, sizes):
    """Count what torch itself calls a wait, in trainings of few and of many steps."""
    X, y = make_numbers(min(sizes.rows, 6400))
    X["text"] = make_texts(len(X))
    counts, steps = [], []
    for batch_size in (64, 32):
        model = make_vectors(device, batch_size=batch_size, max_epochs=2)
        model.modalities.append(("text", TextEncoder("cnn"), "text"))
        learner, rows, _ = capture_training(model, X, y)
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            try:
                if device == "cuda":
                    torch.cuda.set_sync_debug_mode("warn")
                learner.train(model.get_params(deep=False), rows)
            finally:
                if device == "cuda":
                    torch.cuda.set_sync_debug_mode("default")
        counts.append(sum("synchroniz" in str(one.message) for one in found))
        steps.append(2 * -(-len(rows) // batch_size))
    yield {
        "steps": f"{steps[0]}, {steps[1]}",
        "waits": f"{counts[0]}, {counts[1]}",
        "more a step": f"{(counts[1] - counts[0]) / (steps[1] - steps[0]):.2f}",
    }


def number_formats(device, sizes):
    rng = np.random.default_rng(0)
    n = sizes.pictures
    y = np.arange(n) % 2
    pixels = rng.integers(0, 200, (n, 64, 64, 3)).astype(np.uint8)
    pixels[y == 1, :, 32:] += 40
    X = pd.DataFrame({"photo": pd.Series(list(pixels), dtype=object)})
    first = None
    for precision in ("float32", "bfloat16"):
        model = classifier(
            device,
            modalities=[("photo", ImageEncoder("resnet", 64), "photo")],
            precision=precision,
            batch_size=min(256, n // 2),
            max_epochs=sizes.epochs,
        )
        speed = time_training(model, X, y)
        first = first or speed
        yield {
            "precision": precision,
            "steps/s": f"{speed:.1f}",
            "times float32": f"{speed / first:.2f}",
        }


def make_texts(n):
    rng = np.random.default_rng(1)
    words = ["the", "dress", "is", "soft", "warm", "large", "fits", "not", "bad"]
    return [" ".join(rng.choice(words, rng.integers(20, 60))) for _ in range(n)]


def tuned_text(device, sizes):
    """MiniLM tuned by LoRA inside the estimator; texts a second."""
    if device == "cpu":
        machines = [("cpu", sizes.texts_on_cpu)]
    else:
        machines = [("cpu", sizes.texts_on_cpu), (device, sizes.texts)]
    first = None
    for where, n in machines:
        X = pd.DataFrame({"text": make_texts(n)})
        model = classifier(
            where,
            modalities=[("text", TextEncoder("pretrained", tune="lora"), "text")],
            precision="auto",
            batch_size=32,
            max_epochs=1,
        )
        try:
            speed = 32 * time_training(model, X, np.arange(n) % 2)
        except (ImportError, OSError) as error:
            yield {"device": where, "texts/s": f"not measured: {error}"}
            return
        first = first or speed
        yield {
            "device": f"{CORES} cores" if where == "cpu" else where,
            "texts/s": f"{speed:.0f}",
            "times the cores": f"{speed / first:.1f}",
        }


def leftover(device, sizes):
    X, y = make_numbers(sizes.searched)
    model = make_vectors(device, max_epochs=2)
    found = {"before": allocated(device)}
    search = GridSearchCV(model, {"fusion": ["concat", "gated"]}, cv=2).fit(X, y)
    found["with the search"] = allocated(device)
    del search
    found["after it"] = allocated(device)
    yield {what: f"{size / 2**20:.1f}" for what, size in found.items()}


def allocated(device):
    gc.collect()
    return torch.cuda.memory_allocated() if device == "cuda" else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    main(options.device, options.quick)
