"""The cache of embeddings: what it keeps, what it gives up, and what it survives."""

import multiprocessing
import os
import sqlite3

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
