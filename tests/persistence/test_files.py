"""The file: what damages it, what is planted in it, and how it is written."""

import errno
import hashlib
import io
import json
import os
import pickle
import subprocess
import sys
import warnings
import zipfile

import joblib
import numpy as np
import pytest
import scipy.sparse
from sklearn.preprocessing import StandardScaler

import skmm
from skmm.persistence import ModelFileError, UntrustedTypeError, _container

MARK = "skmm_was_here"


def small():
    return StandardScaler().fit([[0.0, 1], [2, 5]])


@pytest.fixture
def path(tmp_path):
    skmm.save(small(), tmp_path / "small.skmm")
    return tmp_path / "small.skmm"


def write(path, **members):
    """Write a file with other members, as if it were right."""
    found = {name: bytes(part) for name, part in _container.read(path).items()}
    for name, content in members.items():
        name = {"manifest": "manifest.json", "state": "state.json"}.get(name, name)
        found[name] = (
            content if isinstance(content, bytes) else json.dumps(content).encode()
        )
    _container.write(path, {name: [part] for name, part in found.items()})
    return path


def test_two_files_of_one_model_are_the_same(path, tmp_path):
    skmm.save(small(), tmp_path / "other.skmm")
    assert (tmp_path / "other.skmm").read_bytes() == path.read_bytes()


def test_others_read_its_parts(path):
    numpy = pytest.importorskip("safetensors.numpy")
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        manifest = json.loads(archive.read("manifest.json"))
        tensors = numpy.load(archive.read("tensors.safetensors"))
        state = json.loads(archive.read("state.json"))
    assert manifest["format"] == "skmm model"
    assert manifest["schema"] == 1
    assert manifest["class"] == "sklearn.preprocessing._data.StandardScaler"
    assert manifest["versions"]["skmm"] == skmm.__version__
    name = state["object"]["state"]["mean_"]["array"]["data"]
    np.testing.assert_array_equal(tensors[name], [1, 3])


# ------------------------------------------------------------------------------- damage


def test_each_byte_counts(path):
    content = bytearray(path.read_bytes())
    for i in range(len(content)):
        content[i] ^= 1 << (i % 8)
        path.write_bytes(content)
        with pytest.raises(ModelFileError):
            skmm.load(path)
        content[i] ^= 1 << (i % 8)
    path.write_bytes(content)
    skmm.load(path)


def test_a_file_that_is_cut_off_or_longer(path):
    content = path.read_bytes()
    for n in range(0, len(content), 7):
        path.write_bytes(content[:n])
        with pytest.raises(ModelFileError, match="Cannot load .*small.skmm"):
            skmm.load(path)
    path.write_bytes(content + b"\0")
    with pytest.raises(ModelFileError):
        skmm.load(path)


def test_a_folder_that_is_damaged(tmp_path):
    folder = tmp_path / "model"
    small_file = small()
    skmm.save(small_file, folder, folder=True)
    assert skmm.load(folder).mean_.tolist() == [1, 3]
    for part in sorted(folder.iterdir()):
        content = part.read_bytes()
        part.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(ModelFileError):
            skmm.load(folder)
        part.write_bytes(content)
    (folder / "more.pkl").write_bytes(b"")
    with pytest.raises(ModelFileError, match="more.pkl"):
        skmm.load(folder)
    (folder / "more.pkl").unlink()
    skmm.save(small_file, folder, folder=True)  # in its own place
    skmm.load(folder)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("")
    with pytest.raises(FileExistsError, match="does not hold a model"):
        skmm.save(small_file, tmp_path / "mine", folder=True)
    with pytest.raises(IsADirectoryError, match="folder=True"):
        skmm.save(small_file, folder)


def test_a_file_that_is_not_there_or_not_ours(tmp_path):
    with pytest.raises(FileNotFoundError):
        skmm.load(tmp_path / "nothing.skmm")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(ModelFileError, match="not a model that skmm.save wrote"):
        skmm.load(tmp_path / "text")
    with zipfile.ZipFile(tmp_path / "zip", "w") as archive:
        archive.writestr("a", "b" * 200)
    with pytest.raises(ModelFileError, match="not a model"):
        skmm.load(tmp_path / "zip")


# ------------------------------------------------------------------------- what is evil


class Evil:
    def __reduce__(self):
        return os.putenv, (MARK, "1")


def test_a_pickle_is_not_loaded_unless_one_says_so(tmp_path):
    for dump in (pickle.dump, joblib.dump):
        with open(tmp_path / "old.pkl", "wb") as file:
            dump(small(), file)
        with pytest.raises(ModelFileError, match="trusted='pickle'"):
            skmm.load(tmp_path / "old.pkl")
        loaded = skmm.load(tmp_path / "old.pkl", trusted="pickle")
        assert loaded.mean_.tolist() == [1, 3]
    with pytest.raises(ValueError, match=r"trusted=\['a.B'\]"):
        skmm.load(tmp_path / "old.pkl", trusted="a.B")


@pytest.mark.parametrize(
    "name", ["data.pkl", "../up.json", "/etc/passwd", "state.json", "a/state.json"]
)
def test_what_is_planted_in_an_archive_is_refused(name, path):
    members = [(n, bytes(p)) for n, p in _container.read(path).items()]
    archive = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(archive, "w") as file:
        warnings.simplefilter("ignore", UserWarning)  # of a name that is there twice
        for one, content in [*members, (name, pickle.dumps(Evil()))]:
            file.writestr(one, content)
        file.comment = b" " * 71
    content = archive.getvalue()[:-71]
    path.write_bytes(
        content + b"sha256:" + hashlib.sha256(content).hexdigest().encode()
    )
    with pytest.raises(ModelFileError, match="a model consists of|has members twice"):
        skmm.load(path)


def test_a_text_that_unpacks_to_far_more_than_it_is_packed(path):
    with pytest.raises(ModelFileError, match="unpacks to 80000000 bytes"):
        skmm.load(write(path, state=b" " * 80_000_000))


@pytest.mark.parametrize(
    "name",
    [
        "os:system",
        "builtins:eval",
        "builtins:getattr",
        "subprocess:Popen",
        "skmm.persistence._files:load",
        "skmm.persistence:load",
        "skmm:load",
        "skmm.__main__:main",
        "skmm._utils.optional:importlib",
        "sklearn.utils:os",
        "numpy:load",
        "numpy.ctypeslib:load_library",
        "torch:load",
        "torch.nn.modules.module:torch",
        "torch.nn.modules.module:functools.partial",
        "skmm._utils.lazy:importlib.import_module",
        "transformers.models.auto.modeling_auto:AutoModel.from_pretrained",
        "a:b:c",
        "../x:y",
        ":",
    ],
)
@pytest.mark.parametrize("tag", ["function", "class", "object"])
def test_no_other_name_is_found(tag, name, path):
    body = {"class": name, "args": ["echo"]} if tag == "object" else name
    with pytest.raises(ModelFileError):
        skmm.load(write(path, state={tag: body}))


def test_what_is_not_trusted_is_not_imported(path, tmp_path, monkeypatch):
    (tmp_path / "evil_module.py").write_text(f"import os; os.environ[{MARK!r}] = '1'")
    monkeypatch.syspath_prepend(tmp_path)
    write(path, state={"object": {"class": "evil_module:Thing"}})
    assert skmm.get_untrusted_types(path) == ["evil_module.Thing"]
    with pytest.raises(UntrustedTypeError, match="evil_module.Thing"):
        skmm.load(path)
    assert MARK not in os.environ
    assert "evil_module" not in sys.modules


def test_a_class_is_not_called(path):
    body = {"class": "sklearn.preprocessing._data:StandardScaler", "call": []}
    with pytest.raises(ModelFileError, match="which is not called"):
        skmm.load(write(path, state={"object": body}))


def test_a_sparse_matrix_that_points_beyond_itself(path):
    skmm.save(scipy.sparse.csr_matrix(np.eye(3)), path)
    members = _container.read(path)
    tensors = bytearray(members["tensors.safetensors"])
    length = int.from_bytes(tensors[:8], "little")
    header = json.loads(tensors[8 : 8 + length])
    state = json.loads(bytes(members["state.json"]))
    name = state["sparse"]["indices"]["array"]["data"]
    start, _ = header[name]["data_offsets"]
    tensors[8 + length + start] = 77
    write(path, **{"tensors.safetensors": bytes(tensors)})
    with pytest.raises(ModelFileError, match="sparse matrix is damaged"):
        skmm.load(path)


@pytest.mark.parametrize(
    "state",
    [
        [],
        {},
        {"unknown": 1},
        {"list": {}},
        {"map": []},
        {"ref": 9},
        {"array": {"data": "99"}},
        {"array": {"data": 0}},
        {"dict": [[1], []]},
        {"list": [], "more": 1},
        {"object": {"class": 3}},
        {"dtype": "O,O"},
        {"random_state": {"map": {"bit_generator": "MT19937", "state": 3}}},
        {"cells": {"dtype": "<U99999999", "shape": [10**9], "cells": []}},
        {"range": [0, 1, 0]},
        {"torch_dtype": "nonsense"},
        {"loss": ["CyHuberLoss"]},
        "[" * 100_000,
    ],
    ids=lambda state: str(state)[:24],
)
def test_a_state_that_is_not_one(state, path):
    if isinstance(state, str):
        state = state.encode()
    with pytest.raises(ModelFileError):
        skmm.load(write(path, state=state))


# ----------------------------------------------------------------------------- versions


def test_other_versions_are_told(path):
    manifest = json.loads(bytes(_container.read(path)["manifest.json"]))
    manifest["versions"]["scikit-learn"] = "1.0.2"
    write(path, manifest=manifest)
    with pytest.warns(UserWarning, match="scikit-learn 1.0.2 .here"):
        skmm.load(path)
    manifest["schema"] = 99
    write(path, manifest=manifest)
    with pytest.raises(ModelFileError, match="schema 99.*Install a later version"):
        skmm.load(path)


# ------------------------------------------------------------------------------ writing


def test_what_fails_leaves_the_old_file(path, monkeypatch):
    old = path.read_bytes()

    def full(chunk):
        raise OSError(errno.ENOSPC, "No space left on device")

    for place in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, place, lambda *args: full(None))
            with pytest.raises(OSError, match="No space left"):
                skmm.save(np.zeros(9), path)
        assert path.read_bytes() == old

    def interrupted():
        yield b"half of it"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _container.write(path, {"state.json": interrupted()})
    assert path.read_bytes() == old
    assert [one.name for one in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("way", ["exchange", "two renames"])
def test_a_folder_gives_its_place_to_a_new_one(way, tmp_path, monkeypatch):
    skmm.save(np.zeros(3), tmp_path / "m", folder=True)
    rename = os.rename
    if way == "two renames":
        monkeypatch.setattr(_container, "_exchange", lambda *paths: False)
    elif not _container._exchange(tmp_path / "m", tmp_path / "m"):
        pytest.skip("this file system lets no folders change places")
    else:

        def rename(source, target, real=os.rename):
            assert skmm.load(tmp_path / "m").sum() == 3  # at no moment it is not there
            real(source, target)

    monkeypatch.setattr(os, "rename", rename)
    skmm.save(np.ones(3), tmp_path / "m", folder=True)
    assert skmm.load(tmp_path / "m").sum() == 3
    assert [one.name for one in tmp_path.iterdir()] == ["m"]


def test_permissions_stay(path):
    path.chmod(0o640)
    skmm.save(small(), path)
    assert path.stat().st_mode & 0o777 == 0o640


def test_arrays_that_stay_in_the_file(tmp_path):
    array = np.random.default_rng(0).normal(size=(300, 7))
    skmm.save({"a": array, "b": np.arange(3, dtype=np.int8)}, tmp_path / "x")
    mapped = skmm.load(tmp_path / "x", mmap=True)
    np.testing.assert_array_equal(mapped["a"], array)
    assert mapped["a"].ctypes.data % 8 == 0
    mapped["a"][:] = 0  # a copy: the file stays
    np.testing.assert_array_equal(skmm.load(tmp_path / "x")["a"], array)


KILLED = """
import sys, numpy as np, skmm
save = lambda: skmm.save(np.full(400_000, 7.0), sys.argv[1], folder=sys.argv[2] == "1")
save()  # what it imports takes longer than all that follows
print("ready", flush=True)
while True:
    save()
"""


@pytest.mark.slow
@pytest.mark.parametrize("folder", [False, True], ids=["file", "folder"])
def test_a_process_that_is_killed_leaves_a_whole_file(folder, tmp_path):
    path = tmp_path / "x.skmm"
    skmm.save(np.full(400_000, 7.0), path, folder=folder)
    if folder and not _container._exchange(path, path):
        pytest.skip("this file system lets no folders change places")
    rng = np.random.default_rng(0)
    for _ in range(200):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, path, str(int(folder))],
            stdout=subprocess.PIPE,
        )
        process.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(rng.uniform(0, 0.2))
        process.kill()
        process.communicate()
        assert (skmm.load(path) == 7).all()
