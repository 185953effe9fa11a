"""The sections of a model card, each as Markdown.

Each takes the facts and what was asked for, and returns "" where there is nothing to
say.
"""

import numpy as np

from skmm._utils.markup import some_of
from skmm.persistence._files import versions
from skmm.sharing._facts import shares_of
from skmm.sharing._markdown import escape, table

#: What is left to the author, in the Hub's own words.
TO_FILL_IN = "[More Information Needed]"
_MOST_COLUMNS, _MOST_CLASSES = 50, 20
#: More columns than these are not written out in the code.
_MOST_IN_CODE = 20
_CODE = """```python
import {module}
{imports}
model = {load}

# One row. None stands for a value that is missing.
rows = {rows}
model.{method}(rows)
```"""


def details(facts, asked):
    """Tell what the model is."""
    estimator, model = facts.estimator, facts.model
    lines = [("class", f"`{_name(type(estimator))}`")]
    if not facts.is_direct and model is not None:
        lines.append(("what predicts", f"`{_name(type(model))}`"))
    if model is not None:
        n_models = len(model._learner.members)
        lines += [
            ("modalities", ", ".join(escape(name) for name, _, _ in model.modalities_)),
            ("fusion", f"`{_kind_of_part(model.fusion)}`"),
            ("width of the vectors", str(model.width)),
            ("models", f"{n_models}, one for each fold") if n_models > 1 else None,
            ("parameters", f"{model.n_parameters_:,}"),
            ("epochs", f"{model.n_iter_:,}"),
            ("loss", f"`{model._targets.loss}`"),
        ]
        for name, weights in model.pretrained_.items():
            lines.append((f"pretrained network of {escape(name)}", _network(weights)))
    lines += [("licence", TO_FILL_IN), ("developed by", TO_FILL_IN)]
    return _listed(lines)


def intended_use(facts, asked):
    """Leave the use to the author."""
    return (
        f"- **Uses that it was made for**: {TO_FILL_IN}\n"
        f"- **Uses that it must not be put to**: {TO_FILL_IN}"
    )


def how_to_use(facts, asked):
    """Write code that loads the model and predicts one row."""
    estimator, labels = facts.estimator, facts.labels
    place = repr(asked["repo_id"] or "owner/name")
    if facts.is_direct and type(estimator) is type(facts.model):
        cls = type(estimator)
        module, load = "pandas as pd", f"{cls.__name__}.from_pretrained({place})"
        imports = f"from skmm import {cls.__name__}\n"
    else:
        module, load = "pandas as pd", f"from_pretrained({place})"
        imports = "from skmm.sharing import from_pretrained\n"
    reads = facts.model if facts.is_direct else estimator
    if not hasattr(reads, "feature_names_in_"):
        module, n = "numpy as np", getattr(reads, "n_features_in_", 1)
        rows = f"np.full((1, {n}), np.nan)"
    elif len(labels) > _MOST_IN_CODE and hasattr(estimator, "feature_names_in_"):
        rows = "pd.DataFrame([dict.fromkeys(model.feature_names_in_)])"
    else:
        cells = "".join(f"    {str(label)!r}: None,\n" for label in labels)
        rows = f"pd.DataFrame([{{\n{cells}}}])"
    method = "predict" if hasattr(estimator, "predict") else "transform"
    code = _CODE.format(
        module=module, imports=imports, load=load, rows=rows, method=method
    )
    return f'Install skmm with `pip install "skmm[hub]"`. Then:\n\n{code}'


def training_data(facts, asked):
    """Tell how many rows there were, and what their columns are."""
    parts, summary = [f"Where the data are from: {TO_FILL_IN}"], facts.summary
    if summary:
        n, n_valid = summary["n_samples"], summary["n_validation"]
        told = f"{n:,} rows were learned from"
        if n_valid and len(facts.model._learner.members) > 1:
            told += f"; {n_valid:,} of them validated as well, each once"
        elif n_valid:
            told += f", and {n_valid:,} others validated"
        parts.append(f"{told}.")
    elif getattr(facts.model, "privacy_", None) is not None:
        spent = facts.model.privacy_
        parts.append(
            "The model was trained with differential privacy: epsilon "
            f"{spent.epsilon:.3g} at delta {spent.delta:g}. How many rows there were "
            "is not told."
        )
    elif facts.model is not None:
        parts.append(
            "The model does not know how many rows it has learned from: it was trained "
            "batch by batch, or by a version that did not keep it."
        )
    present = summary.get("present", {})
    if present:
        rows = [(escape(name), _percent(share)) for name, share in present.items()]
        parts.append(table(["modality", "rows that have it"], rows))
    columns, n_more = some_of(facts.columns, _MOST_COLUMNS)
    if columns:
        rows = [
            (
                escape(label),
                "-" if name is None else escape(name),
                kind,
                "not known" if missing is None else _percent(missing),
            )
            for label, name, kind, missing in columns
        ]
        parts.append(table(["column", "modality", "kind", "missing"], rows))
    if n_more:
        parts.append(f"And {n_more:,} more columns.")
    return "\n\n".join(parts)


def target(facts, asked):
    """Tell what is predicted."""
    if facts.model is None:
        return ""
    targets, summary = facts.model._targets, facts.summary
    if targets.tasks is not None:
        known = summary.get("n_known", {})
        rows = [
            (escape(task.name), task.kind, f"{known.get(task.name, 0):,}")
            for task in targets.tasks
        ]
        told = f"{len(rows)} tasks, of which a row may lack some."
        return f"{told}\n\n{table(['task', 'kind', 'rows that have it'], rows)}"
    if not targets.is_classification:
        n = len(targets.groups) // targets.n_columns
        told = f"A number for each row, {n} outputs." if n > 1 else "A number."
        means, spreads = summary.get("mean"), summary.get("std")
        if means is None:
            return told
        rows = [
            (str(i), _number(mean), _number(std))
            for i, (mean, std) in enumerate(zip(means, spreads))
        ]
        return f"{told}\n\n{table(['output', 'mean', 'standard deviation'], rows)}"
    if targets.kind == "multilabel":
        return f"{len(targets.classes)} labels, of which a row may have any."
    parts = []
    for i, classes in enumerate(targets.classes):
        name = f"Output {i}: " if len(targets.classes) > 1 else ""
        parts.append(f"{name}{len(classes):,} classes.")
        if not asked["show_classes"]:
            continue
        counts = summary.get("class_counts", [None] * (i + 1))[i]
        shown, n_more = some_of(classes.tolist(), _MOST_CLASSES)
        rows = [(escape(one),) for one in shown]
        head = ["class"]
        if counts is not None:
            total = max(sum(counts), 1)
            rows = [(*row, _percent(n / total)) for row, n in zip(rows, counts)]
            head.append("share of the rows")
        parts.append(table(head, rows))
        if n_more:
            parts.append(f"And {n_more:,} more classes.")
    return "\n\n".join(parts)


def heads(facts, asked):
    """Tell which heads predict, and how much each counts."""
    if facts.model is None:
        return ""
    best, shares = facts.model.best_epoch_, facts.model._learner.mixture.shares
    rows = [
        (escape(head), f"{shares_of(weights):.2f}", f"{best[head]:g}")
        if head in best
        else (escape(head), f"{shares_of(weights):.2f}", "-")
        for head, weights in shares.items()
    ]
    return (
        "What is predicted is a mixture of these models.\n\n"
        f"{table(['head', 'share', 'best epoch'], rows)}"
    )


def evaluation(facts, asked):
    """Tell how good the model is, and on which rows that was measured."""
    parts, scores, tested = [], facts.scores, asked["test_scores"]
    if tested:
        parts.append("On rows that the model has not seen:")
        rows = [(escape(name), _number(score)) for name, score in tested.items()]
        parts.append(table(["metric", "score"], rows))
    if scores:
        n = facts.summary.get("n_validation")
        parts.append(
            f"On {f'the {n:,}' if n else 'the'} validation rows, each predicted by "
            "models that were not fitted on it. The same rows chose when training "
            "stopped and how strongly it was regularised, so that scores on new rows "
            "may be a little lower."
        )
        rows = [(name, _number(score)) for name, score in scores.items()]
        parts.append(table(["metric", "score"], rows))
    elif facts.model is not None and facts.model.validation_score_ is not None:
        score = _number(facts.model.validation_score_)
        parts.append(f"Score on the validation rows: {score}.")
    if not parts:
        parts.append("No rows were kept back to validate the model.")
    if not tested:
        parts.append(f"On rows that the model has not seen: {TO_FILL_IN}")
    return "\n\n".join(parts)


def importance(facts, asked):
    """Tell what each modality brings, if that was measured."""
    found = asked["importance"]
    if found is None:
        return ""
    rows = []
    intervals = found.get("importances_interval")
    for i in np.argsort(-np.asarray(found.importances_mean)):
        span = "-"
        if intervals is not None and np.isfinite(intervals[i]).all():
            span = " to ".join(_number(end) for end in intervals[i])
        mean = _number(found.importances_mean[i])
        rows.append((escape(found.names[i]), mean, span))
    return (
        f"Measured by {escape(found.method)}, in the unit of {escape(found.scoring)} "
        f"({_number(found.score)} with all of them).\n\n"
        f"{table(['modality', 'importance', 'interval'], rows)}"
    )


def limits(facts, asked):
    """Tell what follows from how the model was made, and leave the rest open."""
    lines = [
        "The model has learned from rows such as those above. On rows of another "
        "origin, time or language it may be wrong without showing it.",
        "Its files hold what preprocessing has learned: words and categories that "
        "occur in the training data, and predictions and targets of the validation "
        "rows. Publish them only where the data may be published.",
    ]
    if isinstance(getattr(facts.model, "validation", None), tuple):
        lines.append(
            "Its files hold the rows that were given as `validation=(X, y)`, as they "
            "are. Call `set_params(validation=None)` before it is published."
        )
    n = facts.summary.get("n_samples")
    if n is not None and n < 1000:
        lines.append(f"It has learned from {n:,} rows, which are few.")
    never = [
        escape(name)
        for name, share in facts.summary.get("present", {}).items()
        if share == 1
    ]
    if never and len(facts.summary["present"]) > 1:
        lines.append(
            f"No training row lacked {', '.join(never)}: rows without are predicted, "
            "but nothing was learned from such rows."
        )
    if facts.model is not None and facts.model.pretrained_:
        lines.append(
            "It reads some columns through pretrained networks, and has their limits, "
            "biases and licences."
        )
    lines.append(TO_FILL_IN)
    return "\n".join(f"- {line}" for line in lines)


def ethical_considerations(facts, asked):
    """Leave to the author whom the model may harm."""
    return f"Whom the model may harm, and how it was looked at: {TO_FILL_IN}"


def versions_used(facts, asked):
    """Tell which versions are needed to predict alike."""
    rows = [(name, version) for name, version in versions().items()]
    return table(["library", "version"], rows)


def _name(cls):
    return f"{cls.__module__.partition('.')[0]}.{cls.__name__}"


def _network(weights):
    """Tell which network it is; of a path only the last part."""
    model = str(weights.model)
    if model.startswith((".", "~", "/")) or model.count("/") > 1 or "\\" in model:
        model = model.replace("\\", "/").rstrip("/").rpartition("/")[2]
    told = [escape(model), escape(weights.tune)]
    if weights.revision is not None:
        told.append(f"`{escape(weights.revision, 20)}`")
    return ", ".join(told)


def _kind_of_part(part):
    if isinstance(part, str):
        return part
    return getattr(part, "__name__", type(part).__name__)


def _listed(lines):
    return "\n".join(f"- **{one[0]}**: {one[1]}" for one in lines if one is not None)


def _percent(share):
    # Of very many cells a single one is not nothing.
    return "< 0.1 %" if 0 < share < 0.001 else f"{100 * share:.1f} %"


def _number(value):
    return f"{value:.4g}"
