"""How the score falls as modalities get worse."""

import io

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm.datasets import make_multimodal_classification
from skmm.feature_extraction import AudioVectorizer, ImageVectorizer
from skmm.inspection import RobustnessDisplay, robustness_report

FAST = {"max_epochs": 3, "width": 8, "random_state": 0}


@pytest.fixture(scope="module")
def fitted():
    X, y = make_multimodal_classification(n_samples=700, signal="text", random_state=0)
    model = MultimodalClassifier(heads=["linear"], random_state=0).fit(X[:500], y[:500])
    return model, X[500:], y[500:]


def lost(result, modality, corruption, strength):
    frame = result.frame.set_index(["modality", "corruption", "strength"])
    return frame.loc[(modality, corruption, strength), "lost"]


def test_what_tells_the_class_is_missed(fitted):
    model, X, y = fitted
    result = robustness_report(model, X, y, random_state=0)
    assert result.score == model.score(X, y)
    assert len(result.frame) == 2 * 3 * 4
    for corruption in ("missing", "swapped", "noise"):
        some, all_ = (lost(result, "text", corruption, s) for s in (0.25, 1.0))
        assert all_ > 0.2
        assert all_ > some > 0
        assert abs(lost(result, "tabular", corruption, 1.0)) < 0.05


def test_missing_everywhere_is_as_in_a_table_without_the_column(fitted):
    model, X, y = fitted
    result = robustness_report(
        model, X, y, corruptions=["missing"], strengths=[1.0], scoring="neg_log_loss"
    )
    texts = next(columns for name, _, columns in model.modalities_ if name == "text")
    without = X.assign(**dict.fromkeys(texts))
    expected = -log_loss(y, model.predict_proba(without))
    score = result.frame.set_index("modality")["score_mean"]["text"]
    assert score == pytest.approx(expected, abs=1e-9)
    assert result.frame["score_std"].lt(1e-12).all()
    assert result.scoring == "neg_log_loss"


def test_the_same_seed_gives_the_same_report_and_leaves_the_rows_alone(fitted):
    model, X, y = fitted
    before = X.copy()
    frames = [robustness_report(model, X, y, random_state=3).frame for _ in range(2)]
    pd.testing.assert_frame_equal(*frames)
    pd.testing.assert_frame_equal(X, before)


def test_categories_have_no_noise():
    rng = np.random.default_rng(0)
    y = rng.normal(size=80)
    X = pd.DataFrame({"kind": rng.choice(["a", "b"], 80), "size": y + 0.1})
    model = MultimodalRegressor(heads=["linear"]).fit(X, y)
    result = robustness_report(model, X, y, strengths=[1.0], random_state=0)
    noisy = result.frame.query("corruption == 'noise'")
    assert noisy["modality"].tolist() == ["tabular"]
    assert noisy["lost"].iloc[0] > 0.1
    only_kinds = MultimodalRegressor(heads=["linear"]).fit(X[["kind"]], y)
    result = robustness_report(only_kinds, X[["kind"]], y, corruptions=["noise"])
    assert len(result.frame) == 0


@pytest.fixture(scope="module")
def stripes():
    """A model of stripes that lie or stand, as PNG files, one of them transparent."""
    Image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    cells = []
    for label in y:
        pixels = np.full((32, 32, 4), 255, dtype=np.uint8)
        pixels[..., :3] = 60 + 60 * (np.arange(32) // 2 % 2)[:, None, None]
        pixels[..., :3] += rng.integers(0, 20, (32, 32, 3), dtype=np.uint8)
        file = io.BytesIO()
        Image.fromarray(np.swapaxes(pixels, 0, 1) if label else pixels).save(
            file, "PNG"
        )
        cells.append(file.getvalue())
    X = pd.DataFrame({"photo": pd.Series(cells, dtype=object)})
    photo = ImageVectorizer(("edges",), size=32)
    model = MultimodalClassifier([("photo", photo, "photo")], heads=["linear"])
    return model.fit(X[:40], y[:40]), X[40:], y[40:]


def test_pictures_get_noise_and_are_blurred(stripes):
    model, X, y = stripes
    result = robustness_report(
        model, X, y, scoring="neg_log_loss", strengths=[0.02, 1.0], random_state=0
    )
    assert set(result.frame["corruption"]) == {"missing", "swapped", "noise", "blur"}
    for corruption in ("noise", "blur"):
        little, much = (lost(result, "photo", corruption, s) for s in (0.02, 1.0))
        assert abs(little) < 0.1
        assert much > 0.2
    blurred = result.frame.query("corruption == 'blur'")
    assert blurred["score_std"].eq(0).all()
    noisy = result.frame.query("corruption == 'noise' and strength == 1")
    assert noisy["score_std"].gt(0).all()


def test_missing_pictures_stay_so_and_unreadable_ones_are_told(stripes):
    model, X, y = stripes
    X = X.copy()
    X.iloc[0, 0] = None
    result = robustness_report(model, X, y, corruptions=["blur"], strengths=[0.5])
    assert np.isfinite(result.frame["score_mean"]).all()
    X.iloc[1, 0] = b"not a picture"
    with pytest.raises(ValueError, match="'photo', row 41"):
        robustness_report(model, X, y, corruptions=["blur"])


def test_sounds_get_white_noise():
    rng = np.random.RandomState(0)
    y = np.arange(40) % 2
    time = np.arange(3000) / 8000
    tones = 0.1 * np.sin(2 * np.pi * np.where(y, 500, 520)[:, None] * time)
    cells = [(tone.astype(np.float32), 8000) for tone in tones + 1e-3 * rng.normal()]
    X = pd.DataFrame({"sound": pd.Series(cells, dtype=object)})
    sound = AudioVectorizer(("mfcc",), rate=8000)
    model = MultimodalClassifier([("sound", sound, "sound")], heads=["linear"])
    result = robustness_report(
        model.fit(X, y),
        X,
        y,
        scoring="neg_log_loss",
        strengths=[1e-4, 1.0],
        n_repeats=1,
        random_state=0,
    )
    assert "blur" not in set(result.frame["corruption"])
    assert lost(result, "sound", "noise", 1.0) > 0.2
    assert lost(result, "sound", "noise", 1.0) > lost(result, "sound", "noise", 1e-4)


def test_folds_missing_cells_and_a_pipeline(fitted):
    _, X, y = fitted
    X = X.copy()
    X.iloc[:9, 0] = None
    model = make_pipeline(
        FunctionTransformer(), MultimodalClassifier(validation=3, **FAST)
    ).fit(X, y)
    frame = robustness_report(model, X, y, strengths=[0.5], n_repeats=1).frame
    assert np.isfinite(frame["score_mean"]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"corruptions": ["mising"]}, "Did you mean 'missing'"),
        ({"strengths": [0.0]}, "strengths"),
        ({"strengths": [2]}, "strengths"),
        ({"n_repeats": 0}, "n_repeats"),
    ],
)
def test_options_that_cannot_be(fitted, options, message):
    with pytest.raises(ValueError, match=message):
        robustness_report(*fitted, **options)


def test_other_estimators_and_unfitted_ones(fitted):
    _, X, y = fitted
    with pytest.raises(NotFittedError):
        robustness_report(MultimodalClassifier(), X, y)
    other = LogisticRegression().fit(np.eye(2), [0, 1])
    with pytest.raises(TypeError, match="robustness_report looks into.*LogisticReg"):
        robustness_report(other, np.eye(2), [0, 1])


def test_display(fitted):
    plt = pytest.importorskip("matplotlib.pyplot")
    result = robustness_report(*fitted, strengths=[0.5, 1.0], random_state=0)
    display = RobustnessDisplay.from_report(result)
    titles = [ax.get_title() for ax in display.axes_]
    assert titles == ["missing", "swapped", "noise"]
    line = display.lines_["missing", "text"][0]
    assert line.get_xdata().tolist() == [0, 0.5, 1.0]
    assert line.get_ydata()[0] == result.score
    with pytest.raises(ValueError, match="3 corruptions .*axes= has 1"):
        display.plot(plt.figure().subplots())
    plt.close("all")
