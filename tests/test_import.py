"""`import skmm` and a constructed estimator load no torch."""

import subprocess
import sys

CODE = """
import sys
import sklearn
before = set(sys.modules)
from skmm import MultimodalClassifier
from sklearn.base import clone
repr(clone(MultimodalClassifier(fusion="gated")))
heavy = {"torch", "skorch", "skrub", "matplotlib", "polars"}
print(sorted(heavy & (set(sys.modules) - before)))
"""


def test_import_construction_clone_and_repr_load_nothing_heavy():
    # How long it takes is in benchmarks/import_time.py.
    command = [sys.executable, "-c", CODE]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"


def test_public_names_are_there():
    import skmm

    for name in skmm.__all__:
        assert getattr(skmm, name) is not None
    assert set(skmm.__all__) <= set(dir(skmm))
    for package in (skmm.encoders, skmm.fusion, skmm.datasets):
        for name in package.__all__:
            assert getattr(package, name) is not None
