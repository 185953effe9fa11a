"""What type checkers see is what there is."""

import ast
import importlib
import inspect
import os
import pathlib
import re
import subprocess
import sys

import pytest

import skmm
from skmm._utils.compat import StrOptions

ROOT = pathlib.Path(skmm.__file__).parent
LAZY = [
    "skmm",
    "skmm.alignment",
    "skmm.augmentation",
    "skmm.encoders",
    "skmm.feature_extraction",
    "skmm.fusion",
    "skmm.io",
]


def imported_for_types(tree):
    """Return the module of each name that is imported under `if TYPE_CHECKING:`."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            for line in node.body:
                for alias in line.names:
                    module = getattr(line, "module", alias.name)
                    # A subpackage is a module itself.
                    if module == "skmm":
                        module = f"skmm.{alias.name}"
                    found[alias.asname or alias.name] = module
    return found


def literal_all(tree):
    """Return `__all__` as it is read without running the module."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "__all__":
            return ast.literal_eval(node.value)
    raise AssertionError("no __all__ = [...]")


@pytest.mark.parametrize("name", LAZY)
def test_type_checkers_see_the_lazy_names(name):
    package = importlib.import_module(name)
    tree = ast.parse(pathlib.Path(package.__file__).read_text())
    public = literal_all(tree)
    assert public == package.__all__
    assert len(public) == len(set(public))
    # Others are imported there for annotations.
    lazy = {k: module for k, module in imported_for_types(tree).items() if k in public}
    assert lazy == package._PUBLIC
    # What is left is there from the beginning.
    assert set(public) - set(lazy) <= set(vars(package))
    assert dir(package) == sorted(public)


@pytest.mark.parametrize("name", LAZY)
def test_an_unknown_name_is_an_attribute_error(name):
    package = importlib.import_module(name)
    with pytest.raises(AttributeError, match=f"module '{name}' has no attribute 'no'"):
        package.no  # noqa: B018


def options():
    """Yield name, constraints and annotation of each parameter that has both."""
    for name, cls in public_classes():
        table = getattr(cls, "_parameter_constraints", None)
        if table is None:
            continue
        for param in inspect.signature(cls).parameters.values():
            constraints = table.get(param.name, "no_validation")
            if param.annotation is not param.empty and isinstance(constraints, list):
                yield pytest.param(
                    constraints, param.annotation, id=f"{name}-{param.name}"
                )


def public_classes():
    eager = ["skmm.callbacks", "skmm.modalities", "skmm.model_selection"]
    for package in [*LAZY, *eager]:
        for name in importlib.import_module(package).__all__:
            thing = getattr(importlib.import_module(package), name)
            if isinstance(thing, type):
                yield name, thing


def spelled_out(annotation):
    """Return an annotation with the aliases in it written out."""
    from skmm._utils import typing as aliases

    while True:
        longer = re.sub(
            r"\b(AdversarialLike|Alignments|Balance|OneAlignment|Mixups|MixupName"
            r"|Pretrained|Sampler|Validation)\b",
            lambda name: str(getattr(aliases, name[0])).removeprefix("typing."),
            annotation,
        )
        if longer == annotation:
            return annotation
        annotation = longer


@pytest.mark.parametrize(["constraints", "annotation"], list(options()))
def test_annotations_say_what_the_constraints_say(constraints, annotation):
    """An annotation allows None and the same names as the table that is checked."""
    tables = [one.options for one in constraints if isinstance(one, StrOptions)]
    nodes = list(ast.walk(ast.parse(spelled_out(annotation))))
    constants = [node.value for node in nodes if isinstance(node, ast.Constant)]
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    if "Literal" in used or "str" not in used:
        assert {value for value in constants if isinstance(value, str)} == {
            name for table in tables for name in table
        }
    if not used & {"Augment", "CV", "RandomState"}:  # None is one of these
        assert (None in constants) == (None in constraints)


#: What a user may write. Lines that a type checker must refuse end in `# wrong`.
PROGRAM = """\
from __future__ import annotations

import numpy as np
import pandas as pd
import skmm
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from skmm import (
    Modalities,
    MultimodalClassifier,
    MultimodalRegressor,
    detect_modalities,
    unimodal_estimators,
)
from skmm.alignment import Alignment, CCAAlignment, PositiveAlignment, make_alignment
from skmm.augmentation import Augmentation, RandomFlip, TokenSwap, make_augmentation
from skmm.callbacks import GradualUnfreezing
from skmm.datasets import fetch_adult, make_messy_table, make_multimodal_classification
from skmm.encoders import (
    Block,
    Encoded,
    Encoder,
    EncoderModule,
    ImageEncoder,
    ModuleEncoder,
    TabularEncoder,
    TextEncoder,
    TransformerEncoder,
    make_encoder,
)
from skmm.feature_extraction import (
    ImageVectorizer,
    MultimodalVectorizer,
    TextEmbedder,
    TextVectorizer,
)
from skmm.fusion import (
    FUSIONS,
    Fusion,
    FusionOutput,
    FusionSpec,
    GatedFusion,
    LowRankFusion,
    MoEFusion,
    make_fusion,
)
from skmm.io import ImageReader, read_cells
from skmm.modalities import NumberReader
from skmm.model_selection import FusionSearchCV
from torch import nn


class OwnModule(nn.Module):
    def __init__(self, spec: FusionSpec) -> None:
        super().__init__()
        self.out_features = spec.width

    def forward(self, vectors: torch.Tensor, present: torch.Tensor) -> FusionOutput:
        return FusionOutput(vectors.mean(1))


class OwnFusion(Fusion):
    def build_module(self, spec: FusionSpec) -> OwnModule:
        return OwnModule(spec)


class OwnAugmentation(Augmentation):
    def __call__(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return ids


class OwnEncoderModule(EncoderModule):
    mixes = ("inputs",)

    def read(self, values: torch.Tensor) -> tuple[torch.Tensor]:
        return (values.float(),)

    def encode(self, values: torch.Tensor) -> Encoded:
        return Encoded(values)


class OwnEncoder(Encoder):
    max_batch_size = 64

    def fit_transform(
        self, X: pd.DataFrame, y: object = None, sample_weight: object = None
    ) -> Block:
        return self.transform(X)

    def transform(self, X: pd.DataFrame) -> Block:
        return Block(X.to_numpy(), present=np.ones(len(X), bool))

    def build_module(self, width: int) -> nn.Module:
        return OwnEncoderModule(width, augment=OwnAugmentation())


frame, y = make_multimodal_classification(n_samples=20, missing={"text": 0.1})
data = fetch_adult()
X, target = fetch_adult(return_X_y=True)
X, target, readers = make_messy_table(return_readers=True)
TabularEncoder(readers=readers, augment="auto")
TextEncoder("cnn", augment=["drop", TokenSwap(0.2)], word_vectors={"a": [1.0]})
TextEncoder("cnn", augment=OwnAugmentation(), max_length="auto")
ImageEncoder("pretrained", size=(64, 64), model=nn.Identity(), augment=RandomFlip)
ModuleEncoder(OwnEncoderModule, {"n_layers": 2})
TransformerEncoder(TfidfVectorizer(), series=True)
encoder: Encoder = make_encoder("text")
fusion: Fusion = make_fusion(OwnModule)
alignment: Alignment = make_alignment(CCAAlignment(regularization=1e-2))
changed = make_augmentation(["flip", RandomFlip()], "image")
vectorizer: TextVectorizer = TextVectorizer("tfidf", ngram_range=(1, 2)).fit(["a", "b"])
MultimodalVectorizer([("text", "text", ["a"])], transformers=[("text", vectorizer)])
TextEmbedder(lambda texts: np.zeros((len(texts), 2)), n_components=2).fit(frame)
results, missing = read_cells(frame["photo"], ImageReader(size=8), errors="missing")
search: FusionSearchCV = FusionSearchCV(fusions=["max", GatedFusion()], cv=3).fit(X, y)
FusionSearchCV(fusions=list(FUSIONS), param_grid={"width": [8, 16]}, scoring="accuracy")
found: Modalities = skmm.Modalities([("a", "text", ["a"])], [], [])
names: list[str] = [name for name, kind, columns in found]
estimators = unimodal_estimators(MultimodalClassifier(), frame)
score: float = estimators[0][1].fit(frame, y).score(frame, y)
model = MultimodalClassifier(
    kinds={"age": "category", "price": NumberReader(decimal=",")},
    fusion=LowRankFusion(rank=2),
    alignment=["contrastive", CCAAlignment()],
    heads=["fused", "linear"],
    encoder_learning_rate={"text": 1e-5},
    validation=(frame, y),
    callbacks=[GradualUnfreezing()],
)
fitted: MultimodalClassifier = model.fit(frame, y, sample_weight=[1.0] * 20)
probabilities = fitted.predict_proba(frame)
amounts: float = MultimodalRegressor(loss="quantile", quantile=0.9).score(X, target)
detected: Modalities = detect_modalities(frame, kinds={"age": "drop"})

detect_modalities(frame, sample_size="many")  # wrong
MultimodalClassifier(fusion=3)  # wrong
MultimodalClassifier(learning_rate_schedule="step")  # wrong
MultimodalClassifier(loss="poisson")  # wrong
MultimodalRegressor(loss="gamma")  # wrong
LowRankFusion(rank="x")  # wrong
MoEFusion(gate="hard")  # wrong
PositiveAlignment(distance="l2")  # wrong
CCAAlignment(regularisation=0.1)  # wrong
RandomFlip(axis=1)  # wrong
GradualUnfreezing(modalities="text")  # wrong
TabularEncoder(n_bins=0.5)  # wrong
TabularEncoder(readers=["number"])  # wrong
TextEncoder(pooling="median")  # wrong
TextEncoder(augment="blur")  # wrong
TextEncoder(augment=["drop", "blur"])  # wrong
ImageEncoder(channels=2)  # wrong
make_multimodal_classification(signal="noise")  # wrong
make_fusion(3)  # wrong
TextVectorizer("bag")  # wrong
TextVectorizer().fit_transform(3)  # wrong
ImageVectorizer(features="color")  # wrong
MultimodalVectorizer("text")  # wrong
ImageReader(mode="CMYK")  # wrong
read_cells(frame["photo"], ImageReader(), errors="ignore")  # wrong
NumberReader(decimal=";")  # wrong
FusionSearchCV(fusions="slow")  # wrong
FusionSearchCV(n_jobs="all")  # wrong
skmm.no_such_name  # wrong
"""

SETTINGS = """\
[mypy]
strict = true
python_version = 3.11
ignore_missing_imports = true

[mypy-skmm.*]
follow_imports = silent
"""


@pytest.mark.slow
def test_mypy_refuses_wrong_arguments_and_nothing_else(tmp_path):
    program, settings = tmp_path / "program.py", tmp_path / "mypy.ini"
    program.write_text(PROGRAM)
    settings.write_text(SETTINGS)
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--hide-error-codes"]
    command += ["--config-file", str(settings), "--cache-dir", str(tmp_path / "cache")]
    environment = os.environ | {"MYPYPATH": str(ROOT.parent)}
    done = subprocess.run(
        [*command, str(program)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
    )
    assert not done.stderr
    found = re.findall(r"^program.py:(\d+): error", done.stdout, flags=re.M)
    lines = PROGRAM.splitlines()
    wrong = [i for i, line in enumerate(lines, start=1) if line.endswith("# wrong")]
    assert sorted(set(map(int, found))) == wrong, done.stdout
