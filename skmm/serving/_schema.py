"""What a model takes and gives: for people, for programs, and as OpenAPI."""

from skmm.serving._cells import ACCEPTED
from skmm.serving._model import plain

#: Types of JSON that a value may have, by kind of column.
_TYPES = {
    "number": ["number", "string", "boolean"],
    "flag": ["boolean", "number", "string"],
    "category": ["string", "number", "boolean"],
    "date": ["string", "number"],
    "time": ["string"],
    "duration": ["string", "number"],
    "text": ["string"],
    "entity": ["string", "number"],
    "vector": ["number"],
    "series": ["number"],
    "any": ["string", "number", "boolean", "array"],
    "unused": ["string", "number", "boolean"],
}


def describe_model(model, limits, examples):
    """Return all that a client has to know, as JSON has it.

    Parameters
    ----------
    model : ServedModel
    limits : Limits
    examples : dict of str to object
        A value of each column.
    """
    outputs = None
    if model.is_classifier:
        outputs = [{"classes": classes} for classes in model.classes]
    return {
        "estimator": type(model.estimator).__name__,
        "task": "classification" if model.is_classifier else "regression",
        "target": model.kind,
        "outputs": outputs,
        "columns": [_describe(column, examples) for column in model.columns],
        "interval": model.has_intervals,
        "explain": model.has_explanations,
        "limits": {
            "rows": limits.max_rows,
            "bytes": limits.max_bytes,
            "uploads": limits.max_uploads,
            "pixels": limits.max_pixels,
            "explained_rows": limits.max_explained,
            "seconds": limits.timeout,
        },
    }


def _describe(column, examples):
    described = {
        "name": column.name,
        "kind": column.kind,
        "modality": column.modality,
        "required": column.is_required,
        "accepts": _accepted(column),
        "example": examples.get(column.name),
    }
    if column.categories is not None:
        described["categories"] = column.categories
    if column.is_nested and column.length is not None:
        described["length"] = column.length
    return described


def _accepted(column):
    if column.is_media:
        return "base64, or the name of an uploaded file"
    return "a list of numbers" if column.is_nested else ACCEPTED[column.kind]


def rows_schema(model, limits, examples):
    """Return the JSON Schema of the body of a request.

    Parameters
    ----------
    model : ServedModel
    limits : Limits
    examples : dict of str to object
    """
    row = {
        "type": "object",
        "properties": {
            column.name: _value_schema(column, examples) for column in model.columns
        },
        "required": [column.name for column in model.columns if column.is_required],
        "additionalProperties": False,
    }
    properties = {
        "rows": {
            "type": "array",
            "minItems": 1,
            "maxItems": limits.max_rows,
            "items": row,
        }
    }
    if model.has_intervals:
        properties["interval"] = {
            "description": "Whether to predict intervals; a number is their coverage.",
            "anyOf": [{"type": "boolean"}, {"type": "number"}],
            "default": False,
        }
    if model.has_explanations:
        properties["explain"] = {"type": "boolean", "default": False}
    return {
        "type": "object",
        "properties": properties,
        "required": ["rows"],
        "additionalProperties": False,
        "example": {"rows": [examples]},
    }


def _value_schema(column, examples):
    schema = {"description": f"{column.kind}: {_accepted(column)}, or null."}
    if column.is_media:
        content = {"type": "string", "contentEncoding": "base64"}
        several = {"type": "array", "items": content}
        return schema | {"anyOf": [content, several, {"type": "null"}]}
    if column.is_nested:
        schema |= {"type": ["array", "null"], "items": {}}
        if column.length is not None:
            size = {"minItems": column.length, "maxItems": column.length}
            schema |= {"items": {"type": ["number", "null"]}} | size
    else:
        schema["type"] = [*_TYPES[column.kind], "null"]
        if column.kind == "any":
            schema["items"] = {}
    values = column.categories or [examples.get(column.name)]
    return schema | {"examples": values}


def form_schema(model):
    """Return the JSON Schema of a form with uploaded files.

    Parameters
    ----------
    model : ServedModel
    """
    media = [column.name for column in model.columns if column.is_media]
    return {
        "type": "object",
        "properties": {
            "rows": {
                "type": "string",
                "description": "A table in CSV, or a JSON list of objects, one a row. "
                "In the columns of files, the name of the form's field that has the "
                f"file. These columns are {media}.",
            }
        },
        "required": ["rows"],
        "additionalProperties": {"type": "string", "format": "binary"},
    }


def predictions_schema(model):
    """Return the JSON Schema of an answer.

    Parameters
    ----------
    model : ServedModel
    """
    number = {"type": ["number", "null"]}
    if not model.is_classifier:
        row = {"prediction": {"anyOf": [number, {"type": "array", "items": number}]}}
    elif model.kind == "multilabel":
        row = {
            "prediction": {"type": "array", "items": {"type": "number"}},
            "probabilities": {"type": "array", "items": number},
        }
    else:
        label = {"type": ["string", "number", "boolean"]}
        shares = [
            {
                "type": "object",
                "properties": {str(one): number for one in classes},
                "required": [str(one) for one in classes],
            }
            for classes in model.classes
        ]
        row = {"prediction": label, "probabilities": shares[0]}
        if model.kind == "multioutput":
            row = {
                "prediction": {"type": "array", "items": label},
                "probabilities": {"type": "array", "prefixItems": shares},
            }
    required = list(row)
    if model.has_intervals:
        row["interval"] = {"type": "array", "items": {}}
    if model.has_explanations:
        row["explanation"] = {}
    items = {"type": "object", "properties": row, "required": required}
    return {
        "type": "object",
        "properties": {"predictions": {"type": "array", "items": items}},
        "required": ["predictions"],
    }


def examples_of(columns, example):
    """Return a value of each column, to be shown.

    Parameters
    ----------
    columns : list of ServedColumn
    example : dict, Series, DataFrame or None
        A row of the user's own, by the labels of columns; files are not shown.

    Returns
    -------
    examples : dict of str to object

    Raises
    ------
    ValueError
        If the row has a column that is not known.
    """
    examples = {c.name: c.example for c in columns if c.is_required}
    if example is None:
        return examples
    if hasattr(example, "iloc") and hasattr(example, "columns"):
        example = example.iloc[0]
    given = dict(example)
    known = {column.label: column for column in columns}
    for label, value in given.items():
        if label not in known:
            raise ValueError(
                f"example has the column {label!r}, which is not one of the columns "
                f"at fit: {list(known)[:10]}."
            )
        column = known[label]
        if column.is_required and not column.is_media:
            examples[column.name] = plain(_as_scalar(value))
    return examples


def _as_scalar(value):
    import pandas as pd

    if isinstance(value, (list, tuple, dict)) or hasattr(value, "shape"):
        return value
    return None if pd.isna(value) else value
