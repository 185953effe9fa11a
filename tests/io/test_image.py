"""ImageReader: what pictures come in, and what pixels go out."""

import io
import pickle
import struct
import zlib

import numpy as np
import pytest

from skmm.io import CellError, ImageReader, read_cells

Image = pytest.importorskip("PIL.Image")


def read(cell, **options):
    return ImageReader(**options)(cell)


# --------------------------------------------------------------------------- formats


@pytest.mark.parametrize(
    "format, options, tolerance",
    [
        ("PNG", {}, 0),
        ("BMP", {}, 0),
        ("TIFF", {}, 0),
        ("TIFF", {"compression": "tiff_lzw"}, 0),
        ("PPM", {}, 0),
        ("TGA", {}, 0),
        ("WEBP", {"lossless": True}, 0),
        ("JPEG", {"quality": 95}, 12),
        ("WEBP", {"quality": 95}, 12),
        ("GIF", {}, 40),
    ],
)
def test_a_format(picture, encode_picture, format, options, tolerance, tmp_path):
    content = encode_picture(picture, format, **options)
    pixels = read(content)
    assert pixels.shape == (30, 40, 3)
    assert pixels.dtype == np.uint8
    assert np.abs(pixels.astype(int) - picture).max() <= tolerance
    # The content says what it is, not the name.
    path = tmp_path / "photo.txt"
    path.write_bytes(content)
    for cell in (path, str(path), bytearray(content), memoryview(content)):
        np.testing.assert_array_equal(read(cell), pixels)
    np.testing.assert_array_equal(read(Image.open(io.BytesIO(content))), pixels)


@pytest.mark.parametrize("mode, n_channels", [("RGB", 3), ("RGBA", 4), ("L", 1)])
@pytest.mark.parametrize("stored", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK"])
def test_a_mode(picture, mode, n_channels, stored):
    image = Image.fromarray(picture).convert("RGB").convert(stored.replace("PA", "P"))
    if stored == "PA":
        image = image.convert("PA")
    pixels = read(image, mode=mode)
    assert pixels.shape == (30, 40, n_channels)
    expected = np.asarray(Image.fromarray(picture).convert(mode)).reshape(pixels.shape)
    if stored in ("RGB", "RGBA", "CMYK"):
        assert np.abs(pixels.astype(int) - expected).max() <= 2
    # One bit, grey and a palette keep the brightness on average.
    assert abs(pixels.mean() - expected.mean()) < 15


def test_cmyk_jpeg(picture, encode_picture):
    pixels = read(encode_picture(picture, "JPEG", "CMYK", quality=95))
    assert np.abs(pixels.astype(int) - picture).mean() < 5


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_16_bits_are_scaled(format, encode_picture):
    grey = np.array([[0, 257, 32896, 65535]], dtype=np.uint16)
    pixels = read(encode_picture(grey, format), mode="L")
    assert pixels[0, :, 0].tolist() == [0, 1, 128, 255]
    np.testing.assert_array_equal(read(grey, mode="L"), pixels)


def test_16_bit_colour_png():
    # Two pixels of 48 bits, which Pillow itself cannot write.
    def chunk(name, data):
        checksum = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)

    row = b"\0" + struct.pack(">6H", 65535, 32896, 0, 257, 0, 65535)
    header = struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    content += chunk(b"IDAT", zlib.compress(row)) + chunk(b"IEND", b"")
    assert read(content)[0].tolist() == [[255, 128, 0], [1, 0, 255]]


def test_32_bits_are_read_up_to_16():
    ints = np.array([[0, 65535]], dtype=np.int32)
    assert read(Image.fromarray(ints), mode="L")[0, :, 0].tolist() == [0, 255]
    with pytest.raises(CellError, match="32-bit pixels from 0 to 70000"):
        read(Image.fromarray(np.array([[0, 70000]], dtype=np.int32)))
    floats = np.array([[0, 0.5, 1]], dtype=np.float32)
    assert read(Image.fromarray(floats), mode="L")[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize(
    "background, expected",
    [("white", [255, 127, 127]), ("black", [128, 0, 0]), ((0, 0, 255), [128, 0, 127])],
)
def test_transparency_shows_the_background(background, expected, encode_picture):
    half_red = np.full((1, 1, 4), [255, 0, 0, 128], dtype=np.uint8)
    for format in ("PNG", "WEBP"):
        content = encode_picture(half_red, format, lossless=True)
        assert read(content, background=background)[0, 0].tolist() == expected
        assert read(content, mode="RGBA")[0, 0].tolist() == [255, 0, 0, 128]


def test_transparent_colour_of_a_palette(encode_picture):
    red = np.full((2, 2, 3), [255, 0, 0], dtype=np.uint8)
    image = Image.fromarray(red).convert("P")
    for format in ("GIF", "PNG"):
        file = io.BytesIO()
        image.save(file, format, transparency=image.getpixel((0, 0)))
        assert read(file.getvalue())[0, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF"])
def test_first_frame_of_an_animation(format):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    file = io.BytesIO()
    frames[0].save(file, format, save_all=True, append_images=frames[1:])
    red = read(file.getvalue())[4, 4]
    assert red[0] > 240
    assert red[1:].max() < 15


def test_orientation_in_exif(encode_picture):
    corner = np.zeros((20, 30, 3), dtype=np.uint8)
    corner[:10, :15] = 255
    # Where the upper left corner of what is stored is shown.
    shown = {
        1: (0, 0), 2: (0, 1), 3: (1, 1), 4: (1, 0),
        5: (0, 0), 6: (0, 1), 7: (1, 1), 8: (1, 0),
    }  # fmt: skip
    for orientation, (row, column) in shown.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        for format in ("JPEG", "PNG", "TIFF", "WEBP"):
            content = encode_picture(corner, format, exif=exif)
            for cell in (content, Image.open(io.BytesIO(content))):
                pixels = read(cell)
                assert pixels.shape[:2] == ((20, 30) if orientation < 5 else (30, 20))
                height, width = pixels.shape[:2]
                bright = pixels[height // 4 :: height // 2, width // 4 :: width // 2]
                expected = np.zeros((2, 2), dtype=bool)
                expected[row, column] = True
                np.testing.assert_array_equal(bright[:, :, 0] > 128, expected)


def test_broken_exif_does_no_harm(picture, encode_picture):
    content = encode_picture(picture, "JPEG", exif=b"Exif\0\0not a TIFF")
    assert read(content).shape == (30, 40, 3)


# ----------------------------------------------------------------------------- arrays


def test_arrays(picture):
    grey = picture[:, :, 0]
    np.testing.assert_array_equal(read(picture), picture)
    for cell in (grey, grey[:, :, None]):
        np.testing.assert_array_equal(read(cell), np.stack([grey] * 3, axis=-1))
    np.testing.assert_array_equal(read(picture / 255), picture)
    np.testing.assert_array_equal(read((picture / 255).astype(np.float32)), picture)
    np.testing.assert_array_equal(read(picture.astype(np.int64)), picture)
    assert read(np.array([[True, False]]), mode="L")[0, :, 0].tolist() == [255, 0]
    np.testing.assert_array_equal(read(picture[::-1, ::2]), picture[::-1, ::2])


def test_what_is_given_stays_as_it_is(picture):
    before = picture.copy()
    pixels = read(picture)
    pixels[:] = 0
    np.testing.assert_array_equal(picture, before)
    image = Image.fromarray(picture)
    read(image, size=5, mode="L")
    np.testing.assert_array_equal(np.asarray(image), before)


def test_tensors(picture):
    torch = pytest.importorskip("torch")
    tensor = torch.from_numpy(picture).permute(2, 0, 1)
    np.testing.assert_array_equal(read(tensor), picture)
    np.testing.assert_array_equal(read(tensor.float().div(255)), picture)
    np.testing.assert_array_equal(read(tensor[0]), read(picture[:, :, 0]))
    learned = tensor.float().div(255).requires_grad_()
    np.testing.assert_array_equal(read(learned), picture)
    coarse = read(tensor.to(torch.bfloat16).div(255))
    assert np.abs(coarse.astype(int) - picture).max() <= 2


@pytest.mark.parametrize(
    "cell",
    [5, 2.5, {"bytes": b""}, ["a"], None, object(), np.zeros((1, 2, 3, 4, 5)),
     np.zeros((3, 30, 40)), np.zeros(7), np.array("x"), (np.zeros(5), 16000)],
)  # fmt: skip
def test_a_cell_of_another_kind(cell):
    with pytest.raises(CellError, match="Accepted are a path, bytes, a PIL image, an"):
        read(cell)


@pytest.mark.parametrize(
    "pixels, reason",
    [
        (np.array([[0.0, 255.0]]), "float64 from 0.0 to 255.0"),
        (np.array([[-0.5, 0.5]]), "from -0.5 to 0.5"),
        (np.array([[np.nan, 0.5]]), "from nan to nan"),
        (np.array([[-1, 300]]), "int64 from -1 to 300"),
        (np.zeros((0, 4)), "no pixels"),
        (np.array([["a"]]), "its pixels are"),
    ],
)
def test_pixels_out_of_range(pixels, reason):
    with pytest.raises(CellError, match=reason):
        read(pixels)


# ------------------------------------------------------------------------------- size


@pytest.mark.parametrize("size, shape", [(16, (16, 16)), ((10, 50), (10, 50))])
def test_size(picture, encode_picture, size, shape):
    for cell in (picture, encode_picture(picture), Image.fromarray(picture)):
        assert read(cell, size=size).shape == (*shape, 3)


def test_shrinking_does_not_alias():
    stripes = np.zeros((64, 64), dtype=np.uint8)
    stripes[:, ::2] = 255
    assert np.abs(read(stripes, size=8, mode="L").astype(int) - 127.5).max() < 6


def test_a_large_jpeg_is_read_at_a_fraction(encode_picture):
    y, x = np.mgrid[:800, :1200]
    smooth = np.stack([x // 5, y // 4, (x + y) // 8], axis=-1).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    content = encode_picture(smooth, "JPEG", quality=95, exif=exif)
    small = read(content, size=(60, 40))
    expected = read(np.rot90(smooth, -1), size=(60, 40))
    assert np.abs(small.astype(int) - expected).max() <= 4


def test_extreme_shapes(encode_picture):
    assert read(encode_picture(np.zeros((1, 1, 3), np.uint8))).shape == (1, 1, 3)
    thin = encode_picture(np.zeros((1, 20_000, 3), np.uint8))
    assert read(thin).shape == (1, 20_000, 3)
    assert read(thin, size=8).shape == (8, 8, 3)


# ----------------------------------------------------------------------------- bands


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
@pytest.mark.parametrize("size", [None, (7, 9), (50, 11)])
@pytest.mark.parametrize("stored", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_large_picture_is_converted_in_bands(stored, size, mode, monkeypatch):
    """Nothing tells it from one that is converted as a whole."""
    noise = np.random.default_rng(0).integers(0, 256, (40, 30, 4), dtype=np.uint8)
    image = Image.fromarray(noise)
    if stored == "I;16":
        image = Image.fromarray(noise[..., 0] * np.uint16(257))
    elif stored != "RGBA":
        image = image.convert("LA" if stored == "LA" else "RGB").convert(stored)
    whole = read(image, mode=mode, size=size)
    monkeypatch.setattr("skmm.io._image._LARGE", 450)
    monkeypatch.setattr("skmm.io._image._BAND", 100)
    np.testing.assert_array_equal(read(image, mode=mode, size=size), whole)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [None, (7, 9)])
def test_bands_of_a_picture_that_is_turned(orientation, size, monkeypatch):
    image = Image.fromarray(
        np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    )
    image.getexif()[0x0112] = orientation
    whole = read(image, size=size).astype(int)
    monkeypatch.setattr("skmm.io._image._LARGE", 450)
    monkeypatch.setattr("skmm.io._image._BAND", 100)
    # Which direction is resized first decides how a pixel is rounded.
    difference = np.abs(read(image, size=size) - whole)
    assert difference.max() <= (0 if size is None else 2)


# ----------------------------------------------------------------------------- guards


def test_pixel_limit(picture, encode_picture):
    content = encode_picture(picture)
    assert read(content, max_pixels=1200).shape == (30, 40, 3)
    for cell in (content, Image.fromarray(picture)):
        with pytest.raises(
            CellError, match=r"1,200 \(40 x 30\) pixels, more than"
        ) as e:
            read(cell, max_pixels=1199)
        assert "max_pixels=1,199. Raise max_pixels" in str(e.value)


@pytest.mark.parametrize(
    "format, options, size",
    [
        ("WEBP", {"lossless": True}, 8),
        ("JPEG", {"progressive": True}, 8),
        ("AVIF", {}, 8),
        ("JPEG2000", {}, 8),
        ("TIFF", {"compression": "tiff_lzw", "strip_size": 10**6}, 8),
        ("PNG", {}, None),
    ],
)
def test_limit_of_memory(format, options, size, monkeypatch, encode_picture):
    """Formats that take more for a pixel are refused at fewer pixels."""
    try:
        content = encode_picture(np.zeros((200, 300, 3), np.uint8), format, **options)
    except (KeyError, OSError):
        pytest.skip(f"this Pillow does not write {format}")
    bare = encode_picture(np.zeros((200, 300, 3), np.uint8), "PNG")
    monkeypatch.setattr("skmm.io._budget._BUDGET", 270_000)
    monkeypatch.setattr("skmm.io._image._LARGE", 0)
    assert read(bare, size=8).shape == (8, 8, 3)
    with pytest.raises(CellError, match=f"a {format} of 300 x 200 pixels takes") as e:
        read(content, size=size)
    assert ("Give size to read it smaller." in str(e.value)) == (size is None)
    enough = int(
        str(e.value).split("Raise max_pixels to ")[1].split(" ")[0].replace(",", "")
    )
    with pytest.raises(CellError, match="more than max_pixels"):
        read(content, size=size, max_pixels=enough - 1_000_000)
    assert read(content, size=size, max_pixels=enough).shape[2] == 3


def test_an_icon_tells_how_large_it_is(encode_picture):
    png = encode_picture(np.zeros((3000, 3000, 3), np.uint8))
    entry = struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(png), 22)
    icon = struct.pack("<HHH", 0, 1, 1) + entry + png
    with pytest.raises(
        CellError, match=r"9,000,000 \(3,000 x 3,000\) pixels, more than"
    ):
        read(icon, max_pixels=8_000_000)


def test_a_limit_above_pillows_own(monkeypatch, picture, encode_picture):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)
    content = encode_picture(picture)
    assert read(content).shape == (30, 40, 3)
    with pytest.raises(CellError, match="1,200 pixels, more than max_pixels=900"):
        read(content, max_pixels=900)
    assert Image.MAX_IMAGE_PIXELS == 500


def test_drawings_are_refused():
    drawing = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n"
    with pytest.raises(
        CellError, match="not in one of the formats that are read: PNG,"
    ):
        read(drawing + b"newpath\n%%EOF\n")


def test_rare_formats_are_not_tried():
    """A FITS of a few bytes takes any amount of memory."""
    cards = ["SIMPLE  =                    T", "BITPIX  =                    8"]
    cards += ["NAXIS   =                    2", "NAXIS1  =                    2"]
    cards += ["NAXIS2  =                    2", "END"]
    header = "".join(card.ljust(80) for card in cards).ljust(2880)
    with pytest.raises(CellError, match="not in one of the formats that are read"):
        read(header.encode() + bytes(2880))


# ---------------------------------------------------------------------------- options


def test_options_are_checked():
    with pytest.raises(ValueError, match="mode must be 'RGB', 'RGBA' or 'L'"):
        ImageReader(mode="BGR")
    for size in (0, (5, -1), (5, 5, 3)):
        with pytest.raises(ValueError, match="size must be None, a number of pixels"):
            ImageReader(size=size)
    with pytest.raises(ValueError, match="unknown color") as raised:
        read(np.zeros((4, 4)), background="no colour")
    assert not isinstance(raised.value, CellError)


def test_a_reader_is_its_options():
    reader = ImageReader(size=8, root="photos")
    assert pickle.loads(pickle.dumps(reader)) == reader
    assert "size=8" in repr(reader)
    assert reader.key() == ImageReader(size=8, max_pixels=5, max_bytes=5).key()
    keys = [{}, {"size": 8}, {"mode": "L"}, {"background": "black"}]
    assert len({ImageReader(**options).key() for options in keys}) == len(keys)


# -------------------------------------------------------------------------- real data


def test_emoji(shared_column):
    emoji = shared_column("emoji.parquet", "image")[::10]
    shapes, missing = read_cells(emoji, ImageReader(), then=np.shape)
    assert not missing.any()
    assert {shape[2] for shape in shapes} == {3}
    # Transparent corners are white.
    corners, _ = read_cells(emoji, ImageReader(), then=lambda pixels: pixels[0, 0])
    assert (np.stack(corners) == 255).mean() > 0.9
