"""Batches in which each row is with the same probability."""

from skmm._training.batches import Batch, Batches

#: Share of the rows that is in a batch of ``batch_size="auto"``. Noise is added to each
#: step, whatever is in the batch: large ones drown it.
_AUTO_SHARE = 1 / 16


def auto_private_batch_size(n_rows):
    """Return the mean batch size that ``batch_size="auto"`` stands for.

    Parameters
    ----------
    n_rows : int
    """
    return max(1, round(n_rows * _AUTO_SHARE))


class PoissonBatches(Batches):
    """Iterate over rows, of which each is in a batch with the same probability.

    Batches have different sizes, a row is in several of an epoch or in none, and a
    batch may be empty: it then has no blocks.

    Parameters
    ----------
    rows : Rows
    batch_size : int
        The mean size.
    device : torch.device
    noise : Noise
        Draws the rows.
    """

    def __init__(self, rows, batch_size, device, noise):
        super().__init__(rows, batch_size, device)
        self.noise = noise

    @property
    def sample_rate(self):
        """Probability of a row to be in a batch."""
        return min(self.batch_size / len(self.rows), 1.0)

    def _batches(self):
        n_rows = len(self.rows)
        return [
            self.noise.draw_rows(n_rows, self.sample_rate) for _ in range(len(self))
        ]

    def __iter__(self):
        batches = self._batches()
        filled = self._cut([rows for rows in batches if len(rows)])
        for rows in batches:
            yield next(filled) if len(rows) else Batch({}, None, rows)

    def __len__(self):
        return max(1, round(len(self.rows) / self.batch_size))

    def in_order(self, results):
        """Raise an error: rows come several times, or not at all."""
        raise NotImplementedError("Poisson batches have no order of rows.")
