"""`import skmm` and a constructed estimator cost little and load no torch."""

import subprocess
import sys

CODE = """
import sys, time
import sklearn
start = time.perf_counter()
from skmm import MultimodalClassifier
from sklearn.base import clone
model = MultimodalClassifier(fusion="gated")
repr(clone(model))
seconds = time.perf_counter() - start
heavy = [name for name in ("torch", "skorch", "skrub") if name in sys.modules]
print(seconds, heavy)
"""


def test_import_construction_clone_and_repr_are_light():
    # The quickest of three: other processes may hold a core for a moment.
    seconds = []
    for _ in range(3):
        out = subprocess.run(
            [sys.executable, "-c", CODE], capture_output=True, text=True, check=True
        ).stdout
        took, heavy = out.split(maxsplit=1)
        assert heavy.strip() == "[]"
        seconds.append(float(took))
    assert min(seconds) < 0.15


def test_public_names_are_there():
    import skmm

    for name in skmm.__all__:
        assert getattr(skmm, name) is not None
    assert set(skmm.__all__) <= set(dir(skmm))
    for package in (skmm.encoders, skmm.fusion, skmm.datasets):
        for name in package.__all__:
            assert getattr(package, name) is not None
