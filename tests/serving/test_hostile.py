"""Requests that are broken on purpose, and never answered by a fault of the server."""

import base64
import io
import json
import random
import struct
import zipfile
import zlib

import pytest
from fastapi.testclient import TestClient
from served_rows import make_row, png, wav

from skmm.serving import make_app

COLUMNS = list(make_row())
#: Strings that have broken parsers, dtypes, encodings or shells.
STRINGS = [
    *("", " ", "\0", "\ud800", "\udfff\ud800", "\ufeff", "\u202e", "true", "null"),
    *("NaN", "Infinity", "-inf", "nan", "None", "<NA>", "1e999", "1,5", "1.5.5"),
    *("0x10", "\u0661\u0662\u0663", "\uff11\uff12", "\u00bd", "24:61", "P1Y"),
    *("2024-13-45", "0000-00-00", "9999999-01-01", "3/4/2024", "99999999999 d"),
    *("'; DROP TABLE x; --", "<script>alert(1)</script>", "{{7*7}}", "%s%n"),
    *("/etc/passwd", "../" * 40, "file:///etc/passwd", "http://127.0.0.1:9/x"),
    *("\\\\host\\share", "data:", "data:image/png;base64,", "data:image/png,%89PNG"),
    *("data:text/html;base64,AA", f"data:image/png;base64,{'!' * 60}", "A" * 43),
    *("A" * 300, "=" * 60, " " * 5000 + "!", "x" * 70_000),
]
NUMBERS = [0, -0.0, 1e308, -1e308, 5e-324, 2**63, -(2**63), 2**64, 10**40, 1.5, -1]


def svg():
    return b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>"


def zip_bomb():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(5_000_000))
    return file.getvalue()


def pixel_bomb():
    """Return a PNG that says to have 4e9 pixels."""

    def chunk(name, data):
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", 65_000, 65_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(100_000)))
        + chunk(b"IEND", b"")
    )


FILES = [
    b"",
    b"\0" * 100,
    svg(),
    zip_bomb(),
    pixel_bomb(),
    png()[:40],
    png() + b"more",
    wav()[:60],
    b"GIF89a" + b"\xff" * 20,
    b"RIFF\xff\xff\xff\xffWAVEfmt " + b"\xff" * 40,
    b"\xff\xd8\xff" + b"\0" * 50,
    b"II*\0" + b"\xff" * 60,
    b"<html>",
]


class Attacker:
    """Draws requests: mutations of a good one, each in a way of its own.

    Parameters
    ----------
    seed : int
    """

    def __init__(self, seed):
        self.random = random.Random(seed)

    def value(self, depth=0):
        draw = self.random
        kinds = ["string", "number", "file", "list", "object", "other"]
        kind = draw.choice(kinds if depth < 3 else kinds[:2])
        if kind == "string":
            return draw.choice(STRINGS)
        if kind == "number":
            return draw.choice([*NUMBERS, draw.gauss(0, 1), draw.randint(-9, 9)])
        if kind == "file":
            return self.encoded()
        if kind == "list":
            return [self.value(depth + 1) for _ in range(draw.randint(0, 9))]
        if kind == "object":
            names = draw.choices(["bytes", "path", "array", "sampling_rate", "x"], k=2)
            return {name: self.value(depth + 1) for name in names}
        return draw.choice([True, False, None])

    def fitting(self, name):
        """Return a value of the type that a column takes, mostly."""
        draw = self.random
        if name in ("photo", "sound"):
            return self.encoded()
        if name in ("codes", "curve"):
            numbers = [
                draw.choice([*NUMBERS, None, draw.gauss(0, 1)]) for _ in range(8)
            ]
            return numbers if draw.random() < 0.7 else [numbers, numbers[::-1]]
        if name == "price" and draw.random() < 0.5:
            return draw.choice(NUMBERS)
        return draw.choice(STRINGS)

    def encoded(self):
        draw = self.random
        content = bytearray(draw.choice([*FILES, png(), wav()]))
        for _ in range(draw.randint(0, 5) if content else 0):
            content[draw.randrange(len(content))] = draw.randrange(256)
        return base64.b64encode(content).decode()

    def row(self):
        draw = self.random
        row = make_row()
        if draw.random() < 0.6:
            name = draw.choice(COLUMNS)
            return row | {name: self.fitting(name)}
        for name in draw.sample(COLUMNS, draw.randint(1, 3)):
            row[name] = self.value()
        if draw.random() < 0.1:
            del row[draw.choice(COLUMNS)]
        if draw.random() < 0.1:
            row[draw.choice(STRINGS)] = self.value()
        return row

    def body(self):
        draw = self.random
        asked = {"rows": [self.row() for _ in range(draw.randint(1, 3))]}
        if draw.random() < 0.1:
            asked[draw.choice(["rows", "interval", "explain", "x"])] = self.value()
        body = json.dumps(asked).encode()
        if draw.random() < 0.15:
            place = draw.randrange(len(body))
            body = (
                body[:place] + draw.choice([b"", b"\xff", b"NaN", b"{"]) + body[place:]
            )
        return body

    def form(self):
        """Return the bytes of a form, and its content type."""
        draw = self.random
        mark = b"mark"
        row = self.row() | {"photo": draw.choice(["a", "b", "../a", None])}
        rows = json.dumps([row]).encode()
        if draw.random() < 0.4:
            names = draw.sample(COLUMNS, draw.randint(1, len(COLUMNS)))
            cells = [str(draw.choice([*STRINGS, *NUMBERS])) for _ in names]
            rows = f"{','.join(names)}\n{','.join(cells)}\n"
            rows = rows.encode("utf-8", "surrogatepass")
        parts = [(b'name="rows"', rows)]
        for name in draw.sample(["a", "b", "rows", "../a", "x" * 500], 2):
            field = f'name="{name}"; filename="{draw.choice(STRINGS[:40])}"'
            parts.append((field.encode("utf-8", "replace"), draw.choice(FILES)))
        body = b"".join(
            b"--%b\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n"
            % (mark, field.replace(b"\n", b""), content)
            for field, content in parts
        )
        body += b"--%b--\r\n" % mark
        if draw.random() < 0.15:
            body = body[: draw.randrange(len(body))]
        kinds = ["", "; charset=undefined", "; charset=zlib", "; charset=utf-16"]
        boundary = draw.choice(["; boundary=mark"] * 9 + ["", "; boundary="])
        return body, "multipart/form-data" + boundary + draw.choice([""] * 3 + kinds)


@pytest.fixture(scope="module")
def strict_client(media_model):
    """A client to which an error of the server is an answer, not an exception."""
    app = make_app(media_model, max_bytes=2**20, max_rows=50)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def check_answer(response):
    """Check that a request was served or refused, with a reason in valid JSON."""

    def refuse(constant):
        raise AssertionError(f"{constant} in an answer")

    answer = json.loads(response.text, parse_constant=refuse)
    if response.status_code == 200:
        assert answer["predictions"]
        for row in answer["predictions"]:
            assert sum(row["probabilities"].values()) == pytest.approx(1)
    else:
        assert 400 <= response.status_code < 500, response.text
        assert answer["detail"]
        assert len(answer["detail"]) < 2000


@pytest.mark.parametrize("seed", range(4))
def test_hostile_json(strict_client, seed):
    attacker = Attacker(seed)
    statuses = set()
    for _ in range(100):
        response = strict_client.post(
            "/predict",
            content=attacker.body(),
            headers={"content-type": "application/json"},
        )
        check_answer(response)
        statuses.add(response.status_code)
    assert {200, 422} <= statuses


@pytest.mark.parametrize("seed", range(2))
def test_hostile_forms(strict_client, seed):
    attacker = Attacker(100 + seed)
    statuses = set()
    for _ in range(100):
        body, kind = attacker.form()
        response = strict_client.post(
            "/predict/files", content=body, headers={"content-type": kind}
        )
        check_answer(response)
        statuses.add(response.status_code)
    assert {400, 422} <= statuses
