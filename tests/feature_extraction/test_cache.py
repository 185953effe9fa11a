"""The cache of embeddings: what it keeps, what it gives up, and what it survives."""

import multiprocessing
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from skmm.feature_extraction import TextEmbedder, _cache
from skmm.feature_extraction._cache import EmbeddingCache, parse_size

DIMENSION = 8


def make_vectors(n, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(n, DIMENSION))
    return vectors.astype(np.float32), [b"%d-%d" % (seed, i) for i in range(n)]


def get(cache, digests):
    out = np.full((len(digests), DIMENSION), np.nan, np.float32)
    return cache.get(digests, out), out


def test_what_was_put_is_found_by_another(tmp_path):
    vectors, digests = make_vectors(1200)
    vectors[3, 0] = np.nan
    with EmbeddingCache(tmp_path / "new" / "folder", "a network") as cache:
        cache.put(digests, vectors)
    with EmbeddingCache(tmp_path / "new" / "folder", "a network") as cache:
        found, out = get(cache, [b"unknown", *digests[::-1]])
    assert found.tolist() == [False, *[i != 1196 for i in range(1200)]]
    np.testing.assert_array_equal(out[1:][found[1:]], vectors[::-1][found[1:]])


def test_another_network_has_vectors_of_its_own(tmp_path):
    vectors, digests = make_vectors(5)
    with EmbeddingCache(tmp_path, "a network") as cache:
        cache.put(digests, vectors)
    with EmbeddingCache(tmp_path, "a network, bfloat16") as cache:
        assert not get(cache, digests)[0].any()
        cache.put(digests, -vectors)
    with EmbeddingCache(tmp_path, "a network") as cache:
        np.testing.assert_array_equal(get(cache, digests)[1], vectors)


def test_damaged_entries_are_not_given(tmp_path):
    vectors, digests = make_vectors(4)
    with EmbeddingCache(tmp_path, "a network") as cache:
        cache.put(digests, vectors)
        keys = [cache._key(digest) for digest in digests]
        change = "UPDATE vectors SET vector=? WHERE key=?"
        cache._connection.execute(change, (bytes(4 * DIMENSION), keys[0]))
        cache._connection.execute(change, (vectors[1].tobytes()[:-4], keys[1]))
    with EmbeddingCache(tmp_path, "a network") as cache:
        assert get(cache, digests)[0].tolist() == [False, False, True, True]


@pytest.mark.parametrize("damage", ["no database", "pages"])
def test_a_damaged_file_is_set_aside(tmp_path, damage):
    vectors, digests = make_vectors(2000)
    with EmbeddingCache(tmp_path, "a network") as cache:
        cache.put(digests, vectors)
    path = tmp_path / "embeddings.sqlite"
    content = path.read_bytes()
    if damage == "pages":
        path.write_bytes(content[:4096] + os.urandom(len(content) - 4096))
    else:
        path.write_bytes(b"something else" * 100)
    with (
        pytest.warns(UserWarning, match="damaged"),
        EmbeddingCache(tmp_path, "a network") as cache,
    ):
        assert not get(cache, digests)[0].any()
        cache.put(digests, vectors)
        assert get(cache, digests)[0].all()
    assert len(list(tmp_path.glob("*.damaged-*"))) == 1


def test_what_was_not_used_for_longest_goes_first(tmp_path, monkeypatch):
    clock = [1_000_000]
    monkeypatch.setattr(_cache.time, "time", lambda: clock[0])
    with EmbeddingCache(tmp_path, "a network", limit="400kB") as cache:
        batches = [make_vectors(1000, seed) for seed in range(8)]
        for vectors, digests in batches:
            clock[0] += 10_000
            get(cache, batches[0][1])  # always in use
            cache.put(digests, vectors)
            assert cache._bytes_in_use() <= 400_000
        shares = [get(cache, digests)[0].mean() for _, digests in batches]
    assert shares[0] == 1 and shares[-1] == 1
    assert shares[1] == 0
    size = sum(file.stat().st_size for file in tmp_path.glob("embeddings.sqlite"))
    assert size < 500_000


def write(folder, seed):
    for part in range(10):
        vectors, digests = make_vectors(50, seed * 10 + part)
        with EmbeddingCache(folder, "a network") as cache:
            cache.put(digests, vectors)
            get(cache, digests)


def test_processes_write_at_the_same_time(tmp_path):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write, args=(tmp_path, i)) for i in range(2)]
    for writer in writers:
        writer.start()
    write(tmp_path, 2)
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    with EmbeddingCache(tmp_path, "a network") as cache:
        for seed in range(30):
            vectors, digests = make_vectors(50, seed)
            np.testing.assert_array_equal(get(cache, digests)[1], vectors)


def die_in_a_transaction(folder):
    with EmbeddingCache(folder, "a network") as cache:
        cache._connection.execute("BEGIN IMMEDIATE")
        row = "INSERT INTO vectors VALUES (x'00', 0, 0, x'00')"
        cache._connection.execute(row)
        os._exit(1)


def test_a_writer_that_was_killed_leaves_no_lock(tmp_path):
    context = multiprocessing.get_context("spawn")
    writer = context.Process(target=die_in_a_transaction, args=(tmp_path,))
    writer.start()
    writer.join()
    vectors, digests = make_vectors(3)
    with EmbeddingCache(tmp_path, "a network") as cache:
        cache.put(digests, vectors)
        count = cache._connection.execute("SELECT COUNT(*) FROM vectors")
        assert count.fetchone() == (3,)


def test_a_folder_that_cannot_be_used(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"memory=.* cannot be used.*memory=None"):
        EmbeddingCache(tmp_path / "file", "a network").__enter__()


# ---------------------------------------------------------------- changes of the file

N_CELLS = 150


def make_change(rng, content, path):
    """Change some bytes of the file, or what a row holds; most often in the index."""
    if rng.random() < 0.15:
        path.write_bytes(content)
        column = rng.choice(["key", "used", "checksum", "vector"])
        value = [None, "text", 1.5, 10**12, b"bytes", -1][rng.integers(6)]
        connection = sqlite3.connect(path)
        connection.execute(
            f"UPDATE vectors SET {column}=? WHERE rowid={rng.integers(1, N_CELLS)}",
            (value,),
        )
        connection.commit()
        connection.close()
        return
    changed = bytearray(content)
    pages = [0, 0, *range(len(content) // 4096)]
    page = pages[rng.integers(len(pages))]
    is_index = [i for i in pages if content[4096 * i] in (2, 10)]
    if rng.random() < 0.6 and is_index:
        page = is_index[rng.integers(len(is_index))]
    kind = rng.integers(4)
    for _ in range(1 if kind else rng.integers(1, 20)):
        at = min(4096 * page + rng.integers(4096), len(content) - 1)
        changed[at] = rng.choice([0, 255, 127, 128, int(rng.integers(256))])
    if kind == 1:  # near the header of the page
        at = 4096 * page + rng.integers(120)
        changed[at] ^= 1 << rng.integers(8)
    elif kind == 2:
        changed = changed[: rng.integers(len(changed))]
    elif kind == 3:
        other = pages[rng.integers(len(pages))]
        size = rng.integers(1, 4096)
        changed[4096 * page : 4096 * page + size] = content[
            4096 * other : 4096 * other + size
        ]
    path.write_bytes(changed)


def check_changes(n_changes, folder, seed=0):
    """Whatever happens to the file, it gives the vector that was put, or none."""
    rng = np.random.default_rng(seed)
    vectors, digests = make_vectors(N_CELLS)
    with EmbeddingCache(folder, "a network") as cache:
        cache.put(digests, vectors)
    path = folder / "embeddings.sqlite"
    content = path.read_bytes()
    n_found = 0
    for _ in range(n_changes):
        for file in folder.iterdir():
            file.unlink()
        make_change(rng, content, path)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with EmbeddingCache(folder, "a network", limit="300kB") as cache:
                found, out = get(cache, digests)
                np.testing.assert_array_equal(out[found], vectors[found])
                n_found += found.sum()
                cache.put(digests, vectors)
                found, out = get(cache, [*digests, b"unknown"])
                np.testing.assert_array_equal(out[found], vectors[found[:-1]])
        assert all("The cache in memory=" in str(w.message) for w in caught)
        assert len(caught) < 3
    assert n_found > n_changes


def test_some_changes_of_the_file(tmp_path):
    check_changes(150, tmp_path)


@pytest.mark.slow  # some minutes
def test_4000_changes_of_the_file(tmp_path):
    check_changes(4000, tmp_path, seed=1)


@pytest.mark.parametrize("column", ["key", "used", "checksum", "vector"])
@pytest.mark.parametrize("value", [None, "text", 1.5])
def test_foreign_types_are_damage(tmp_path, column, value):
    vectors, digests = make_vectors(3)
    with EmbeddingCache(tmp_path, "a network") as cache:
        cache.put(digests, vectors)
        change = f"UPDATE vectors SET {column}=? WHERE rowid=2"
        cache._connection.execute(change, (value,))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with EmbeddingCache(tmp_path, "a network") as cache:
            found, _ = get(cache, digests)
            cache.put(digests, vectors)
            assert get(cache, digests)[0].all()
    if column == "key":  # another's row, which nobody asks for
        assert found.tolist() == [True, False, True]
    else:
        assert not found.any()
        assert "is damaged. It was renamed" in str(caught[0].message)


def test_rows_of_another_shape_are_damage(tmp_path):
    vectors, digests = make_vectors(3)
    connection = sqlite3.connect(tmp_path / "embeddings.sqlite")
    connection.execute("CREATE TABLE vectors (key, used, checksum, vector, more)")
    connection.commit()
    connection.close()
    with (
        pytest.warns(UserWarning, match="is damaged"),
        EmbeddingCache(tmp_path, "a network") as cache,
    ):
        cache.put(digests, vectors)
        assert get(cache, digests)[0].all()


# ------------------------------------------------------- disks that take nothing more

UNPRIVILEGED = """
import os, sys, warnings
import numpy as np
from skmm.feature_extraction._cache import EmbeddingCache

folder, how = sys.argv[1:]
if how == "full":
    import resource, signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
elif os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
vectors = np.arange(24, dtype=np.float32).reshape(3, 8)
digests = [b"a", b"b", b"new"]
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    with EmbeddingCache(folder, "a network") as cache:
        out = np.full((3, 8), np.nan, np.float32)
        found = cache.get(digests, out)
        cache.put(digests, vectors)
        again = cache.get(digests, out)
        cache.put(digests, vectors)
print(*found.astype(int), *again.astype(int), np.nansum(out), len(caught))
print(caught[0].message if caught else "")
"""


@pytest.fixture
def open_folder():
    """A folder that other users can look into; the runner's is closed to them."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield pathlib.Path(folder)


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize("how", ["folder", "file", "both", "absent", "full"])
def test_what_cannot_be_written_is_still_read(how, open_folder):
    folder = open_folder / "cache"
    vectors = np.arange(16, dtype=np.float32).reshape(2, 8)
    if how != "absent":
        with EmbeddingCache(folder, "a network") as cache:
            cache.put([b"a", b"b"], vectors)
        path = folder / "embeddings.sqlite"
        path.chmod(0o444 if how in ("file", "both") else 0o666)
        folder.chmod(0o555 if how in ("folder", "both") else 0o777)
    program = [sys.executable, "-c", UNPRIVILEGED, str(folder), how]
    done = subprocess.run(program, capture_output=True, text=True, timeout=120)
    if folder.exists():
        folder.chmod(0o777)  # to be removed
    assert done.stderr == ""
    figures, warning = done.stdout.strip().split("\n")
    known = "1 1 0" if how != "absent" else "0 0 0"
    total = "120.0" if how != "absent" else "0.0"
    assert figures == f"{known} {known} {total} 1"
    assert "cannot be written" in warning and "still read" in warning


def test_a_disk_that_fills_up(tmp_path):
    """What was there before is read on; what comes later is not kept."""
    vectors, digests = make_vectors(2000)
    with EmbeddingCache(tmp_path, "a network") as cache:
        cache.put(digests[:100], vectors[:100])
        n_pages = cache._connection.execute("PRAGMA page_count").fetchone()[0]
        cache._connection.execute(f"PRAGMA max_page_count = {n_pages + 2}")
        with pytest.warns(
            UserWarning, match="cannot be written: .* full. What it holds"
        ):
            cache.put(digests, vectors)
        assert get(cache, digests)[0].sum() == 100
        cache.put(digests, vectors)
        assert get(cache, digests)[0].sum() == 100
    with EmbeddingCache(tmp_path, "a network") as cache:
        assert get(cache, digests)[0].sum() == 100


def test_a_damaged_file_that_cannot_be_renamed(tmp_path, monkeypatch):
    vectors, digests = make_vectors(3)
    (tmp_path / "embeddings.sqlite").write_bytes(b"something else" * 100)

    def refuse(*args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(_cache.os, "replace", refuse)
    with (
        pytest.warns(UserWarning, match="cannot be used: .*Permission denied"),
        EmbeddingCache(tmp_path, "a network") as cache,
    ):
        cache.put(digests, vectors)
        assert not get(cache, digests)[0].any()


def test_sizes():
    assert parse_size(1000) == 1000
    assert [parse_size(s) for s in ("1.5 kB", "2GB", "7")] == [1500, 2 * 10**9, 7]
    with pytest.raises(ValueError, match="memory_limit='much'"):
        parse_size("much")


# --------------------------------------------------------------------- in an Embedder


class CountingModel:
    """Counts letters, and the texts that it was asked for."""

    seen = []

    def __call__(self, texts):
        self.seen.extend(texts)
        return np.array([[t.count(c) for c in "abcdefgh"] for t in texts], np.float32)


def test_folds_and_later_runs_embed_each_distinct_text_once(tmp_path, monkeypatch):
    monkeypatch.setattr(CountingModel, "seen", seen := [])
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("abcdefgh"), 5)) for _ in range(60)] * 2
    y = [text.count("a") > 0 for text in texts]
    embedder = TextEmbedder(CountingModel(), memory=str(tmp_path))
    model = make_pipeline(embedder, LogisticRegression())
    scores = cross_val_score(model, texts, y, cv=5)
    probe = "a text"  # by which a fit learns the dimension
    embedded = [text for text in seen if text != probe]
    assert sorted(embedded) == sorted(set(texts))

    seen.clear()
    np.testing.assert_array_equal(cross_val_score(model, texts, y, cv=5), scores)
    assert set(seen) <= {probe}
    assert embedder.fit(texts).n_embedded_ == 0
    embedder.transform([*texts[::-1], "a new text"])
    assert embedder.n_embedded_ == 1


class Interrupted(CountingModel):
    def __call__(self, texts):
        if "stop" in texts:
            raise KeyboardInterrupt
        return super().__call__(texts)


def test_a_model_that_cannot_be_told_from_others(tmp_path):
    embedder = TextEmbedder(lambda texts: np.ones((len(texts), 2)), memory=tmp_path)
    embedder.fit(["a", "b"])
    unknown = type("Local", (CountingModel,), {})()
    assert TextEmbedder(unknown).fit_transform(["abba"]).sum() == 4
    with pytest.raises(ValueError, match="cannot be pickled.*memory=None"):
        TextEmbedder(unknown, memory=tmp_path).fit(["abba"])


def test_an_interrupted_run_keeps_what_was_done(tmp_path, monkeypatch):
    monkeypatch.setattr(TextEmbedder, "_chunk_size", 10)
    texts = [f"a much longer text {i}" for i in range(25)] + ["stop"]
    embedder = TextEmbedder(Interrupted(), memory=str(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        embedder.fit_transform(texts)
    embedder.fit_transform(texts[:25])
    assert embedder.n_embedded_ == 5


def test_sqlite_waits_for_a_writer(tmp_path):
    """Readers read what was there before, while another process writes."""
    vectors, digests = make_vectors(3)
    with EmbeddingCache(tmp_path, "a network") as cache:
        cache.put(digests, vectors)
        other = sqlite3.connect(tmp_path / "embeddings.sqlite")
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM vectors")
        found, _ = get(cache, digests)
        other.rollback()
        other.close()
    assert found.all()
