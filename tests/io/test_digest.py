"""cell_digest: equal content, equal digest, whatever it came as."""

import io

import numpy as np
import pytest

from skmm.io import AudioReader, CellError, ImageReader, VideoReader, cell_digest

Image = pytest.importorskip("PIL.Image")


def digest(cell, reader=None):
    return cell_digest(cell, reader or ImageReader())


def test_a_path_and_its_bytes(picture, encode_picture, tmp_path):
    content = encode_picture(picture)
    path = tmp_path / "a.png"
    path.write_bytes(content)
    (tmp_path / "b.jpg").write_bytes(content)
    same = [path, str(path), content, bytearray(content), tmp_path / "b.jpg"]
    digests = {digest(cell) for cell in same}
    digests.add(digest("a.png", AudioReader(root=tmp_path)))
    assert len(digests) == 1
    assert len(digests.pop()) == 32
    assert digest(content[:-1]) != digest(content)


def test_arrays_that_differ_in_anything():
    zeros = np.zeros((4, 6), dtype=np.uint8)
    cells = [zeros, zeros.T, zeros.astype(np.int8), zeros.astype(float), zeros + 1]
    cells += [zeros[:, :, None], (zeros, 16000), (zeros, 8000), zeros.tobytes()]
    assert len({digest(cell) for cell in cells}) == len(cells)


def test_arrays_that_hold_the_same():
    values = np.arange(24, dtype=np.int16).reshape(4, 6)
    for same in (values.copy(), np.asfortranarray(values), values[::-1][::-1]):
        assert digest(same) == digest(values)
        assert digest((same, 16000.0)) == digest([values, 16000])


def test_pictures_that_differ_in_anything(picture, encode_picture):
    grey = Image.fromarray(picture[:, :, 0])
    red, blue = grey.copy(), grey.copy()
    red.putpalette([255, 0, 0] * 256)
    blue.putpalette([0, 0, 255] * 256)
    turned = Image.fromarray(picture)
    turned.getexif()[0x0112] = 6
    cells = [grey, red, blue, turned, Image.fromarray(picture), grey.convert("LA")]
    assert len({digest(cell) for cell in cells}) == len(cells)
    content = encode_picture(picture)
    first, second = (Image.open(io.BytesIO(content)) for _ in range(2))
    first.load()
    assert digest(first) == digest(second) == digest(Image.fromarray(picture))


def test_tensors(picture):
    torch = pytest.importorskip("torch")
    square = torch.zeros((3, 3, 3))
    assert digest(square) == digest(square.clone().requires_grad_())
    # The axes of an array mean something else.
    assert digest(square) != digest(square.numpy())
    assert digest((square[0], 16000)) != digest((square[0].numpy(), 16000))


def test_what_has_no_content(tmp_path):
    for cell in (5, {"a": 1}, None, np.array(["a"], dtype=object), (1, 2)):
        with pytest.raises(CellError, match="neither a path nor bytes nor an array of"):
            digest(cell)
    with pytest.raises(CellError, match="there is no such file"):
        digest(tmp_path / "absent.png")


def test_guards_hold(tmp_path):
    path = tmp_path / "large"
    path.write_bytes(bytes(1001))
    for make in (ImageReader, AudioReader, VideoReader):
        with pytest.raises(CellError, match="max_bytes=1,000"):
            digest(path, make(max_bytes=1000))
        with pytest.raises(CellError, match="leads out of root"):
            digest("../large", make(root=tmp_path / "sub"))
    with pytest.raises(CellError, match="max_pixels=10"):
        digest(Image.new("L", (4, 4)), ImageReader(max_pixels=10))
