"""Indexes, columns, tables and dates of pandas."""

import numpy as np
import pandas as pd

from skmm.persistence._errors import ModelFileError
from skmm.persistence._kinds._base import Kind, expect, field


class RangeIndex(Kind):
    """The index 0, 1, 2 and so on."""

    tag = "range_index"
    types = (pd.RangeIndex,)

    def dump(self, value, dumper):
        return [value.start, value.stop, value.step, dumper(value.name)]

    def restore(self, body, restorer, remember):
        start, stop, step, name = restorer.each(expect(body, list))
        return pd.RangeIndex(start, stop, step, name=name)


class Values(Kind):
    """An index or an array of pandas: its values, and the type that makes them so."""

    tag = "values"

    def holds(self, value):
        is_index = isinstance(value, pd.Index) and not isinstance(value, pd.MultiIndex)
        return is_index or isinstance(value, pd.api.extensions.ExtensionArray)

    def dump(self, value, dumper):
        body = {"dtype": dumper(value.dtype)}
        if isinstance(value, pd.Index):
            body |= {"index": True, "name": dumper(value.name)}
        if isinstance(value.dtype, np.dtype) and value.dtype.kind in "biuf":
            return body | {"data": dumper(np.asarray(value))}
        return body | {"cells": dumper.each(list(value))}

    def restore(self, body, restorer, remember):
        dtype = restorer(field(body, "dtype"))
        if not isinstance(dtype, (np.dtype, pd.api.extensions.ExtensionDtype)):
            raise ModelFileError(f"It has values of type {dtype!r}.")
        if "data" in body:
            values = restorer(body["data"])
        else:
            values = restorer.each(field(body, "cells", list))
        if not body.get("index"):
            return pd.array(values, dtype=dtype)
        return pd.Index(values, dtype=dtype, name=restorer(field(body, "name")))


class PandasType(Kind):
    """A type of pandas' own, by its name."""

    tag = "pandas_dtype"

    def holds(self, value):
        return isinstance(value, pd.api.extensions.ExtensionDtype) and not isinstance(
            value, pd.CategoricalDtype
        )

    def dump(self, value, dumper):
        return str(value)

    def restore(self, body, restorer, remember):
        return pd.api.types.pandas_dtype(expect(body, str))


class Categorical(Kind):
    """The type of a column of categories."""

    tag = "categories"
    types = (pd.CategoricalDtype,)

    def dump(self, value, dumper):
        return {"values": dumper(value.categories), "ordered": value.ordered}

    def restore(self, body, restorer, remember):
        values = restorer(field(body, "values"))
        return pd.CategoricalDtype(values, ordered=body.get("ordered"))


class Column(Kind):
    """A Series."""

    tag = "series"
    types = (pd.Series,)

    def dump(self, value, dumper):
        return {
            "values": dumper(value.array if not _is_numpy(value) else value.to_numpy()),
            "index": dumper(value.index),
            "name": dumper(value.name),
        }

    def restore(self, body, restorer, remember):
        values, index, name = (
            restorer(field(body, part)) for part in ("values", "index", "name")
        )
        return pd.Series(values, index=index, name=name)


class Table(Kind):
    """A DataFrame, column by column."""

    tag = "frame"
    types = (pd.DataFrame,)

    def dump(self, value, dumper):
        columns = [value.iloc[:, i] for i in range(value.shape[1])]
        return {
            "columns": dumper(value.columns),
            "index": dumper(value.index),
            "values": [
                dumper(one.array if not _is_numpy(one) else one.to_numpy())
                for one in columns
            ],
        }

    def restore(self, body, restorer, remember):
        columns = restorer(field(body, "columns"))
        index = restorer(field(body, "index"))
        values = restorer.each(field(body, "values", list))
        if len(values) != len(columns):
            raise ModelFileError("Its table has not one column for each name.")
        made = pd.DataFrame(dict(enumerate(values)), index=index)
        made.columns = columns
        return made


class MultiIndex(Kind):
    """An index of several levels."""

    tag = "multi_index"
    types = (pd.MultiIndex,)

    def dump(self, value, dumper):
        return {"rows": dumper.each(value.tolist()), "names": dumper.each(value.names)}

    def restore(self, body, restorer, remember):
        return pd.MultiIndex.from_tuples(
            restorer.each(field(body, "rows", list)),
            names=restorer.each(field(body, "names", list)),
        )


class Date(Kind):
    """A Timestamp, Timedelta or Period."""

    tag = "pandas_date"
    types = (pd.Timestamp, pd.Timedelta, pd.Period)

    def dump(self, value, dumper):
        if isinstance(value, pd.Period):
            return {"period": value.ordinal, "unit": value.freqstr}
        body = {"unit": value.unit}
        if isinstance(value, pd.Timedelta):
            return body | {"timedelta": int(value.asm8.astype(np.int64))}
        zone = None if value.tz is None else str(value.tz)
        return body | {"timestamp": int(value.asm8.astype(np.int64)), "zone": zone}

    def restore(self, body, restorer, remember):
        unit = field(body, "unit", str)
        if "period" in body:
            return pd.Period(ordinal=field(body, "period", int), freq=unit)
        if "timedelta" in body:
            return pd.Timedelta(field(body, "timedelta", int), unit=unit).as_unit(unit)
        made = pd.Timestamp(field(body, "timestamp", int), unit=unit).as_unit(unit)
        zone = field(body, "zone")
        return made if zone is None else made.tz_localize("UTC").tz_convert(zone)


class Missing(Kind):
    """`NA` and `NaT`."""

    tag = "missing"
    _values = {"NA": pd.NA, "NaT": pd.NaT}

    def holds(self, value):
        return value is pd.NA or value is pd.NaT

    def dump(self, value, dumper):
        return "NA" if value is pd.NA else "NaT"

    def restore(self, body, restorer, remember):
        return field(self._values, body)


def _is_numpy(column):
    return isinstance(column.dtype, np.dtype)


KINDS = [
    RangeIndex(),
    MultiIndex(),
    Values(),
    Categorical(),
    PandasType(),
    Column(),
    Table(),
    Date(),
    Missing(),
]
