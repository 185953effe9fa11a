"""SeriesEncoder and AudioEncoder, one modality alone in MultimodalClassifier.

- series: three sets of aeon's, training and test rows as in the files. These have 40 to
  270 training rows: a tenth of them for validation would be noise, so that nothing is
  held out and the number of epochs is fixed.
- audio: which of five languages is a prompt in? 70/30 splits by prompt, so that no
  sentence is on both sides. A tenth of the training rows stops the training.

CPU seconds are those of fit and predict.
"""

import statistics
import time
from pathlib import Path

import numpy as np
import pandas as pd
from _extraction_series import find_files, read_ts
from sklearn.model_selection import GroupShuffleSplit

DATA = Path(__file__).parents[2] / "shared" / "data"
#: set -> accuracy that the best backbone must reach.
SETS = {"JapaneseVowels": 0.96, "ItalyPowerDemand": 0.96, "BasicMotions": None}
BACKBONES = ("cnn", "inception", "lstm", "gru", "transformer")
#: Optimiser's steps on the sets without validation rows.
N_STEPS = 800
BATCH_SIZE = 16
AUDIO_TARGET = 0.97
AUDIO = {
    "cnn": {"augment": "auto"},
    "crnn": {"augment": "auto"},
    "pretrained": {"model": "resemblyzer"},
}


def series(seeds, backbones=BACKBONES, sets=tuple(SETS)):
    """SeriesEncoder's backbones on aeon's sets: rows of the table."""
    from skmm.encoders import SeriesEncoder

    paths, rows = find_files(), []
    for name in sets:
        (X, y), (X_test, y_test) = (read_ts(path) for path in paths[name])
        split = as_frame(X), as_frame(X_test), y, y_test
        epochs = -(-N_STEPS * BATCH_SIZE // len(X))
        options = {"validation": None, "max_epochs": epochs, "batch_size": BATCH_SIZE}
        for backbone in backbones:
            row = measure(
                lambda backbone=backbone: SeriesEncoder(backbone),
                [(seed, *split) for seed in seeds],
                options,
            )
            label = f'SeriesEncoder("{backbone}")'
            rows.append({"line": f"series {name}", "encoder": label, **row})
            print(rows[-1], flush=True)
        tell(f"series {name}", rows, SETS[name])
    return rows


def audio(seeds, backbones=tuple(AUDIO)):
    """AudioEncoder's backbones on the voice prompts: rows of the table."""
    from skmm.encoders import AudioEncoder

    path = DATA / "voice_prompts.parquet"
    if not path.exists():
        raise SystemExit(f"{path.name} is not there: {path}")
    voices = pd.read_parquet(path)
    X, y = voices[["audio"]], voices["language"].to_numpy()
    splits = []
    for seed in seeds:
        by_prompt = GroupShuffleSplit(1, test_size=0.3, random_state=seed)
        train, test = next(by_prompt.split(X, y, voices["prompt"]))
        splits.append((seed, X.iloc[train], X.iloc[test], y[train], y[test]))
    rows = []
    for backbone in backbones:
        # The files have 8,000 samples a second.
        given = {"rate": 8000, **AUDIO[backbone]}
        row = measure(
            lambda backbone=backbone, given=given: AudioEncoder(backbone, **given),
            splits,
            {},
        )
        label = f'AudioEncoder("{backbone}")'
        rows.append({"line": "audio", "encoder": label, **row})
        print(rows[-1], flush=True)
        tell("audio", rows[-1:], AUDIO_TARGET)
    return rows


def measure(make, splits, options):
    """Means over the splits of accuracy, CPU seconds and parameters."""
    from skmm import MultimodalClassifier

    scores, seconds = [], []
    for seed, X, X_test, y, y_test in splits:
        start = time.process_time()
        model = MultimodalClassifier(
            [("cells", make(), list(X.columns))], random_state=seed, **options
        )
        scores.append(model.fit(X, y).score(X_test, y_test))
        seconds.append(time.process_time() - start)
    encoder = model.modalities_[0][1]
    parameters = sum(p.numel() for p in encoder.build_module(64).parameters())
    return {
        "metric": "accuracy",
        "score": f"{statistics.mean(scores):.4f}",
        "seconds": f"{statistics.mean(seconds):.0f}",
        "parameters": parameters,
    }


def tell(line, rows, target):
    if target is not None:
        best = max(float(row["score"]) for row in rows if row["line"] == line)
        met = "met" if best >= target else "MISSED"
        print(f"{line}, accuracy at least {target}: {met} ({best:.4f})", flush=True)


def as_frame(series):
    cells = np.empty(len(series), dtype=object)
    for i, values in enumerate(series):
        cells[i] = values
    return pd.DataFrame({"series": cells})


if __name__ == "__main__":
    from _common import environment, markdown_table

    tables = [series(seeds=[0]), audio(seeds=[0])]
    print("\n" + environment())
    for table in tables:
        print(markdown_table(table))
