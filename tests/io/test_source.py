"""What may be opened: the guards that all readers share."""

import http.server
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from skmm.io import AudioReader, CellError, ImageReader, VideoReader

pytest.importorskip("PIL")

each_reader = pytest.mark.parametrize("make", [ImageReader, AudioReader, VideoReader])


@pytest.fixture
def folder(picture, encode_picture, tmp_path):
    """``root/a.png``, ``root/sub/b.png`` and ``outside.png``, with links to them."""
    content = encode_picture(picture)
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    for path in (root / "a.png", root / "sub" / "b.png", tmp_path / "outside.png"):
        path.write_bytes(content)
    (root / "within").symlink_to(root / "sub")
    (root / "away.png").symlink_to(tmp_path / "outside.png")
    (root / "up").symlink_to(tmp_path)
    return root


# ------------------------------------------------------------------------------- root


@pytest.mark.parametrize(
    "path", ["a.png", "sub/b.png", "./a.png", "sub/../a.png", "within/b.png"]
)
def test_paths_under_root(folder, path):
    for cell in (path, Path(path)):
        assert ImageReader(root=folder)(cell).shape == (30, 40, 3)
        assert ImageReader(root=str(folder))(cell).shape == (30, 40, 3)


@pytest.mark.parametrize(
    "path",
    ["../outside.png", "sub/../../outside.png", "away.png", "up/outside.png", "..",
     "../root-of-another/a.png"],
)  # fmt: skip
def test_paths_that_leave_root(folder, path):
    with pytest.raises(CellError, match="it leads out of root='.*' and is refused"):
        ImageReader(root=folder)(path)


def test_absolute_paths_under_root_are_refused(folder):
    for path in (folder / "a.png", "/dev/null"):
        with pytest.raises(CellError, match="an absolute path is refused, because"):
            ImageReader(root=folder)(path)


def test_a_root_that_is_a_link(folder, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    assert ImageReader(root=tmp_path / "link")("a.png").shape == (30, 40, 3)


def test_a_relative_root(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    assert ImageReader(root="root")("a.png").shape == (30, 40, 3)
    with pytest.raises(CellError, match="leads out of root"):
        ImageReader(root="root")("../outside.png")


def test_without_root_paths_are_taken_as_they_are(folder, monkeypatch):
    monkeypatch.chdir(folder / "sub")
    for path in ("b.png", "../a.png", "../../outside.png", folder / "away.png"):
        assert ImageReader()(path).shape == (30, 40, 3)


def test_bytes_need_no_root(folder):
    content = (folder / "a.png").read_bytes()
    assert ImageReader(root=folder / "sub")(content).shape == (30, 40, 3)


# ------------------------------------------------------------------------------- size


@each_reader
def test_size_limit(make, tmp_path):
    path = tmp_path / "large"
    path.write_bytes(bytes(1001))
    for cell in (path, path.read_bytes()):
        with pytest.raises(CellError, match="1,001 bytes, more than max_bytes=1,000. "):
            make(max_bytes=1000)(cell)


@each_reader
def test_a_sparse_file_is_refused_unread(make, tmp_path):
    path = tmp_path / "sparse"
    with open(path, "wb") as file:
        file.truncate(2**40)
    with pytest.raises(CellError, match="more than max_bytes=1,073,741,824"):
        make()(path)


# ------------------------------------------------------------------------------- URLs


class Handler(http.server.BaseHTTPRequestHandler):
    """A site with one picture, and ways astray."""

    content = b""

    def do_GET(self):
        if self.path == "/photo.png":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.content)
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            for _ in range(1000):
                try:
                    self.wfile.write(bytes(1000))
                except OSError:  # nobody listens any more
                    break
        elif self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/photo.png")
            self.end_headers()
        elif self.path == "/to-a-file":
            self.send_response(302)
            self.send_header("Location", "file:///etc/hostname")
            self.end_headers()
        elif self.path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", "5000")
            self.end_headers()
            self.wfile.write(self.content[:20])
        else:
            self.send_error(404)

    def log_message(self, *args):
        pass


@pytest.fixture
def site(picture, encode_picture, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(Handler, "content", encode_picture(picture))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@each_reader
def test_urls_are_refused_unless_asked_for(make):
    for url in ("http://127.0.0.1:1/a.png", "https://x/a.png", "s3://bucket/a.png"):
        with pytest.raises(CellError, match="URLs are not read unless allow_urls=True"):
            make()(url)


def test_a_url(site, picture):
    reader = ImageReader(allow_urls=True)
    for page in ("photo.png", "moved"):
        np.testing.assert_array_equal(reader(f"{site}/{page}"), picture)


@pytest.mark.parametrize(
    "page, reason",
    [
        ("absent", "the server says 404 Not Found"),
        ("endless", "more than max_bytes=100,000"),
        ("to-a-file", "cannot be fetched|the server says"),
        ("cut", "cannot be fetched|cannot be read as a picture"),
    ],
)
def test_a_url_that_cannot_be_read(site, page, reason):
    with pytest.raises(CellError, match=reason):
        ImageReader(allow_urls=True, max_bytes=100_000)(f"{site}/{page}")


def test_other_schemes_are_refused(tmp_path, picture, encode_picture):
    path = tmp_path / "photo.png"
    path.write_bytes(encode_picture(picture))
    for url in (path.as_uri(), "ftp://127.0.0.1/photo.png", "FILE:///etc/hostname"):
        with pytest.raises(CellError, match="of URLs, only http and https are read"):
            ImageReader(allow_urls=True)(url)


def test_a_server_that_is_not_there():
    with pytest.raises(CellError, match="it cannot be fetched: "):
        ImageReader(allow_urls=True)("http://127.0.0.1:1/photo.png")


# ---------------------------------------------------------------------- several at once


def test_no_file_stays_open(folder):
    """Also where reading fails, and after that."""
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        pytest.skip("this system does not list open files")
    before = len(os.listdir(descriptors))
    for make in (ImageReader, AudioReader, VideoReader):
        for path in ("a.png", "broken.png", "sub"):
            try:
                make(root=folder)(path)
            except CellError:
                continue
    assert len(os.listdir(descriptors)) == before
