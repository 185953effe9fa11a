"""Which column is what: the promises of detect_modalities."""

import datetime
import io
import pathlib
import time

import numpy as np
import pandas as pd
import polars as pl
import pytest

from skmm.modalities import Modalities, detect_modalities

_VOCABULARY = """
soft warm dress fits size color love this very nice fabric sleeve shirt summer
perfect length too short order another quality bright waist button pocket lovely
work weekend comfortable cut little large small petite material
"""
WORDS = _VOCABULARY.split()


def _phrases(n, low, high, seed=0):
    """Distinct-ish phrases of low to high words."""
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, rng.integers(low, high + 1))) for _ in range(n)]


def _reviews(n=400, seed=0):
    """A table like the clothing reviews."""
    rng = np.random.default_rng(seed)
    title = np.array(_phrases(n, 2, 6, seed), dtype=object)
    title[rng.random(n) < 0.15] = None
    return {
        "Age": rng.integers(18, 90, n).tolist(),
        "Title": title.tolist(),
        "Review Text": _phrases(n, 20, 60, seed + 1),
        "Price": rng.random(n).tolist(),
        "Recommended": (rng.random(n) < 0.5).tolist(),
        "Department Name": rng.choice(
            ["Tops", "Dresses", "Bottoms", "Wear for the house", "Jackets", "Trend"], n
        ).tolist(),
        "Job": rng.choice(
            [f"{a} {b} officer" for a in WORDS[:8] for b in WORDS[8:16]], n
        ).tolist(),
    }


EXPECTED_REVIEWS = [
    ("tabular", "tabular", ["Age", "Price", "Recommended", "Department Name", "Job"]),
    ("text", "text", ["Title", "Review Text"]),
]


def _pandas_with(string_dtype):
    def build(data):
        frame = pd.DataFrame(data)
        strings = [
            name
            for name, cells in data.items()
            if any(isinstance(cell, str) for cell in cells)
        ]
        return frame.astype(dict.fromkeys(strings, string_dtype))

    return build


def _pandas_arrow(data):
    return pd.DataFrame(data).convert_dtypes(dtype_backend="pyarrow")


def _array(data):
    return pd.DataFrame(data).astype(object).to_numpy()


CONTAINERS = {
    "str": _pandas_with("str"),
    "object": lambda data: pd.DataFrame(data, dtype=object),
    "string[pyarrow]": _pandas_with("string[pyarrow]"),
    "string[python]": _pandas_with("string[python]"),
    "arrow": _pandas_arrow,
    "nullable": lambda data: pd.DataFrame(data).convert_dtypes(),
    "polars": lambda data: pl.DataFrame(data, strict=False),
    "array": _array,
}


@pytest.fixture(params=CONTAINERS)
def container(request):
    """A function that puts a dict of lists into one of the accepted containers."""
    return CONTAINERS[request.param]


def _kind(cells, container=pd.DataFrame):
    """The kind of a column with these cells."""
    (entry,) = detect_modalities(container({"it": cells})).columns_
    return entry.kind


def _plain(found):
    """The modalities without the readers of their columns."""
    return [(name, kind, list(columns)) for name, kind, columns in found]


def _cells(values):
    """A frame with one object column, whatever the values are."""
    column = pd.Series([None] * len(values), dtype=object, name="it")
    for i, value in enumerate(values):
        column.at[i] = value
    return column.to_frame()


# ------------------------------------------------------------------ whole tables


def test_a_review_table(container):
    X = container(_reviews())
    found = detect_modalities(X)
    names = list(_reviews(2))
    if isinstance(X, np.ndarray):
        expected = [
            (name, kind, [names.index(column) for column in columns])
            for name, kind, columns in EXPECTED_REVIEWS
        ]
    else:
        expected = EXPECTED_REVIEWS
    assert _plain(found) == expected


def test_the_order_of_rows_changes_nothing():
    df = pd.DataFrame(_reviews(3000))
    found = detect_modalities(df)
    for seed in range(5):
        shuffled = detect_modalities(df.sample(frac=1, random_state=seed))
        assert shuffled == found
        # To the last digit of the reasons: the very same values were read.
        assert shuffled.columns_ == found.columns_


@pytest.mark.parametrize("n", [60, 400, 3000])
def test_folds_agree_with_the_whole(n):
    from sklearn.model_selection import KFold

    df = pd.DataFrame(_reviews(n))
    if n == 60:  # 64 jobs cannot be told from titles in so few rows
        df = df.drop(columns="Job")
    found = detect_modalities(df)
    for seed in range(3):
        for train, _ in KFold(5, shuffle=True, random_state=seed).split(df):
            assert detect_modalities(df.iloc[train]) == found


def test_it_is_fast():
    df = pd.DataFrame(_reviews(20_000))
    detect_modalities(df)
    durations = []
    for _ in range(3):
        start = time.perf_counter()
        detect_modalities(df)
        durations.append(time.perf_counter() - start)
    # About 0.06 s; the bound only catches reading cell by cell.
    assert min(durations) < 1


# ---------------------------------------------------------------------- strings

EMOJI = (
    """GRINNING FACE WITH SMILING EYES;RED HEART;KEYCAP DIGIT ONE;FLAG FOR SPAIN
PERSON IN SUIT LEVITATING;TENT;CAT FACE;BALLOT BOX WITH BALLOT;UMBRELLA ON GROUND
SNOWMAN;HOT BEVERAGE;SMILING FACE WITH HALO;WOMAN AND MAN HOLDING HANDS;LEFTWARDS ARROW
""".replace("\n", ";")
    .strip(";")
    .split(";")
)
CITIES = [
    "Berlin",
    "Paris",
    "New York",
    "Rome",
    "Oslo",
    "San Jose",
    "Lima",
    "Salt Lake City",
]


@pytest.mark.parametrize(
    "cells",
    [
        EMOJI,
        _phrases(50, 2, 6),
        _phrases(50, 20, 40),
        [None] * 200 + _phrases(5, 5, 9),
        ["", "  "] * 40 + _phrases(5, 5, 9),
        # 60 descriptions, each of them many times
        _phrases(60, 12, 20) * 30,
        [
            "我非常喜欢这条裙子的颜色",
            "质量不太好",
            "穿着很舒服也很好看",
            "尺码偏小一点",
        ],
        [
            "このドレスの色がとても好きです",
            "サイズが小さいです",
            "品質が良くない",
            "とても快適",
        ],
        ["ฉันชอบสีของชุดนี้มากจริงๆ", "คุณภาพไม่ค่อยดีเท่าไหร่", "ใส่สบายมากและดูดี"],
        ["ខ្ញុំចូលចិត្តពណ៌នៃរ៉ូបនេះណាស់", "គុណភាពមិនសូវល្អទេ"],
        ["ຂ້ອຍມັກກະໂປງນີ້ຫຼາຍແທ້ໆ", "ຂ້ອຍມັກສີຂອງຊຸດນີ້ຫຼາຍແທ້"],
        ["ဒီဝတ်စုံရဲ့အရောင်ကိုကျွန်မအရမ်းကြိုက်တယ်", "အရည်အသွေးမကောင်းပါဘူး"],
        [
            "한국어 문장은 띄어쓰기를 합니다",
            "품질이 별로 좋지 않아요",
            "정말 마음에 들어요",
        ],
    ],
    ids=lambda cells: str(cells[-1]).encode("ascii", "replace").decode()[:20],
)
def test_free_text(cells):
    assert _kind(cells) == "text"


@pytest.mark.parametrize(
    "cells",
    [
        ["Tops", "Dresses", "Jackets"] * 20,
        ["strongly agree with all of this", "do not agree with any of it"] * 20,
        ["the same long sentence in each and every row"] * 30,
        CITIES,
        [f"user{i}" for i in range(100)],
        [f"0000{i:04x}-aaaa-bbbb-cccc-{i:012x}" for i in range(100)],
        [f"https://example.org/a/{word}.jpg?page" for word in WORDS],
        [f"https://example.org/{word}.jpg" for word in WORDS],
        [f"{word}@example.org" for word in WORDS],
        ["12.5", "1,200", "-3", "7e-3", "$ 12", "45 %"],
        ["+49 30 1234 567", "030 765 432 11"],
        ["2020-01-01", "2021-12-31"],
        ["2020-01-01T10:00:00Z", "2021-12-31 23:59:59.123"],
        ["01-Jan-1995", "14-Feb-1996"],
        ["Tuesday, 3 January 2020 at 5:30 PM", "Friday, 14 March 2021 at 11 AM"],
        ["March 3rd, 2020", "May 21st, 2021"],
        ["北京市", "上海市", "广州市", "深圳市"],
        ["東京", "大阪", "名古屋"],
        ["สมชาย", "สมหญิง", "วิชัย"],
        ["the only sentence that anybody wrote"] * 2 + [None] * 10,
    ],
    ids=lambda cells: str(cells[0]).encode("ascii", "replace").decode()[:20],
)
@pytest.mark.filterwarnings("ignore:Column .* is read as a category")
def test_strings_that_are_no_text(cells, container):
    assert _kind(cells, container) == "tabular"


@pytest.mark.parametrize(
    "cells",
    [
        [f"{a.title()} {b.title()}" for a in WORDS for b in WORDS],  # Jane Smith
        [f"{a}{b}" for a in WORDS[:8] for b in WORDS[:8]],
        [f"{['AB', 'QX', 'ZZ'][i % 3]}-{1000 + 7 * i}-{i % 2}" for i in range(90)],
        [f"{['AB', 'QX', 'ZZ'][i % 3]}{1000 + 7 * i}" for i in range(90)],
        [f"https://{'abc'[i % 3]}.org/{7 * i}" for i in range(90)],
        [f"{7 * i}x@{'abc'[i % 3]}.org" for i in range(90)],
        [f"{i:05d}" for i in range(5, 9000, 100)],
    ],
    ids=lambda cells: cells[0],
)
def test_values_of_one_row_each_are_read_by_what_they_are_written_with(
    cells, container
):
    assert _kind(cells, container) == "text"


def test_values_that_return_are_a_category():
    names = [f"{a.title()} {b.title()}" for a in WORDS[:9] for b in WORDS[:9]]
    assert _kind(names * 2) == "tabular"


@pytest.mark.parametrize("n", [5, 3000])
def test_text_with_half_a_surrogate_pair(n):
    cells = [*_phrases(n, 9, 12), "a broken \ud83d character in a text"]
    frame = pd.DataFrame({"it": cells}, dtype=object)
    assert detect_modalities(frame).columns_[0].kind == "text"


def test_category_dtype_is_always_tabular():
    text = _phrases(50, 20, 40)
    assert _kind(pd.Series(text, dtype="category")) == "tabular"
    frame = pl.DataFrame({"it": pl.Series(text, dtype=pl.Categorical)})
    expected = [("tabular", "tabular", {"it": "category"})]
    assert detect_modalities(frame).to_list() == expected


def test_the_reason_of_a_text_column_has_figures():
    (entry,) = detect_modalities(
        pd.DataFrame({"it": ["one two three", "four five six", "one two three"]})
    ).columns_
    assert entry.reason == "strings, 67 % distinct, 3.0 words on average"
    (entry,) = detect_modalities(
        pd.DataFrame({"it": ["我非常喜欢这条裙子", "质量不太好但是便宜"]})
    ).columns_
    assert entry.reason == "strings, 100 % distinct, 9.0 characters on average"


def test_the_length_of_long_documents_is_told():
    (entry,) = detect_modalities(pd.DataFrame({"it": ["word " * 10_000]})).columns_
    assert entry.reason.endswith("10000.0 words on average")


# -------------------------------------------------------------------- plain types


@pytest.mark.parametrize(
    "cells",
    [
        [1, 2],
        [1.5, None],
        [True, False],
        [True, None],
        [datetime.date(2020, 1, 1), None],
        [datetime.datetime(2020, 1, 1), None],
        [datetime.timedelta(1), None],
    ],
    ids=str,
)
def test_plain_types_are_tabular(cells, container):
    assert _kind(cells, container) == "tabular"


@pytest.mark.parametrize(
    "cells",
    [
        [datetime.time(10), datetime.time(11)],
        [1, True],
        pd.period_range("2020", periods=2, freq="D"),
        pd.interval_range(0, 2),
        pd.date_range("2020", periods=2, tz="Asia/Tokyo"),
        pd.arrays.SparseArray([0.0, 1.0]),
        [1, "2", "3.5"],
    ],
    ids=lambda cells: type(cells).__name__ + str(len(cells)),
)
def test_further_plain_types_are_tabular(cells):
    assert _kind(cells) == "tabular"


@pytest.mark.parametrize("nothing", [[None, None], [np.nan, None], ["", "  "]])
def test_a_column_without_values_is_ignored(nothing, container):
    X = container({"age": [1, 2], "nothing": nothing})
    found = detect_modalities(X)
    assert [len(columns) for _, _, columns in found] == [1]
    (label,) = found.ignored
    entry = found.columns_[1]
    assert entry[:5] == (label, None, None, None, "all missing")
    assert (entry.missing, entry.example) == (1, "")
    assert "all missing" in repr(found)


# --------------------------------------------------------------------- media


@pytest.mark.parametrize(
    "kind, names",
    [
        ("image", ["a.png", "dir/b c.JPG", "c.webp"]),
        ("audio", ["a.wav", "/x/b.mp3", "C:\\x\\c.flac"]),
        ("video", ["a.mp4", "b.webm", "a long name with words.avi"]),
    ],
)
def test_paths_of_media(kind, names, container):
    names = [*names, None]
    assert _kind(names, container) == kind
    assert _kind([name and pathlib.Path(name) for name in names]) == kind


def _picture_bytes(format):
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, format=format)
    return buffer.getvalue()


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
def test_bytes_of_images(format):
    cells = [_picture_bytes(format), None, _picture_bytes("PNG")]
    assert _kind(cells) == "image"
    assert _kind(cells, pl.DataFrame) == "image"
    assert _kind(pd.array(cells, dtype="binary[pyarrow]")) == "image"


@pytest.mark.parametrize(
    "start, kind",
    [
        (b"RIFF\x24\x08\x00\x00WAVEfmt ", "audio"),
        (b"OggS\x00\x02", "audio"),
        (b"fLaC\x00\x00", "audio"),
        (b"ID3\x04\x00", "audio"),
        (b"\xff\xfb\x90\x64", "audio"),
        (b"\x00\x00\x00\x20ftypM4A ", "audio"),
        (b"\x00\x00\x00\x20ftypisom", "video"),
        (b"RIFF\x24\x08\x00\x00AVI LIST", "video"),
        (b"\x1a\x45\xdf\xa3\x01", "video"),
    ],
)
def test_bytes_of_sound_and_video(start, kind):
    assert _kind([start + bytes(50), bytearray(start)]) == kind


def test_one_broken_file_does_not_change_the_kind():
    assert _kind([_picture_bytes("PNG")] * 3 + [b"oops"]) == "image"


def test_images_in_memory():
    from PIL import Image

    picture = Image.new("L", (4, 4))
    gray = np.zeros((4, 5), dtype=np.uint8)
    for cells in [
        [picture, None],
        [gray, gray[:3]],
        [gray[..., None], np.zeros((4, 5, 3), np.uint8), np.zeros((9, 5, 4), np.uint8)],
        [picture, gray],
    ]:
        found = detect_modalities(_cells(cells))
        assert found.to_list() == [("image", "image", ["it"])]


def test_pairs_of_samples_and_rate_are_audio():
    pairs = [(np.zeros(100), 8000), ([0.0, 0.1], 8000), (np.zeros((50, 2)), 44100)]
    assert detect_modalities(_cells(pairs)).columns_[0].kind == "audio"


@pytest.mark.parametrize(
    "cells, kind",
    [
        ([[1, 2, 3], [4, 5, 6], None], "vector"),
        ([np.ones(3), np.zeros(3, dtype=np.float32)], "vector"),
        ([[1, None, 3], [4, 5, 6]], "vector"),
        ([[1, 2, 3], [4, 5]], "series"),
        ([np.ones(3), np.ones(4)], "series"),
        ([np.ones((3, 2)), np.ones((5, 2))], "series"),
        ([np.ones((3, 2)), np.ones((3, 2))], "series"),
        ([[[1, 2], [3, 4]], [[5, 6]]], "series"),
    ],
    ids=str,
)
def test_arrays_in_cells(cells, kind):
    assert detect_modalities(_cells(cells)).columns_[0].kind == kind
    as_lists = [getattr(cell, "tolist", lambda cell=cell: cell)() for cell in cells]
    polars = pl.DataFrame({"it": pl.Series(as_lists, strict=False)})
    assert detect_modalities(polars).columns_[0].kind == kind


def test_arrow_lists_and_fixed_width_polars_arrays():
    import pyarrow as pa

    cells = pa.array([[1.0, 2.0], None, [3.0, 4.0]])
    assert _kind(pd.Series(cells, dtype=pd.ArrowDtype(cells.type))) == "vector"
    wide = pl.Series([[1.0, 2.0]], dtype=pl.Array(pl.Float64, 2))
    assert _kind(wide, pl.DataFrame) == "vector"


def test_torch_tensors_count_as_arrays():
    torch = pytest.importorskip("torch")
    for tensors, kind in [
        ([torch.ones(3), torch.ones(3)], "vector"),
        ([torch.ones(3), torch.ones(2)], "series"),
        ([torch.zeros((4, 4, 3), dtype=torch.uint8)], "image"),
    ]:
        assert detect_modalities(_cells(tensors)).columns_[0].kind == kind


def test_an_odd_length_anywhere_makes_a_series():
    for position in (0, 1500, 2999):
        cells = [np.ones(3)] * 3000
        cells[position] = np.ones(4)
        assert detect_modalities(_cells(cells)).columns_[0].kind == "series"


# -------------------------------------------------------------------- prefixes


def _numbered(prefix, n, stem="", start=0, dtype=float):
    return pd.DataFrame(
        {
            f"{prefix}__{stem}{i}": np.arange(5, dtype=dtype)
            for i in range(start, start + n)
        }
    )


@pytest.mark.parametrize(
    "frame, kind",
    [
        (_numbered("it", 8), "vector"),
        (_numbered("it", 12, stem="svd_", start=1), "vector"),
        (_numbered("it", 12).iloc[:, ::-1], "vector"),
        (_numbered("it", 12, dtype="float32"), "vector"),
        (_numbered("it", 12).astype("Float64"), "vector"),
        (_numbered("it", 12).astype("double[pyarrow]"), "vector"),
        (_numbered("it", 12).astype(object), "vector"),
        (pl.DataFrame(_numbered("it", 12).to_dict("list")), "vector"),
        (_numbered("it", 7), "tabular"),
        (_numbered("it", 12, dtype=int), "tabular"),
        (_numbered("it", 12).drop(columns="it__5"), "tabular"),
        (_numbered("it", 12).assign(it__length=1.0), "tabular"),
    ],
)
def test_a_prefix_is_a_modality(frame, kind):
    columns = list(frame.columns)
    assert _plain(detect_modalities(frame)) == [("it", kind, columns)]


def test_zero_padded_numbers_and_a_dimension_without_values():
    frame = pd.DataFrame({f"it__svd_{i:02d}": [0.5, 1.5] for i in range(12)})
    frame["it__svd_07"] = np.nan
    found = detect_modalities(frame)
    assert [(name, kind) for name, kind, _ in found] == [("it", "vector")]
    assert found.ignored == ["it__svd_07"]


def test_raw_text_keeps_its_kind_behind_a_prefix():
    frame = pd.DataFrame({"num__age": [1, 2], "remainder__text": _phrases(2, 9, 12)})
    assert detect_modalities(frame).to_list() == [
        ("num", "tabular", {"num__age": "number"}),
        ("text", "text", ["remainder__text"]),
    ]


def test_names_are_unique_and_fit_for_parameters():
    frame = _numbered("text", 8).assign(review=_phrases(5, 9, 12), age=1)
    frame["tabular__x"] = 1
    assert [name for name, _, _ in detect_modalities(frame)] == [
        "text",
        "text_2",
        "tabular_2",
        "tabular",
    ]
    photos = pd.DataFrame(
        {name: ["a.jpg", "b.jpg"] for name in ["front view", "x__y", "front.view", 3]}
    )
    assert [name for name, _, _ in detect_modalities(photos)] == [
        "front_view",
        "x_y",
        "front_view_2",
        "image_3",
    ]
    assert detect_modalities(photos[["front view"]]).to_list()[0][0] == "image"


# --------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    "cells, message",
    [
        (
            [1, 2, "many"],
            r"2 rows hold numbers, 1 rows hold strings .*row 'r2'.*to_num",
        ),
        (
            ["a", "b", b"c"],
            r"2 rows hold strings, 1 rows hold bytes .*row 'r2'.*astype",
        ),
        (["a", None, True, "c"], r"1 rows hold booleans .*row 'r2'"),
        ([np.ones(3), np.ones(3), "x"], "2 rows hold arrays, 1 rows hold strings"),
        (
            [np.ones(3), np.ones((3, 2)), np.ones(3)],
            r"1 rows hold arrays \(2-D\).*'r1'",
        ),
        (["a.jpg", "b.jpg", "c.mp4"], r"1 rows hold paths of video files .*row 'r2'"),
        (
            [b"\xff\xd8\xff\xe0", b"\xff\xd8\xff\xe0", b"OggS"],
            r"1 rows hold audio files .*row 'r2'",
        ),
        ([b"abc", b"def"], r"no known image.*decode\('utf-8'\)"),
        ([{"a": 1}, {"a": 2}], r"dicts with the fields \['a'\].*str\["),
        ([["a", "b"], ["c"]], r"arrays \(strings\).*str\.join"),
        ([np.zeros((4, 4, 3)), None], "float64 with 3 dimensions.*uint8"),
        ([1 + 2j, 3j], "complex numbers"),
        ([object(), object()], "objects of type object"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_unreadable_columns_are_named_with_the_remedy(cells, message):
    frame = _cells(cells)
    frame.index = [f"r{i}" for i in range(len(cells))]
    with pytest.raises(ValueError, match=f"(?s)Column 'it' .*{message}"):
        detect_modalities(frame)


def test_repeated_names_and_bad_sample_size():
    frame = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(ValueError, match=r"same name: \['a'\]"):
        detect_modalities(frame)
    with pytest.raises(ValueError, match="sample_size must be at least 1"):
        detect_modalities(frame, sample_size=0)


# --------------------------------------------------------------------- the result


def test_the_result_behaves_like_the_list_it_stands_for():
    df = pd.DataFrame(_reviews(100)).drop(columns="Job")
    found = detect_modalities(df)
    assert isinstance(found, Modalities)
    assert list(found) == found.to_list()
    assert len(found) == 2
    assert found == detect_modalities(df.iloc[:80])
    assert found != detect_modalities(df.drop(columns="Age"))
    assert found != found.to_list()
    found.to_list()[0][2].clear()
    assert found.to_list()[0][2]
    entry = found.columns_[0]
    assert entry[:5] == ("Age", "tabular", "tabular", "number", "numbers")
