"""`import skmm` and a constructed estimator load no torch."""

import subprocess
import sys

CODE = """
import sys
import sklearn
before = set(sys.modules)
from skmm import MultimodalClassifier
from sklearn.base import clone
repr(clone(MultimodalClassifier(fusion="gated", alignment="cca")))
from skmm.feature_extraction import TextVectorizer
TextVectorizer().fit_transform(["a text"])
heavy = {"torch", "skorch", "skrub", "matplotlib", "polars"}
print(sorted(heavy & (set(sys.modules) - before)))
"""


def test_import_construction_and_vectorizer_load_nothing_heavy():
    # How long it takes is in benchmarks/import_time.py.
    command = [sys.executable, "-c", CODE]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"


def test_public_names_are_there():
    import skmm

    for name in skmm.__all__:
        assert getattr(skmm, name) is not None
    assert set(skmm.__all__) <= set(dir(skmm))
    packages = (
        skmm.alignment,
        skmm.augmentation,
        skmm.callbacks,
        skmm.datasets,
        skmm.encoders,
        skmm.feature_extraction,
        skmm.fusion,
        skmm.inspection,
        skmm.io,
        skmm.model_selection,
        skmm.runtime,
    )
    for package in packages:
        for name in package.__all__:
            assert getattr(package, name) is not None
