"""The one table of kinds: every entry is complete."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from skmm import MultimodalClassifier
from skmm.encoders import VectorEncoder, make_encoder
from skmm.feature_extraction import MultimodalVectorizer
from skmm.modalities import KINDS, Kind
from skmm.modalities._kinds import check_kind, make_default

MADE = [name for name, kind in KINDS.items() if not kind.needs]


@pytest.mark.parametrize("name", MADE)
def test_every_kind_has_encoder_and_vectorizer(name):
    assert hasattr(make_encoder(name), "build_module")
    for what in ("vectorizer", "embedder"):
        default = make_default(name, what)
        assert hasattr(default, "fit_transform")
        assert hasattr(default, "transform")
        clone(default)


def test_kinds_that_only_the_user_can_read():
    assert [name for name in KINDS if name not in MADE] == ["entity"]
    with pytest.raises(ValueError, match=r"EntityVectorizer\(triples\)"):
        make_default("entity", "vectorizer")


@pytest.mark.parametrize(
    ("wrong", "nearest"),
    [("imgae", "image"), ("sound", "audio"), ("picture", "image"), ("Text", "text")],
)
def test_an_unknown_kind_gets_the_nearest(wrong, nearest):
    with pytest.raises(ValueError, match=f"Did you mean '{nearest}'.*tabular, text"):
        check_kind(wrong)


class TrackEncoder(VectorEncoder):
    """An encoder of a kind that skmm does not have."""


def test_a_new_kind_is_one_entry(monkeypatch):
    track = Kind(cells="tracks", encoder=(__name__, "TrackEncoder"))
    monkeypatch.setitem(KINDS, "track", track)
    X, y = pd.DataFrame({"x": np.arange(8.0)}), np.arange(8) % 2
    modalities = [("a", "track", "x")]
    model = MultimodalClassifier(modalities, max_epochs=1).fit(X, y)
    assert type(model.modalities_[0][1]) is TrackEncoder
    with pytest.raises(ValueError, match="'a': .*no vectorizer for tracks.*object"):
        MultimodalVectorizer(modalities).fit(X)
    own = MultimodalVectorizer(modalities, transformers=[("track", "passthrough")])
    assert own.fit_transform(X).columns.tolist() == ["a__0"]


def test_the_table_imports_nothing_before_it_is_asked():
    script = (
        "import sys, skmm.encoders, skmm.modalities; "
        "assert 'torch' not in sys.modules; "
        "assert 'skmm.feature_extraction' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
