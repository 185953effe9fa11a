"""Rows of all modalities, with their targets."""


class Rows:
    """Blocks, targets and weights of a set of rows.

    Parameters
    ----------
    blocks : dict of str to Block
    codes : tensor of shape (n, n_outputs) or None
    weight : tensor of shape (n,) or None
    """

    def __init__(self, blocks, codes=None, weight=None):
        self.blocks = blocks
        self.codes = codes
        self.weight = weight

    def __len__(self):
        return len(next(iter(self.blocks.values())))

    def take(self, rows):
        """Cut out a batch: ``(blocks, (codes, weight))``, as skorch has it."""
        blocks = {name: block.take(rows) for name, block in self.blocks.items()}
        if self.codes is None:
            return blocks, None
        y = self.codes.index_select(0, rows), self.weight.index_select(0, rows)
        return blocks, y

    def to(self, device):
        blocks = {name: block.to(device) for name, block in self.blocks.items()}
        if self.codes is None:
            return Rows(blocks)
        return Rows(blocks, self.codes.to(device), self.weight.to(device))

    @property
    def device(self):
        return next(iter(self.blocks.values())).present.device

    @property
    def cost(self):
        """Of reading each row, a tensor (n,), or None where all cost the same."""
        costs = [b.cost for b in self.blocks.values() if b.cost is not None]
        return sum(costs[1:], costs[0]) if costs else None

    @property
    def nbytes(self):
        return sum(block.nbytes for block in self.blocks.values())
