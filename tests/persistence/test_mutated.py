"""Files that somebody tampered with, hashes and all: no crash, no code, no nonsense."""

import json
import pathlib
import random

import numpy as np
import pandas as pd
import pytest

import skmm
from skmm.persistence import ModelFileError, _container

FILE = pathlib.Path(__file__).parent / "files" / "schema-1.skmm"
#: What is put in the place of something.
VALUES = [
    *(None, True, False, 0, 1, -1, 3, 255, 256, 2**31, 2**63, -(2**40), 10**30, 0.5),
    *(-1e300, 1e300, "", "x", "nan", [], {}, {"float": "nan"}, {"float": "inf"}),
    *({"list": []}, {"tuple": [1, 2]}, {"map": {}}, {"array": {"data": "0"}}),
    *({"ref": 1}, {"ref": 3}, {"class": "builtins:int"}),
    {"object": {"class": "sklearn.preprocessing._data:StandardScaler", "state": {}}},
]
BYTES = [b"\xff" * 8, bytes(8), b"\0\0\0\0\0\0\xf0\x7f", b"\xff\xff\xff\x7f\0\0\0\0"]
HEADERS = [[0, 8], [1], [-1, 3], [2**62, 2**62], "F32", "I64", "U8", "BOOL", None]


def walk(node, path=()):
    """Yield the path of each node, of long lists only the first few."""
    yield path
    if isinstance(node, list):
        for i, one in enumerate(node[:40]):
            yield from walk(one, (*path, i))
    elif isinstance(node, dict):
        for key in list(node)[:60]:
            yield from walk(node[key], (*path, key))


def find(node, path):
    for key in path:
        node = node[key]
    return node


def copied(value):
    return json.loads(json.dumps(value))


class Mutations:
    """Everything in the file, and ways to change it."""

    def __init__(self, file):
        members = {name: bytes(part) for name, part in _container.read(file).items()}
        self.manifest = members["manifest.json"]
        self.state = json.loads(members["state.json"])
        self.paths = list(walk(self.state))
        tensors = members["tensors.safetensors"]
        self.start = 8 + int.from_bytes(tensors[:8], "little")
        self.header = json.loads(tensors[8 : self.start])
        self.tensors = tensors

    def write(self, seed, path):
        draw = random.Random(seed)
        state, tensors = copied(self.state), bytearray(self.tensors)
        sort = draw.random()
        if sort < 0.55:
            for _ in range(draw.choice([1, 1, 1, 2, 4])):
                self.change_state(state, draw)
        elif sort < 0.95:
            for _ in range(draw.choice([1, 1, 3])):
                self.change_numbers(tensors, draw)
        else:
            tensors = self.change_header(draw)
        members = {
            "manifest.json": self.manifest,
            "state.json": json.dumps(state).encode(),
            "tensors.safetensors": bytes(tensors),
        }
        _container.write(path, {name: [part] for name, part in members.items()})

    def change_state(self, state, draw):
        *path, key = draw.choice(self.paths[1:])
        try:
            parent = find(state, path)
            old = parent[key]
        except (KeyError, IndexError, TypeError):
            return  # it is gone since an earlier change
        way = draw.random()
        if way < 0.5:
            parent[key] = copied(draw.choice(VALUES))
        elif way < 0.6 and type(old) in (int, float):
            parent[key] = old + draw.choice([-1, 1, 100, -100, 0.5])
        elif way < 0.75:
            parent[key] = copied(find(self.state, draw.choice(self.paths)))
        elif way < 0.85:
            del parent[key]
        elif isinstance(parent, dict):
            parent[draw.choice(["x", "class", "state", "id", key])] = parent.pop(key)
        else:
            parent.append(copied(old))

    def change_numbers(self, tensors, draw):
        start, stop = self.header[draw.choice(list(self.header))]["data_offsets"]
        if start == stop:
            return
        start, stop = start + self.start, stop + self.start
        way = draw.random()
        if way < 0.5:
            for _ in range(draw.choice([1, 4, 64])):
                tensors[draw.randrange(start, stop)] = draw.randrange(256)
        elif way < 0.75:
            at = draw.randrange(start, stop)
            some = draw.choice(BYTES)[: stop - at]
            tensors[at : at + len(some)] = some
        else:
            tensors[start:stop] = draw.randbytes(stop - start)

    def change_header(self, draw):
        header = copied(self.header)
        entry = header[draw.choice(list(header))]
        entry[draw.choice(list(entry))] = draw.choice(HEADERS)
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        return len(text).to_bytes(8, "little") + text + self.tensors[self.start :]


def check(seeds, path):
    """Load and predict by mutated files; return how many loaded and predicted.

    And for how many the error does not say that it is the file.
    """
    mutations = Mutations(FILE)
    rows = json.loads(FILE.with_suffix(".json").read_text())["rows"]
    X = pd.DataFrame(rows)
    n_loaded = n_predicted = n_unnamed = 0
    for seed in seeds:
        mutations.write(seed, path)
        try:
            loaded = skmm.load(path)
        except ModelFileError:
            continue
        n_loaded += 1
        try:
            found = loaded.predict_proba(X)
            assert len(loaded.predict(X)) == len(X)
        except ModelFileError:
            continue
        except (ValueError, TypeError):
            n_unnamed += 1  # the rows could be meant
            continue
        assert np.isfinite(np.asarray(found, dtype=float)).all(), seed
        n_predicted += 1
    return n_loaded, n_predicted, n_unnamed


@pytest.mark.filterwarnings("ignore")
def test_a_mutated_file_is_refused_or_predicts_numbers(tmp_path):
    n_loaded, n_predicted, n_unnamed = check(range(120), tmp_path / "x.skmm")
    # Else nothing was tried.
    assert 20 < n_predicted < n_loaded < 120
    assert n_unnamed == 0


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("part", range(10))
def test_ten_thousand_mutated_files(part, tmp_path):
    seeds = range(1000 * part, 1000 * (part + 1))
    assert check(seeds, tmp_path / "x.skmm")[2] <= 5
