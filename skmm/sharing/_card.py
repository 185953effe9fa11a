"""What is to be known of a model before it is used."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Any

from sklearn.utils.validation import check_is_fitted

from skmm._utils.names import did_you_mean
from skmm.sharing import _sections
from skmm.sharing._facts import Facts
from skmm.sharing._markdown import front_matter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sklearn.base import BaseEstimator
    from sklearn.utils import Bunch

    from skmm._utils.typing import PathLike

#: Titles and what writes them, in the order of Mitchell et al.
_SECTIONS = {
    "Model details": _sections.details,
    "Intended use": _sections.intended_use,
    "How to use": _sections.how_to_use,
    "Training data": _sections.training_data,
    "Target": _sections.target,
    "Heads": _sections.heads,
    "Evaluation": _sections.evaluation,
    "Importance of the modalities": _sections.importance,
    "Limits": _sections.limits,
    "Ethical considerations": _sections.ethical_considerations,
    "Versions": _sections.versions_used,
}


class ModelCard:
    """A model card: metadata for a hub of models, and sections of Markdown.

    Parameters
    ----------
    title : str
    metadata : dict of str to object
        What stands in YAML before the text: ``license``, ``language``,
        ``library_name``, ``tags``, ``pipeline_tag``, ``metrics`` and others that the
        Hub knows. An entry that is None is written as a comment, to fill in.
    sections : dict of str to str
        Markdown by title, in the order in which it is written.

    See Also
    --------
    skmm.model_card : Write one from a fitted estimator.

    References
    ----------
    .. [1] Mitchell et al.: Model Cards for Model Reporting, Conference on Fairness,
       Accountability, and Transparency, 2019.

    Examples
    --------
    >>> from skmm.sharing import ModelCard
    >>> card = ModelCard("Soups", {"license": "cc0-1.0"}, {"Limits": "Only soups."})
    >>> print(card)
    ---
    license: cc0-1.0
    ---
    <BLANKLINE>
    # Soups
    <BLANKLINE>
    ## Limits
    <BLANKLINE>
    Only soups.
    <BLANKLINE>
    """

    def __init__(
        self, title: str, metadata: Mapping[str, Any], sections: Mapping[str, str]
    ) -> None:
        self.title = title
        self.metadata = dict(metadata)
        self.sections = dict(sections)

    def add(self, **sections: str) -> ModelCard:
        """Write sections anew, or append them; an underscore stands for a space.

        Parameters
        ----------
        **sections : str
            Markdown by title: ``Intended_use="Sorting reviews in our shop."``.

        Returns
        -------
        self : ModelCard
        """
        for name, text in sections.items():
            self.sections[name.replace("_", " ")] = text
        return self

    def save(self, path: PathLike) -> None:
        """Write the card into a file, by custom ``README.md``.

        Parameters
        ----------
        path : str or path
        """
        pathlib.Path(path).write_text(str(self), encoding="utf-8")

    def __str__(self):
        parts = [front_matter(self.metadata), f"# {self.title}"]
        for title, text in self.sections.items():
            parts += [f"## {title}", text]
        return "\n\n".join(parts) + "\n"

    def __repr__(self):
        return f"<ModelCard {self.title!r}: {', '.join(self.sections)}>"

    def _repr_markdown_(self):
        # A notebook would show the metadata as a heading.
        return str(self).partition("\n---\n")[2]


def model_card(
    estimator: BaseEstimator,
    *,
    title: str | None = None,
    repo_id: str | None = None,
    license: str | None = None,
    language: str | Sequence[str] | None = None,
    tags: Sequence[str] = (),
    importance: Bunch | None = None,
    test_scores: Mapping[str, float] | None = None,
    show_classes: bool = True,
    sections: Mapping[str, str] | None = None,
) -> ModelCard:
    """Write a model card from what a fit has kept.

    The card [1]_ tells of the data (rows, columns, kinds, missing cells), the target
    and its classes, the heads and their weights, scores on the validation rows, limits,
    versions, and how to use the model, as code that runs. What only the author knows
    is left open and marked. Of the data it has names of columns and classes, counts and
    means: never a cell, a category or a path.

    Parameters
    ----------
    estimator : estimator
        A fitted MultimodalClassifier or MultimodalRegressor, a search that has found
        one, or a Pipeline that ends in one. Of another estimator the card tells less.
    title : str, default=None
        None takes the name of the class.
    repo_id : str, default=None
        Where the model is found, for the code: ``"owner/name"`` on the Hub, or a
        folder.
    license : str, default=None
        A name of the Hub, such as ``"apache-2.0"``. None leaves it to be filled in.
    language : str or list of str, default=None
        Languages of the texts, such as ``"en"``. None leaves it to be filled in.
    tags : sequence of str, default=()
        Tags beside those that follow from the model.
    importance : Bunch, default=None
        What :func:`skmm.inspection.modality_importance` returned.
    test_scores : dict of str to float, default=None
        Scores on rows that the model has not seen, by the name of the metric.
    show_classes : bool, default=True
        If False, classes are counted, and their names and shares left out.
    sections : dict of str to str, default=None
        Markdown in place of sections of the card, by title, such as "Intended use".

    Returns
    -------
    card : ModelCard
        ``print(card)`` shows it, ``card.save("README.md")`` writes it.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If `sections` has a title that the card does not have.

    See Also
    --------
    skmm.sharing.save_pretrained : Write model and card into one folder.

    References
    ----------
    .. [1] Mitchell et al.: Model Cards for Model Reporting, Conference on Fairness,
       Accountability, and Transparency, 2019.

    Examples
    --------
    >>> import skmm
    >>> from skmm.datasets import make_multimodal_classification
    >>> X, y = make_multimodal_classification(n_samples=200, random_state=0)
    >>> model = skmm.MultimodalClassifier(random_state=0).fit(X, y)
    >>> card = skmm.model_card(model, license="cc0-1.0", language="en")
    >>> card.metadata["pipeline_tag"]
    'tabular-classification'
    >>> list(card.sections)[:4]
    ['Model details', 'Intended use', 'How to use', 'Training data']
    """
    check_is_fitted(estimator)
    facts = Facts(estimator)
    written = {}
    for name in sections or {}:
        if name not in _SECTIONS:
            raise ValueError(
                f"sections has {name!r}, which the card does not have."
                f"{did_you_mean(name, list(_SECTIONS))} Its sections are "
                f"{list(_SECTIONS)}; card.add(...) appends others."
            )
    asked = {
        "repo_id": repo_id,
        "importance": importance,
        "test_scores": dict(test_scores or {}),
        "show_classes": show_classes,
    }
    for name, write in _SECTIONS.items():
        text = (sections or {}).get(name)
        text = write(facts, asked) if text is None else text
        if text:
            written[name] = text
    metadata = {
        "library_name": "skmm",
        "license": license,
        "language": language,
        "pipeline_tag": facts.task,
        "tags": list(dict.fromkeys(["skmm", *facts.kinds, *tags])),
        "metrics": list(facts.hub_metrics),
    }
    if not metadata["metrics"]:
        del metadata["metrics"]
    return ModelCard(title or facts.title, metadata, written)
