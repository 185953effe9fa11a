"""Encoders, end to end in MultimodalClassifier: score, CPU seconds, parameters.

The modules `_encoders_*.py` tell what each line compares. Some fetch data, all write
what they measure as they go.

    python benchmarks/encoders.py [--lines text pretrained ...] [--seeds 0]
"""

import argparse
import importlib

from _common import environment, markdown_table

#: line -> module with a function of its name.
LINES = {
    "text": "_encoders_text",
    "pretrained": "_encoders_text",
    "fashion": "_encoders_image",
    "digits": "_encoders_image",
    "emoji": "_encoders_image",
    "video": "_encoders_image",
    "memory": "_encoders_image",
    "loading": "_encoders_loading",
    "series": "_encoders_series",
    "audio": "_encoders_series",
    "entity": "_encoders_entity",
    "movielens": "_encoders_entity",
    "tabular": "_encoders_tabular",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", nargs="+", choices=LINES, default=list(LINES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    options = parser.parse_args()
    print(environment())
    for line in options.lines:
        measure = getattr(importlib.import_module(LINES[line]), line)
        print(markdown_table(measure(options.seeds)), flush=True)


if __name__ == "__main__":
    main()
