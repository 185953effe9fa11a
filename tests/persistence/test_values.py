"""What a file holds: every kind of value comes back as it was."""

import collections
import datetime
import decimal
import fractions
import functools
import pathlib
import uuid

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from sklearn.preprocessing import FunctionTransformer
from torch import nn

import skmm
from skmm.persistence import ModelFileError, UntrustedTypeError, get_untrusted_types


@pytest.fixture
def again(tmp_path):
    """Save, load and return."""

    def round_trip(value, trusted=None):
        skmm.save(value, tmp_path / "value.skmm")
        return skmm.load(tmp_path / "value.skmm", trusted=trusted)

    return round_trip


VALUES = {
    "none": None,
    "numbers": [True, 3, -(10**30), 0.1, 1e-320, -0.0],
    "infinities": [float("inf"), -float("inf")],
    "complex": 1 - 2j,
    "text": ["", "soup\n", "naïve", "\ud800", "日本", "\x00"],
    "bytes": [b"", b"\x00\xff"],
    "tuple": (1, ("a", None)),
    # Of one member each: the order of several is that of their hashes.
    "sets": [{2.5}, {"a"}, frozenset([(1, 2)]), set()],
    "dicts": {"a": {1: "x", (2, None): "y"}, "b": {}, "c": {"id": 1, "ref": 2}},
    "ranges": [slice(1, None, 2), range(3, 9, 2)],
    "dates": [
        datetime.date(2020, 2, 29),
        datetime.datetime(2020, 2, 29, 1, 2, 3, 4),
        datetime.datetime(2020, 2, 29, tzinfo=datetime.UTC),
        datetime.time(3, 4),
        datetime.timedelta(days=-1, microseconds=3),
    ],
    "exact": [decimal.Decimal("1.10"), fractions.Fraction(1, 3), uuid.UUID(int=7)],
    "path": pathlib.Path("a") / "b",
    "constants": [Ellipsis, NotImplemented],
    "classes": [int, np.float32, nn.Linear, skmm.MultimodalClassifier],
    "functions": [np.log1p, nn.functional.relu, nn.functional.gelu],
    "scalars": [np.float32(0.1), np.int8(-3), np.bool_(True), np.str_("x")],
    "numpy-dates": [np.datetime64("2020-01-02T03", "s"), np.timedelta64(3, "D")],
    "types": [np.dtype("<f4"), np.dtype("<M8[ns]"), torch.float16, torch.Size([2])],
    "device": torch.device("cuda:1"),
    "pandas-dates": [
        pd.Timestamp("2020-01-02 03:04:05.678"),
        pd.Timestamp("2020-06-01", tz="Europe/Paris"),
        pd.Timedelta("3h"),
        pd.Period("2020-03", freq="M"),
        pd.NaT,
    ],
    "pandas-types": [
        pd.CategoricalDtype(["b", "a"], ordered=True),
        pd.Int64Dtype(),
        pd.DatetimeTZDtype("ns", "UTC"),
    ],
    "ordered": collections.OrderedDict(b=1, a=2),
    "counter": collections.Counter("abca"),
}


@pytest.mark.parametrize("name", VALUES)
def test_a_value_comes_back(name, again):
    value = VALUES[name]
    back = again(value)
    assert back == value
    assert type(back) is type(value)
    assert repr(back) == repr(value)


def test_what_is_no_number_comes_back(again):
    back = again([float("nan"), np.float64("nan"), pd.NA, np.datetime64("NaT")])
    assert np.isnan(back[0])
    assert np.isnan(back[1]) and type(back[1]) is np.float64
    assert back[2] is pd.NA
    assert np.isnat(back[3])


ARRAYS = {
    "empty": np.zeros((0, 3)),
    "no-axis": np.array(2.5),
    "bool": np.array([True, False]),
    "small": np.arange(-3, 3, dtype=np.int8),
    "half": np.array([1.5, np.nan], np.float16),
    "other-endian": np.arange(3, dtype=">i4"),
    "columns-first": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "cut": np.arange(20)[::3],
    "complex": np.asfortranarray(np.arange(4).reshape(2, 2) * 1j),
    "dates": np.array(["2020-01-01", "NaT"], "M8[D]"),
    "durations": np.array([1, 2], "m8[ms]"),
    "text": np.array([["a", "bcd"]]),
    "letters": np.array([b"a", b"bc"]),
    "objects": np.array([None, "a", 1.5, (1, 2)], dtype=object),
    "records": np.array([(1, 0.5)], dtype=[("a", "u1"), ("b", "f8")]),
    "aligned": np.zeros(2, np.dtype([("a", "u1"), ("b", "f8")], align=True)),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_comes_back(name, again):
    array = ARRAYS[name]
    back = again(array)
    assert back.dtype == array.dtype.newbyteorder("=")
    assert back.shape == array.shape
    if array.ndim == 2 and array.size:
        assert back.flags.f_contiguous == array.flags.f_contiguous
    assert back.flags.writeable
    np.testing.assert_array_equal(back, array)


def test_a_masked_array_comes_back(again):
    array = np.ma.MaskedArray([1, 2, 3], mask=[0, 1, 0], fill_value=7)
    back = again(array)
    np.testing.assert_array_equal(back.mask, array.mask)
    assert back.filled().tolist() == [1, 7, 3]


@pytest.mark.parametrize("kind", ["csr", "csc"])
@pytest.mark.parametrize("of", ["array", "matrix"])
def test_a_sparse_matrix_comes_back(kind, of, again):
    cls = getattr(scipy.sparse, f"{kind}_{of}")
    matrix = cls(np.array([[0, 1.5], [2, 0]], np.float32))
    back = again(matrix)
    assert type(back) is cls
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back.toarray(), matrix.toarray())


TENSORS = {
    "plain": torch.arange(6).reshape(2, 3),
    "turned": torch.arange(24.0).reshape(2, 3, 4).permute(2, 0, 1),
    "bfloat16": torch.tensor([1.5, -2], dtype=torch.bfloat16),
    "complex": torch.tensor([1 + 2j]),
    "learned": nn.Parameter(torch.ones(2)),
    "frozen": nn.Parameter(torch.ones(2), requires_grad=False),
    "no-axis": torch.tensor(3),
}


@pytest.mark.parametrize("name", TENSORS)
def test_a_tensor_comes_back(name, again):
    tensor = TENSORS[name]
    back = again(tensor)
    assert type(back) is type(tensor)
    assert back.requires_grad == tensor.requires_grad
    assert back.stride() == tensor.stride()
    torch.testing.assert_close(back, tensor, rtol=0, atol=0)


def test_tables_come_back(again):
    frame = pd.DataFrame(
        {
            "number": [1, 2],
            "text": ["a", None],
            "maybe": pd.array([1, None], dtype="Int64"),
            "kind": pd.Categorical(["x", "y"], categories=["y", "x"]),
            "day": pd.to_datetime(["2020-01-01", None]),
            3: [[1], "mixed"],
        },
        index=pd.Index(["r", "s"], name="row"),
    )
    pd.testing.assert_frame_equal(again(frame), frame)
    pd.testing.assert_series_equal(again(frame["maybe"]), frame["maybe"])
    pairs = pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["x", None])
    pd.testing.assert_index_equal(again(pairs), pairs)
    numbers = pd.RangeIndex(2, 8, 3, name="n")
    pd.testing.assert_index_equal(again(numbers), numbers, exact=True)


def test_what_is_shared_and_what_goes_in_a_circle(again):
    array, circle = np.arange(3), {"a": 1}
    circle["self"] = [circle]
    back = again({"one": array, "other": array, "circle": circle})
    assert back["one"] is back["other"]
    assert back["circle"]["self"][0] is back["circle"]


def test_layers_share_the_weights_that_they_shared(again):
    layers = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.LSTM(2, 3))
    layers[1].weight = layers[0].weight
    layers[0].register_buffer("kept", torch.ones(1), persistent=False)
    layers.eval()
    back = again(layers)
    assert back[0].weight is back[1].weight
    assert not back.training
    assert back[0]._non_persistent_buffers_set == {"kept"}
    x = torch.randn(4, 2)
    assert torch.equal(back(x)[0], layers(x)[0])


@pytest.mark.parametrize("algorithm", ["PCG64", "SFC64", "Philox", "MT19937"])
def test_random_generators_go_on_where_they_were(algorithm, again):
    generator = np.random.Generator(getattr(np.random, algorithm)(3))
    generator.normal(size=5)
    back = again(generator)
    np.testing.assert_array_equal(back.normal(size=5), generator.normal(size=5))
    state = np.random.RandomState(1)
    state.normal(size=3)
    back = again(state)
    np.testing.assert_array_equal(back.normal(size=3), state.normal(size=3))


# ---------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    "value, why",
    [
        (FunctionTransformer(lambda x: x), "estimator.func is <function"),
        ({"a": [open]}, None),
        (functools.partial(int, base=2), "whose state is not Python's"),
        (torch.eye(2).to_sparse(), "layout torch.sparse_coo"),
        ((n for n in []), "generator"),
    ],
    ids=["lambda", "builtin", "partial", "sparse-tensor", "generator"],
)
def test_what_cannot_be_written_is_named(value, why, tmp_path):
    if why is None:
        skmm.save(value, tmp_path / "x.skmm")
        with pytest.raises(UntrustedTypeError, match=r"trusted=\['_?io.open'\]"):
            skmm.load(tmp_path / "x.skmm")
        return
    with pytest.raises(TypeError, match=why):
        skmm.save(value, tmp_path / "x.skmm")
    assert list(tmp_path.iterdir()) == []


class Shift:
    """A transformer of a user's own."""

    def __init__(self, by):
        self.by = by

    def transform(self, X):
        return np.asarray(X) + self.by


def test_a_type_of_ones_own_is_loaded_if_it_is_trusted(tmp_path):
    path = tmp_path / "own.skmm"
    skmm.save([Shift(2)], path)
    name = f"{Shift.__module__}.Shift"
    assert get_untrusted_types(path) == [name]
    with pytest.raises(UntrustedTypeError, match=f"trusted=\\['{name}'\\]"):
        skmm.load(path)
    (loaded,) = skmm.load(path, trusted=[name])
    assert loaded.transform([1]).tolist() == [3]


def test_words_of_the_file_may_be_those_of_the_user(again):
    named = np.zeros(1, [("class", "f8"), ("function", "u1")])
    value = {"class": "my:own", "object": {"class": "x:y"}, "function": "f:g", "id": 3}
    holder = Shift(value)
    holder.function = "a:b"
    back = again([value, holder, named], trusted=[f"{Shift.__module__}.Shift"])
    assert back[0] == back[1].by == value
    assert back[1].function == "a:b"
    assert back[2].dtype == named.dtype


def test_a_type_that_is_not_installed_is_named(tmp_path):
    path = tmp_path / "own.skmm"
    skmm.save([Shift(2)], path)
    with pytest.raises(ModelFileError, match="some_package.Shift, which could not be"):
        skmm.load(
            rewrite(path, Shift.__module__, "some_package"),
            trusted=["some_package.Shift"],
        )


def rewrite(path, old, new):
    """Replace something in the state of a file, and write it as if it were right."""
    from skmm.persistence import _container

    members = {name: [bytes(part)] for name, part in _container.read(path).items()}
    (state,) = members["state.json"]
    members["state.json"] = [state.replace(old.encode(), new.encode())]
    _container.write(path, members)
    return path
