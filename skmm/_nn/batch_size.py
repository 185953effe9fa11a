"""How many rows a step takes."""

import numpy as np


def auto_batch_size(n_rows):
    """Rows a step: some 64 steps an epoch, between 16 and 512 rows."""
    return int(2 ** np.clip(np.round(np.log2(max(n_rows, 1) / 64)), 4, 9))
