"""The diagram of an estimator in a notebook."""

import html.parser
import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skmm import MultimodalClassifier, MultimodalRegressor, _diagram, detect_modalities
from skmm._training import heads
from skmm._utils import documentation
from skmm.encoders import TextEncoder
from skmm.feature_extraction import MultimodalVectorizer
from skmm.fusion import GatedFusion

#: Elements that have no end.
VOID = {"input", "br", "img", "meta", "link", "hr"}
NASTY = '<script>alert("x")</script>&\'"'


class Page(html.parser.HTMLParser):
    """What a browser would find in a page: ids, text, and where it would look."""

    def __init__(self, page):
        super().__init__()
        self.open, self.ids, self.addresses, self.texts, self.tags = [], [], [], [], []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append(tag)
        if "id" in attrs:
            self.ids.append(attrs["id"])
        self.addresses += [attrs[key] for key in ("src", "href") if key in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open and "script" not in self.open:
            self.texts.append(" ".join(data.split()))


def shown(estimator):
    """Read the diagram; what follows the style of the page."""
    page = estimator._repr_html_()
    return Page(page), page.split("</style>", 1)[1]


def small(**options):
    options = {"width": 8, "max_epochs": 2, "random_state": 0} | options
    return MultimodalClassifier(**options)


def explicit(**options):
    modalities = [
        ("words", TextEncoder(min_frequency=3), "text_0"),
        ("counts", TfidfVectorizer(), "text_0"),
        ("facts", "tabular", ["num_0", "cat_0"]),
    ]
    return small(modalities=modalities, **options)


def test_the_way_through_before_the_fit():
    page, _ = shown(explicit(fusion="gated"))
    order = ["words", "TextEncoder", "counts", "TfidfVectorizer", "facts"]
    order += ["TabularEncoder", "GatedFusion", "fused", "wide", "linear", "boosting"]
    place = 0
    for text in [*order, "mixture"]:
        place = page.texts.index(text, place)
    assert "num_0 cat_0" in page.texts
    # By its parameters alone: which modalities there are is not known.
    page, _ = shown(small())
    assert "modalities: auto" in page.texts and "TabularEncoder" not in page.texts


def test_the_heads_of_auto_are_those_of_the_training():
    assert heads.AUTO == _diagram.AUTO
    assert list(heads.HEADS) == list(_diagram.HEADS)


def test_a_fitted_estimator_says_what_it_has_become(classification):
    model = small(fusion=GatedFusion()).fit(*classification)
    page, _ = shown(model)
    text = "\n".join(page.texts)
    # The columns of each modality, below its name.
    for name, encoder, columns in model.modalities_:
        assert name in page.texts and type(encoder).__name__ in page.texts
        assert " ".join(columns) in page.texts
    facts = dict(zip(page.texts, [*page.texts[1:], ""]))
    assert facts["validation score"] == f"{model.validation_score_:.4g}"
    assert facts["parameters"] == f"{model.n_parameters_:,}"
    assert facts["width"] == "8" and facts["device"] == "cpu"
    assert re.fullmatch(r"2, in [\d.]+ s", facts["epochs"])
    assert "2 × 8 → 8" in text
    for head, share in model.head_weights_.items():
        assert head in page.texts and f"share {share:.2f}" in text
    assert f"epoch {model.best_epoch_['wide']:.3g}" in text
    # The parts of the network are parts of the whole.
    fused = [re.search(r"([\d,]+) parameters", t) for t in page.texts]
    counts = [int(found[1].replace(",", "")) for found in fused if found]
    assert 0 < min(counts) < max(counts) <= model.n_parameters_
    assert "loss of each head by epoch" in page.texts or "svg" in page.tags


@pytest.mark.parametrize("validation", [3, None], ids=str)
def test_folds_and_no_validation(classification, validation):
    page, _ = shown(small(validation=validation).fit(*classification))
    told = "3, one for each fold" if validation else "no validation"
    assert told in page.texts
    assert ("validation loss" in " ".join(page.texts)) and "svg" in page.tags


def test_solved_heads_alone_and_an_estimator_as_a_head(classification):
    X, y = classification
    own = ("mine <b>", LogisticRegression())
    page, _ = shown(small(heads=["linear", own]).fit(X, y))
    assert "mine <b>" in page.texts and "fused" not in page.texts
    assert "epochs" not in page.texts
    page, _ = shown(small(heads=["linear"]).fit(X, y))
    assert "prediction" in page.texts and "mixture" not in page.texts


def test_several_outputs_and_a_regressor(regression):
    X, y = regression
    y = np.column_stack([y, -y])
    model = MultimodalRegressor(width=8, max_epochs=1, random_state=0).fit(X, y)
    page, _ = shown(model)
    share = np.mean(model.head_weights_["linear"])
    assert f"share {share:.2f}" in " ".join(page.texts)


def test_after_partial_fit(classification):
    X, y = classification
    page, _ = shown(small().partial_fit(X, y))
    assert "no validation" in page.texts and "1 epoch" in " ".join(page.texts)


def test_names_are_escaped():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(40, 2)), columns=[NASTY, f"{NASTY}2"])
    modalities = [(f"m {NASTY[:12]}", "tabular", [NASTY, f"{NASTY}2"])]
    for model in (
        small(modalities=modalities),
        small(kinds={NASTY: "number"}).fit(X, np.arange(40) % 2),
    ):
        page, body = shown(model)
        assert NASTY in " ".join(page.texts)
        assert "alert(&quot;" in body and "<script>alert" not in body


def test_a_thousand_columns_stay_short():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(30, 1000))).add_prefix("column ")
    model = small(heads=["wide"], max_epochs=1, validation=None)
    page, body = shown(model.fit(X, np.arange(30) % 2))
    assert "… 980 more columns" in " ".join(page.texts)
    assert len(body) < 60_000
    many = [(f"series_{i}", "series", [f"column {i}"]) for i in range(1000)]
    page, body = shown(small(modalities=many))
    assert "… 990 more modalities" in page.texts
    assert len(body) < 100_000


def test_as_a_part_of_scikit_learns_diagrams(classification):
    X, y = classification
    pipeline = make_pipeline(MultimodalVectorizer(), small(fusion=GatedFusion()))
    page, body = shown(pipeline.fit(X, y))
    assert "GatedFusion" in page.texts and "mixture" in page.texts
    # What is copied with a click is the parameter's whole name.
    assert 'data-param-prefix="multimodalclassifier__fusion__"' in body
    page, body = shown(GridSearchCV(explicit(), {"width": [4, 8]}))
    assert "words" in page.texts and 'data-param-prefix="estimator__words__"' in body


def test_two_diagrams_on_a_page_have_ids_of_their_own(classification):
    model = small().fit(*classification)
    page = Page(model._repr_html_() * 2)
    assert page.ids
    both = Page(model._repr_html_() + model._repr_html_())
    assert len(set(both.ids)) == len(both.ids)
    assert not both.addresses


def test_a_link_to_the_documentation_needs_an_address(monkeypatch, classification):
    page, _ = shown(small(fusion=GatedFusion()))
    assert not page.addresses
    address = "https://address.local/{estimator_module}.{estimator_name}.html"
    monkeypatch.setattr(documentation, "TEMPLATE", address)
    page, _ = shown(small(fusion=GatedFusion()).fit(*classification))
    pages = {one.partition("#")[0].rpartition("/")[2] for one in page.addresses}
    assert pages == {
        "skmm.MultimodalClassifier.html",
        "skmm.fusion.GatedFusion.html",
        "skmm.encoders.TabularEncoder.html",
        "skmm.encoders.TextEncoder.html",
    }

    class Own(MultimodalClassifier):
        """Not of skmm: its page is not known."""

    assert Own()._get_doc_link() == ""


def test_text_where_diagrams_are_off():
    with config_context(display="text"):
        assert not hasattr(small(), "_repr_html_")


def test_the_diagram_of_what_is_not_fitted_loads_no_torch():
    code = (
        "import sys; from skmm import MultimodalClassifier as C; "
        "C(fusion='gated', modalities=[('t', 'text', 'a')])._repr_html_(); "
        "print('torch' in sys.modules)"
    )
    command = [sys.executable, "-c", code]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert out.strip() == "False"


#: Whatever a page asks for besides itself is refused, and told on the console.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "img-src data:"
)
#: Open all that opens; say in the title which theme was found and what stays closed.
LOOK = """
const summary = document.querySelector(".skmm-summary").parentElement;
const first = getComputedStyle(summary).display;
document.querySelectorAll("input[type=checkbox]").forEach(e => e.click());
document.querySelectorAll("summary").forEach(e => e.click());
const closed = [...document.querySelectorAll(".sk-toggleable__content")].filter(
  e => getComputedStyle(e).display === "none").length;
const theme = document.querySelector(".sk-top-container").classList.contains("dark");
const root = document.documentElement;
const wide = root.scrollWidth > root.clientWidth;
document.title = [first, closed, theme, wide].join(" ");
"""


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_in_a_browser(classification, tmp_path, theme):
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("needs Chromium, which is not installed")
    X, y = classification
    model = small().fit(X, y)
    found = detect_modalities(X.assign(**{NASTY: 1.5}))
    colors = "#fff; color: #000" if theme == "light" else "#111; color: #fff"
    page = tmp_path / "page.html"
    page.write_text(
        f"<!doctype html><html><head><meta charset='utf-8'><meta http-equiv="
        f'"Content-Security-Policy" content="{POLICY}"></head>'
        f"<body style='background: {colors}'><div>{model._repr_html_()}</div>"
        f"<div>{explicit()._repr_html_()}</div>{found._repr_html_()}"
        f"<script>{LOOK}</script></body></html>",
        encoding="utf-8",
    )
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += ["--enable-logging=stderr", "--window-size=1280,900", page.as_uri()]
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    run = subprocess.run(
        [*command, profile], capture_output=True, text=True, timeout=120
    )
    # scikit-learn's script looks in vain for a parameter beside its list of features.
    known = "Expected copy-paste icon is missing from the DOM structure"
    told = [line for line in run.stderr.splitlines() if "CONSOLE" in line]
    assert [line for line in told if known not in line] == []
    # Open at first; the click closes it, and it alone.
    is_dark = "true" if theme == "dark" else "false"
    assert f"<title>block 1 {is_dark} false</title>" in run.stdout
