"""Scripts of benchmarks/ that cannot be run wherever they are changed."""

import pathlib
import subprocess
import sys

import pytest
import torch

ROOT = pathlib.Path(__file__).resolve().parents[1]


def run(*arguments):
    return subprocess.run(
        [sys.executable, "benchmarks/gpu.py", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
def test_the_benchmark_of_a_gpu_goes_through_on_the_cpu():
    done = run("--device", "cpu", "--quick")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("\n|--") == 5


@pytest.mark.slow
@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_the_benchmark_of_a_gpu_asks_for_one():
    done = run()
    assert done.returncode == 1
    assert "There is no GPU here" in done.stderr


def test_tables_of_the_peers_are_made_from_their_file(tmp_path):
    """What the documentation says of the race can be printed without running it."""
    done = subprocess.run(
        [
            *(sys.executable, "benchmarks/peers/collect.py", "docs/peers.csv"),
            *("--figure", tmp_path / "peers.png"),
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    assert "skmm ahead" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["peers.png"]
