"""
Sound and transcript
====================

What is said, and how it is said: a recording and its transcript are two modalities of
the same call. So that the example runs anywhere, the recordings are made up: a tone
like a voice, which rises as in a question or falls as in a statement. Columns of paths
to files or of bytes are read in the same way.
"""

# %%
# There are four kinds of calls. The pitch distinguishes questions from statements, and
# the words tell the topic. A fifth of the recordings and a tenth of the transcripts are
# lost.

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

RATE = 8000
rng = np.random.default_rng(0)


def speak(is_question):
    seconds = rng.uniform(0.3, 0.6)
    times = np.arange(int(seconds * RATE)) / RATE
    bend = rng.uniform(0.2, 0.5) * (1 if is_question else -1)
    pitch = rng.uniform(100, 220) * (1 + bend * times / seconds)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    voice = sum(np.sin(k * phase) / k for k in range(1, 8))
    return 0.2 * voice + rng.normal(0, 0.05, len(times)), RATE


about = {"billing": ["invoice", "payment"], "delivery": ["parcel", "courier"]}
rows = []
for _ in range(500):
    topic, is_question = rng.choice(list(about)), rng.random() < 0.5
    words = ["the", rng.choice(about[topic]), rng.choice(["came", "is", "was"])]
    words += [rng.choice(["late", "wrong", "lost", "fine"])]
    kind = f"{topic}, {'asks' if is_question else 'tells'}"
    sound = speak(is_question) if rng.random() < 0.8 else None
    text = " ".join(words) if rng.random() < 0.9 else None
    rows.append((sound, text, kind))
calls = pd.DataFrame(rows, columns=["recording", "transcript", "kind"])
X_train, X_test = train_test_split(calls, random_state=0)

# %%
# A question, on the left, and a statement, as the network sees them: how much there is
# of each frequency, over time.

import matplotlib.pyplot as plt

figure, axes = plt.subplots(
    1, 2, figsize=(7, 2.4), sharex=True, sharey=True, layout="constrained"
)
for ax, is_question in zip(axes, [True, False]):
    samples, _ = speak(is_question)
    ax.specgram(samples, NFFT=256, Fs=RATE, noverlap=192)
    ax.set(title="question" if is_question else "statement", xlabel="seconds")
    ax.set_ylim(0, 2000)
axes[0].set_ylabel("hertz")
plt.show()

# %%
# A convolutional network reads the spectrogram, parts of which are masked at random in
# the training. The words are read as a bag of words. In rows that have both, each alone
# can be right in half of the cases:

from skmm import MultimodalClassifier
from skmm.encoders import AudioEncoder, TextEncoder

modalities = [
    ("sound", AudioEncoder("cnn", rate=RATE, augment=["mask"]), "recording"),
    ("words", TextEncoder(min_frequency=1), "transcript"),
]
scores = {}
for label, some in {
    "sound": modalities[:1],
    "words": modalities[1:],
    "both": modalities,
}.items():
    model = MultimodalClassifier(
        some, fusion="gated", modality_dropout=0.2, max_epochs=12, random_state=0
    )
    model.fit(X_train, X_train["kind"])
    scores[label] = {
        "all rows": model.score(X_test, X_test["kind"]),
        "rows with both": model.score(
            complete := X_test.dropna(subset=["recording", "transcript"]),
            complete["kind"],
        ),
    }
pd.DataFrame(scores).T.round(3)
