"""Files as base64 and as data: URIs: what is in them is read, damage is told."""

import base64
import textwrap
import urllib.parse

import numpy as np
import pandas as pd
import polars as pl
import pytest

from skmm import MultimodalClassifier
from skmm.feature_extraction import AudioVectorizer, ImageVectorizer, VideoVectorizer
from skmm.io import (
    AudioReader,
    CellError,
    ImageReader,
    VideoReader,
    cell_digest,
    read_cells,
)
from skmm.modalities import detect_modalities

pytest.importorskip("PIL")

SPELLINGS = {
    "plain": lambda raw: base64.b64encode(raw).decode(),
    "lines": lambda raw: base64.encodebytes(raw).decode(),
    "CRLF": lambda raw: "\r\n".join(textwrap.wrap(base64.b64encode(raw).decode(), 76)),
    "URL-safe": lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("="),
    "str of bytes": lambda raw: str(base64.b64encode(raw)),
    "bytes": base64.b64encode,
    "URI": lambda raw: "data:;base64," + base64.b64encode(raw).decode(),
    "URI of a type": lambda raw: (
        "DATA:application/octet-stream;x=1;base64,"
        + urllib.parse.quote(base64.b64encode(raw).decode(), safe="")
    ),
    "percent signs": lambda raw: "data:image/x," + urllib.parse.quote(raw),
}
each_spelling = pytest.mark.parametrize("write", SPELLINGS.values(), ids=SPELLINGS)


@pytest.fixture(scope="module")
def files(picture, tone, encode_picture, encode_sound, encode_clip):
    """Bytes of files by kind: several formats of each."""
    return {
        "image": [
            encode_picture(picture, format)
            for format in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")
        ],
        "audio": [encode_sound(tone, format) for format in ("WAV", "FLAC", "OGG")]
        + [encode_sound(tone, "MP3")],
        "video": [encode_clip(range(0, 200, 20)), encode_clip([9] * 9, "matroska")],
    }


READERS = {"image": ImageReader(), "audio": AudioReader(), "video": VideoReader()}


@each_spelling
@pytest.mark.parametrize("kind", READERS)
def test_content_is_read_and_recognised(files, kind, write):
    reader = READERS[kind]
    written = [write(raw) for raw in files[kind]]
    for cell, raw in zip(written, files[kind]):
        np.testing.assert_array_equal(reader(cell), reader(raw))
        assert cell_digest(cell, reader) == cell_digest(raw, reader)
    found = detect_modalities(pd.DataFrame({"media": [*written, None]}))
    assert [kind_ for _, kind_, _ in found.to_list()] == [kind]


def test_a_vectorizer_fitted_on_files_takes_base64(files, tmp_path):
    """And another way round, in other containers."""
    vectorizers = {
        "image": ImageVectorizer(("color", "edges")),
        "audio": AudioVectorizer(),
        "video": VideoVectorizer(("motion",)),
    }
    for kind, vectorizer in vectorizers.items():
        raws = files[kind]
        texts = [SPELLINGS["plain"](raw) for raw in raws]
        expected = vectorizer.fit_transform(pd.DataFrame({"media": raws}))
        for dtype in (object, "str", "category"):
            X = pd.DataFrame({"media": pd.Series(texts, dtype=dtype)})
            np.testing.assert_array_equal(vectorizer.transform(X), expected)
            np.testing.assert_array_equal(vectorizer.fit_transform(X), expected)
        np.testing.assert_array_equal(
            vectorizer.transform(pd.DataFrame({"media": raws})), expected
        )


@pytest.mark.parametrize("dtype", [object, "str", "string[pyarrow]"])
def test_paths_and_few_damaged_strings_do_not_change_a_column(
    picture, encode_picture, dtype
):
    texts = [
        SPELLINGS["plain"](encode_picture(picture + np.uint8(i))) for i in range(40)
    ]
    for other in ("photos/a.png", "", "oops"):
        column = pd.Series([*texts, other], dtype=dtype)
        found = detect_modalities(pd.DataFrame({"photo": column})).columns_[0]
        assert (found.kind, found.reason) == ("image", "image files as base64")


def test_a_column_that_is_not_base64_of_media():
    rng = np.random.default_rng(0)
    for cells in (
        [rng.bytes(60).hex() for _ in range(30)],
        [base64.b64encode(b"text " + rng.bytes(50)).decode() for _ in range(30)],
        ["//server/share/" + "folder" * 5 + str(i) for i in range(30)],
        [f"data:text/plain,{'a letter ' * 6}{i}" for i in range(30)],
    ):
        found = detect_modalities(pd.DataFrame({"a": cells})).columns_[0]
        assert found.kind in ("tabular", "text")


def test_pictures_among_sounds(files):
    cells = [SPELLINGS["plain"](files[kind][0]) for kind in ("image", "audio")]
    with pytest.raises(ValueError, match="Column 'a' mixes types: 1 rows hold audio"):
        detect_modalities(pd.DataFrame({"a": cells}))


@pytest.mark.parametrize(
    "damage, reason",
    [
        (lambda text: text[:-39], "one too many, or three too few"),
        (lambda text: text[:80], "cannot be read as a picture"),
        (lambda text: text[:90] + "?" + text[91:], r"'\?' at character 90"),
        (lambda text: "!" * 9 + text[9:], "there is no such file|cannot be opened"),
        (lambda text: "data:image/png;base64,", "it is empty"),
        (lambda text: "data:image/png;base64,AAAA", "it is no picture"),
        (lambda text: "A" * 300 + text, "it is no picture"),
    ],
)
def test_damaged_base64_names_column_and_row(picture, encode_picture, damage, reason):
    noisy = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    text = SPELLINGS["plain"](encode_picture(noisy))
    text = text.rstrip("=")
    text = text[: len(text) // 4 * 4]
    column = pd.Series([text, damage(text)], ["a", "b"], name="photo")
    with pytest.raises(
        CellError, match=f"Column 'photo', row 'b': .*(?:{reason})"
    ) as e:
        read_cells(column, ImageReader())
    assert len(str(e.value)) < 700
    with pytest.warns(UserWarning, match="1 of 2 rows cannot be read"):
        _, missing = read_cells(column, ImageReader(), errors="missing")
    assert missing.tolist() == [False, True]


def test_limits_hold_for_decoded_bytes(picture, encode_picture):
    raw = encode_picture(picture)
    with pytest.raises(CellError, match=f"it has {len(raw):,} bytes, more than max_"):
        ImageReader(max_bytes=len(raw) - 1)(SPELLINGS["plain"](raw))
    assert ImageReader(max_bytes=len(raw))(SPELLINGS["plain"](raw)).shape == (30, 40, 3)


def test_a_file_whose_name_looks_like_base64(picture, encode_picture, tmp_path):
    name = SPELLINGS["plain"](encode_picture(picture)).replace("/", "A")[:100]
    (tmp_path / name).write_bytes(encode_picture(255 - picture))
    pixels = ImageReader(root=tmp_path)(name)
    np.testing.assert_array_equal(pixels, 255 - picture)


def test_an_estimator_fitted_on_base64_predicts_files(encode_picture):
    pytest.importorskip("PIL")
    rng = np.random.default_rng(0)
    y = np.arange(40) % 2
    pixels = rng.integers(0, 60, (40, 12, 12, 3), dtype=np.uint8)
    pixels[y == 1, :, :, 2] += 150
    raws = [encode_picture(one) for one in pixels]
    texts = [SPELLINGS["plain"](raw) for raw in raws]
    X = pd.DataFrame({"photo": texts})
    modalities = [("photo", ImageVectorizer(("color",)), ["photo"])]
    model = MultimodalClassifier(modalities, max_epochs=3, random_state=0)
    model.fit(X[:30], y[:30])
    expected = model.predict_proba(X)
    assert (expected.argmax(1) == y)[30:].mean() > 0.9
    uris = ["data:image/png;base64," + text for text in texts]
    for same in (
        pd.DataFrame({"photo": raws}),
        pd.DataFrame({"photo": pd.array(uris, "string[pyarrow]")}),
        pl.DataFrame({"photo": texts}),
        pl.DataFrame({"photo": raws}),
    ):
        np.testing.assert_array_equal(model.predict_proba(same), expected)
