"""Run the Python code of README.md, as somebody does who has just installed skmm.

Usage: ``python -P .ci/readme.py``, where ``-P`` has it import what is installed, not
what lies here; ``make package`` runs it with the new wheel.
"""

import contextlib
import pathlib
import re
import sys
import tempfile

README = pathlib.Path(__file__).parents[1] / "README.md"
CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def main():
    """Run the blocks one after the other; return how many there are."""
    blocks = CODE.findall(README.read_text(encoding="utf-8"))
    names = {"__name__": "__main__"}
    # What they write is nobody's.
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for block in blocks:
            exec(compile(block, README.name, "exec"), names)
    return len(blocks)


if __name__ == "__main__":
    sys.exit(main() == 0)
