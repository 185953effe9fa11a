"""read_cells: a column, cell by cell, in parallel, and what cannot be read."""

import concurrent.futures
import os
import pickle
import sys
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest

from skmm.io import CellError, ImageReader, read_cells

pytest.importorskip("PIL")


def double(cell):
    """Read cells that are numbers; refuse negative ones."""
    if cell < 0:
        raise CellError("it is negative.")
    return 2 * cell


def process_of(cell):
    return os.getpid()


@pytest.fixture
def photos(picture, encode_picture, tmp_path):
    """A path, bytes, an array; something missing; a broken file and an absent one."""
    good = tmp_path / "good.png"
    good.write_bytes(encode_picture(picture))
    broken = tmp_path / "broken.png"
    broken.write_bytes(encode_picture(picture)[:70])
    cells = [str(good), good, good.read_bytes(), picture, None]
    cells += [str(broken), str(tmp_path / "absent.png"), good.read_bytes()[:50]]
    index = pd.Index([f"row {i}" for i in range(len(cells))])
    return pd.Series(cells, index=index, name="photo", dtype=object)


@pytest.mark.parametrize("n_jobs", [None, 1, 2])
def test_results_in_order(photos, picture, n_jobs):
    results, missing = read_cells(photos[:5], ImageReader(), n_jobs=n_jobs)
    assert missing.tolist() == [False] * 4 + [True]
    assert missing.dtype == bool
    assert results[4] is None
    for pixels in results[:4]:
        np.testing.assert_array_equal(pixels, picture)


@pytest.mark.parametrize(
    "cells", [[None, "", "  ", b"", float("nan"), pd.NA], [None], []]
)
def test_nothing_to_read(cells):
    column = pd.Series(cells, dtype=object)
    results, missing = read_cells(column, ImageReader())
    assert results == [None] * len(cells)
    assert missing.tolist() == [True] * len(cells)


@pytest.mark.parametrize("dtype", [object, "str", "category", "string"])
def test_columns_of_any_dtype(photos, dtype):
    column = pd.Series([photos.iloc[0], None] * 2, dtype=dtype)
    shapes, missing = read_cells(column, ImageReader(size=4), then=np.shape)
    assert shapes == [(4, 4, 3), None] * 2
    assert missing.tolist() == [False, True] * 2


def test_what_errors_tell(photos):
    with pytest.raises(CellError, match=r"row 'row 6': .*absent.png': there is no su"):
        read_cells(photos[6:], ImageReader())
    with pytest.raises(CellError, match="row 'row 7': 50 bytes: it cannot be read"):
        read_cells(photos[7:], ImageReader())
    numbers = pd.Series([1, -1], index=[10, 20], name=3)
    with pytest.raises(ValueError, match="^Column 3, row 20: it is negative. Remedy"):
        read_cells(numbers, double)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_errors_become_missing(photos, n_jobs):
    with pytest.warns(UserWarning) as caught:
        results, missing = read_cells(
            photos, ImageReader(), errors="missing", n_jobs=n_jobs
        )
    assert missing.tolist() == [False] * 4 + [True] * 4
    assert [result is None for result in results] == missing.tolist()
    assert len(caught) == 1
    message = str(caught[0].message)
    assert message.startswith("Column 'photo': 3 of 8 rows cannot be read and are")
    assert "the first at row 'row 5': '" in message


def test_no_warning_where_all_can_be_read(photos):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_cells(photos[:5], ImageReader(), errors="missing")


def test_then(photos, picture):
    means, _ = read_cells(photos[:5], ImageReader(), then=np.mean)
    assert means[0] == means[3] == picture.mean()

    def refuse(pixels):
        raise CellError("it shows nothing.")

    with pytest.raises(CellError, match="row 'row 0': it shows nothing."):
        read_cells(photos[:5], ImageReader(), then=refuse)
    with pytest.warns(UserWarning, match="4 of 5 rows"):
        read_cells(photos[:5], ImageReader(), then=refuse, errors="missing")


def test_errors_of_then_are_its_own(photos):
    def fail(pixels):
        raise ValueError("a mistake in the program")

    for errors in ("raise", "missing"):
        with pytest.raises(ValueError, match="^a mistake in the program$") as raised:
            read_cells(photos[:5], ImageReader(), then=fail, errors=errors)
        assert not isinstance(raised.value, CellError)


def test_several_processes_read():
    column = pd.Series(range(40))
    own, _ = read_cells(column, process_of)
    assert set(own) == {os.getpid()}
    others, _ = read_cells(column, process_of, n_jobs=2)
    assert os.getpid() not in others
    with joblib.parallel_config(n_jobs=2):
        others, _ = read_cells(column, process_of)
    assert os.getpid() not in others


def test_threads_leave_warnings_as_they_were(picture, encode_picture):
    content = encode_picture(picture)
    before = list(warnings.filters)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        results = list(pool.map(ImageReader(), [content] * 60))
    assert warnings.filters == before
    np.testing.assert_array_equal(results[-1], picture)
    with joblib.parallel_config("threading", n_jobs=4):
        results, _ = read_cells(pd.Series([content] * 60), ImageReader())
    np.testing.assert_array_equal(results[-1], picture)


def test_an_error_crosses_processes():
    error = pickle.loads(pickle.dumps(CellError("it is negative.")))
    assert type(error) is CellError
    assert str(error) == "it is negative."


def test_options_are_checked():
    with pytest.raises(ValueError, match="errors must be 'raise' or 'missing', got"):
        read_cells(pd.Series([1]), double, errors="x")
    with pytest.raises(ValueError, match="progress must be True, False or 'auto'"):
        read_cells(pd.Series([1]), double, progress="x")


def test_progress_bar(capsys, monkeypatch):
    column = pd.Series(range(30), name="photo")
    for progress in ("auto", False):
        read_cells(column, double, progress=progress)
        assert capsys.readouterr().err == ""
    read_cells(column, double, progress=True)
    assert "reading 'photo': 100%" in capsys.readouterr().err
    # On a terminal "auto" shows what takes long, and this does not.
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    read_cells(column, double)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("skmm.io._progress._LONG", 0)
    read_cells(column, double)
    assert "reading 'photo': 100%" in capsys.readouterr().err


# The last one, because it ends the processes that the others share.
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_the_first_error_is_raised(photos, n_jobs):
    with pytest.raises(CellError) as raised:
        read_cells(photos, ImageReader(), n_jobs=n_jobs)
    message = str(raised.value)
    assert message.startswith("Column 'photo', row 'row 5': '")
    assert "broken.png': it cannot be read as a picture: " in message
    assert message.endswith("or errors='missing' to treat such cells as missing.")
