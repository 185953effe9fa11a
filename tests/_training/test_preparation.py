"""What can be checked without X is checked before anything of X is read."""

import numpy as np
import pandas as pd
import pytest

from skmm import MultimodalClassifier
from skmm.encoders import ImageEncoder, TextEncoder
from skmm.model_selection import FusionSearchCV

#: None of these files is there: reading one is an error.
X = pd.DataFrame(
    {"photo": [f"nowhere/{i}.png" for i in range(20)], "age": np.arange(20.0)}
)
Y = np.arange(20) % 2
WRITTEN = [("photo", ImageEncoder(), "photo"), ("age", "tabular", ["age"])]

WRONG = [
    ({"fusion": "gatted"}, "Did you mean 'gated'"),
    ({"alignment": "contrstive"}, "Did you mean 'contrastive'"),
    ({"alignment": ["cca", "mdm"]}, "'mdm'"),
    ({"mixup": "cutmx"}, "cutmx"),
    ({"device": "xpu"}, "device='xpu' is not available"),
    ({"freeze": ["image", "phot"]}, "freeze names '(image|phot)'.*'photo', 'age'"),
    ({"encoder_learning_rate": {"text": 0.1}}, "encoder_learning_rate names 'text'"),
    (
        {"modalities": [*WRITTEN, ("b", "tabular", ["size"])]},
        r"Modality 'b' names.*\['size'\]",
    ),
    ({"modalities": [*WRITTEN, ("b", "texts", ["age"])]}, "Did you mean 'text'"),
]


def test_files_are_read_where_nothing_is_wrong():
    with pytest.raises(ValueError, match="nowhere/"):
        MultimodalClassifier(WRITTEN).fit(X, Y)


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_names_are_checked_before_a_picture_is_read(options, message):
    model = MultimodalClassifier(**{"modalities": WRITTEN, **options})
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(X, Y)


@pytest.mark.parametrize("option", ["freeze", "encoder_learning_rate"])
def test_names_of_detected_modalities(option):
    given = {"photo": 0.1} if option == "encoder_learning_rate" else ["photo"]
    with pytest.raises(ValueError, match=f"{option} names 'photo'.*'image', 'tabular'"):
        MultimodalClassifier(**{option: given}).fit(X, Y)


def test_names_are_checked_when_a_fit_continues():
    model = MultimodalClassifier(max_epochs=1, warm_start=True).fit(X[["age"]], Y)
    with pytest.raises(ValueError, match="freeze names 'table'.*mean 'tabular'"):
        model.set_params(freeze=["table"]).fit(X[["age"]], Y)


def test_what_is_dropped_or_missing_may_still_be_named():
    empty = X.assign(photo=None, text="a few words and more")
    modalities = [*WRITTEN[1:], ("photo", "text", "photo"), ("t", "drop", "text")]
    model = MultimodalClassifier(
        modalities, freeze=["photo"], encoder_learning_rate={"t": 0.1}, max_epochs=1
    )
    with pytest.warns(UserWarning, match="'photo'.*ignored"):
        model.fit(empty, Y)
    assert [name for name, _, _ in model.modalities_] == ["age"]


def test_a_search_checks_all_candidates_first():
    model = MultimodalClassifier([("text", TextEncoder(), "photo")])
    search = FusionSearchCV(
        model, param_grid={"alignment": [None, "contrstive"]}, cv=2, error_score="raise"
    )
    with pytest.raises(ValueError, match="Did you mean 'contrastive'"):
        search.fit(X, Y)
