"""How Sphinx builds the documentation; `make docs` calls it."""

import os
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # gallery_order

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

import skmm

project = "skmm"
author = "The skmm developers"
copyright = "2026, The skmm developers"
version = release = skmm.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "sphinx_copybutton",
    "myst_parser",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "examples", "_templates"]

autosummary_generate = True
# The types of parameters are in the docstrings, in words.
autodoc_typehints = "none"
# The class template lists the members.
numpydoc_show_class_members = False

# Docstrings inherited from scikit-learn name terms of its glossary.
suppress_warnings = ["ref.term"]

# The button copies what can be pasted: no prompts, and no output.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_remove_prompts = True
copybutton_only_copy_prompt_lines = True

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"/plot_",
    "within_subsection_order": "gallery_order.LearnersOrder",
    "abort_on_example_error": True,
    "show_memory": False,
    "write_computation_times": False,  # each page has its own
    "show_signature": False,
    "download_all_examples": False,
    "plot_gallery": "True",
    "doc_module": ("skmm",),
    "backreferences_dir": None,
    # The last expression's HTML, if it has one: tables and estimators as in a notebook.
    "capture_repr": ("_repr_html_", "__repr__"),
}
# An example that warns is an example to repair.
warnings.filterwarnings("error", module="__main__")

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = "skmm"
html_static_path = ["_static"]
html_css_files = ["skmm.css"]
html_show_sourcelink = False
# Pages without pages below them: their sidebar would be empty.
html_sidebars = dict.fromkeys(["get_started", "benchmarks", "changelog"], [])
# "fit()" in the list of a page's contents, not "MultimodalClassifier.fit()".
toc_object_entries_show_parents = "hide"
html_theme_options = {
    "navigation_with_keys": False,
    "show_prev_next": True,
    "header_links_before_dropdown": 6,
    "secondary_sidebar_items": ["page-toc"],
}


def skip_inherited(app, what, name, thing, skip, options):
    """Leave out what every scikit-learn estimator, or every module of torch, has."""
    module = str(getattr(thing, "__module__", ""))
    return skip or module.startswith(("sklearn.", "torch."))


def write_formula(translator, node):
    """Write a formula as MathML, which browsers show without a script or a network."""
    is_block = isinstance(node, nodes.math_block)
    formula = tex2mathml(node.astext().replace(r"\dots", r"\ldots"), as_block=is_block)
    translator.body.append(f"<div>{formula}</div>" if is_block else formula)
    raise nodes.SkipNode


def setup(app):
    """Connect the above."""
    app.connect("autodoc-skip-member", skip_inherited)
    writers = (write_formula, None)
    app.add_html_math_renderer("mathml", writers, writers)
