"""Seconds of import, construction, clone and repr beyond `import sklearn`.

python benchmarks/import_time.py [--repeats 9]
"""

import argparse
import statistics
import subprocess
import sys

from _common import environment, markdown_table

CODE = """
import time
import sklearn
start = time.perf_counter()
from skmm import MultimodalClassifier
from sklearn.base import clone
repr(clone(MultimodalClassifier(fusion="gated")))
print(time.perf_counter() - start)
"""


def main(repeats):
    seconds = []
    for _ in range(repeats):
        command = [sys.executable, "-c", CODE]
        out = subprocess.run(command, capture_output=True, text=True, check=True)
        seconds.append(float(out.stdout))
    print(environment())
    row = {"min s": min(seconds), "median s": statistics.median(seconds)}
    row["max s"] = max(seconds)
    print(markdown_table([{key: f"{value:.3f}" for key, value in row.items()}]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9)
    main(parser.parse_args().repeats)
