"""How the result of a detection looks: as text, and in a notebook."""

import base64
import gc
import io
import re
import weakref

import numpy as np
import pandas as pd
import pytest

from skmm import detect_modalities
from skmm.io import ImageReader


def numbered(n):
    rng = np.random.default_rng(0)
    return pd.DataFrame(rng.normal(size=(20, n))).add_prefix("text__")


def alternating(n):
    """No two columns that lie side by side are alike."""
    cells = [1.5, 2.5, 4.0], ["a", "b", "a"]
    return pd.DataFrame({f"column {i}": cells[i % 2] for i in range(n)})


def png(shape=(30, 60), grey=200):
    image = pytest.importorskip("PIL.Image")
    file = io.BytesIO()
    image.fromarray(np.full(shape, grey, dtype=np.uint8)).save(file, "PNG")
    return file.getvalue()


def bars(page):
    """Heights of the bars of each histogram."""
    charts = re.findall(r"<svg.*?</svg>", page)
    return [
        [float(height) for height in re.findall(r'height="([\d.]+)" fill', chart)]
        for chart in charts
    ]


def test_the_text_has_a_line_a_column_and_sums_up():
    df = pd.DataFrame({"age <b>": [1, 2], "photo": ["a.jpg", "b.jpg"], "no": None})
    lines = repr(detect_modalities(df)).splitlines()
    assert [" ".join(line.split()) for line in lines] == [
        "column dtype modality kind reader reason missing example",
        "age <b> int64 tabular tabular number numbers 0 % 1",
        "photo str image image paths of image files 0 % a.jpg",
        "no object all missing 100 %",
        "2 modalities: tabular (1 column), image (1 column); 1 column without a value",
    ]


def test_many_columns_are_short():
    lines = repr(detect_modalities(numbered(300))).splitlines()
    assert lines[1].startswith("text__0 … text__299 (300 columns)")
    assert lines[2:] == ["1 modality: text (300 columns)"]
    found = detect_modalities(alternating(1000))
    assert len(repr(found).splitlines()) == 63
    assert "… 940 more rows" in repr(found)
    page = found._repr_html_()
    assert page.count("<tr>") == 62 and "… 940 more rows" in page
    assert len(page) < 60_000


def test_a_share_that_is_not_nothing_does_not_look_so():
    cells = pd.DataFrame({"few": [1.0] * 999 + [None], "most": [None] * 999 + [1.0]})
    lines = repr(detect_modalities(cells)).splitlines()
    assert "<1 %" in lines[1] and ">99 %" in lines[2]


def test_what_users_write_is_escaped():
    nasty = '<script>alert("x")</script>'
    page = detect_modalities(pd.DataFrame({nasty: [nasty, "b"]}))._repr_html_()
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(&quot;") == 2
    # In one line, however many the name has.
    assert len(repr(detect_modalities(pd.DataFrame({"a\nb": [1, 2]}))).split("\n")) == 3


def test_numbers_and_dates_have_a_histogram():
    numbers = np.r_[np.zeros(30), np.full(10, 12.0), np.nan]
    dates = pd.to_datetime(["2020-01-01"] * 40 + ["2021-01-01"])
    df = pd.DataFrame({"x": numbers, "day": dates, "word": ["a"] * 41})
    page = detect_modalities(df)._repr_html_()
    x, day = bars(page)
    assert len(x) == 12 and x[0] == 20 and x[-1] == pytest.approx(20 / 3, abs=0.01)
    assert not any(x[1:-1])
    # The one row at the end is seen.
    assert day[0] == 20 and day[-1] == 1
    assert "from 0 to 12" in page and "from 2020-01-01" in page


@pytest.mark.parametrize(
    "cells",
    [
        [1e308, -1e308, 0.0],
        [np.inf, 1.0, 2.0],
        [1.0, np.nextafter(1.0, 2)],
        pd.array([1, None, 3], dtype="Int64"),
        pd.arrays.SparseArray([0, 0, 1]),
        [True, False, True],
    ],
    ids=["huge", "infinite", "close", "nullable", "sparse", "booleans"],
)
def test_numbers_of_any_sort(cells):
    (heights,) = bars(detect_modalities(pd.DataFrame({"x": cells}))._repr_html_())
    assert max(heights) == 20


def test_a_long_column_is_counted_by_some_of_its_rows():
    long = pd.DataFrame({"x": np.arange(100_001) % 12})
    (heights,) = bars(detect_modalities(long)._repr_html_())
    assert len(heights) == 12 and min(heights) > 10


@pytest.mark.parametrize("unit", ["datetime64[ns, Europe/Berlin]", "datetime64[s]"])
def test_dates_of_any_sort(unit):
    days = pd.Series(pd.to_datetime(["2020-01-01", "2020-01-02", None, "2021-01-01"]))
    if "Berlin" in unit:
        days = days.dt.tz_localize("Europe/Berlin")
    (heights,) = bars(detect_modalities(days.astype(unit).to_frame())._repr_html_())
    assert heights == [20, *[0] * 10, 10]


@pytest.mark.parametrize("packed", [False, True])
def test_the_first_picture_is_shown_small(packed):
    cells = [None, png(), png()]
    if packed:  # as a Dataset of Hugging Face's has them
        cells = [{"bytes": cell, "path": None} for cell in cells]
    page = detect_modalities(pd.DataFrame({"photo": cells}))._repr_html_()
    (picture,) = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    pixels = ImageReader()(base64.b64decode(picture))
    assert pixels.shape == (24, 48, 3) and (pixels == 200).all()


def test_arrays_are_pictures_too():
    cells = [np.zeros((100, 50, 3), dtype=np.uint8)] * 3
    page = detect_modalities(pd.DataFrame({"photo": cells}))._repr_html_()
    assert page.count("data:image/png") == 1 and "array of shape" in page


def test_few_pictures_are_decoded_and_no_file_is_opened(tmp_path, monkeypatch):
    read = []

    def spy(self, cell):
        read.append(cell)
        return np.zeros((4, 4, 3), dtype=np.uint8)

    path = tmp_path / "a.png"
    path.write_bytes(png())
    cells = {f"photo {i}": [png(grey=i)] * 50 for i in range(10)}
    monkeypatch.setattr(ImageReader, "__call__", spy)
    detect_modalities(pd.DataFrame({"path": [str(path)] * 50, **cells}))
    assert 0 < len(read) <= 4
    assert all(isinstance(cell, bytes) for cell in read)


@pytest.mark.parametrize("bad", ["broken", "large"])
def test_a_picture_that_is_not_shown_is_told_by_its_size(bad):
    cell = png()[:60] if bad == "broken" else png((3000, 3000))
    page = detect_modalities(pd.DataFrame({"photo": [cell] * 3}))._repr_html_()
    assert "<img" not in page and f"{len(cell)} bytes" in page


def test_the_result_does_not_keep_the_data_alive():
    df = alternating(4)
    df["photo"] = [png()] * 3
    found, here = detect_modalities(df), weakref.ref(df)
    del df
    gc.collect()
    assert here() is None
    assert "<svg" in found._repr_html_()


def test_a_table_without_columns():
    found = detect_modalities(pd.DataFrame(index=range(3)))
    assert len(found) == 0
    assert found.to_list() == found.ignored == []
    assert repr(found).splitlines()[-1] == "0 modalities"
    assert "0 modalities" in found._repr_html_()
