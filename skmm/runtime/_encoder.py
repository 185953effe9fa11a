"""The contract of what makes arrays of cells."""


class Encoder:
    """Base of the encoders: columns of cells to what the heads read.

    Parameters
    ----------
    description : Fields
    """

    def __init__(self, description):
        self.labels = description.labels("columns")

    def encode(self, columns):
        """Return what is made of some rows.

        Parameters
        ----------
        columns : list of list
            The cells of each of its columns.

        Returns
        -------
        encoded : object
            With `present`, ndarray of bool of shape (n_rows,), and the methods of
            :class:`Encoded`.
        """
        raise NotImplementedError(f"{type(self).__name__}.encode")


class Encoded:
    """Base of what is made of one modality of some rows.

    Attributes
    ----------
    present : ndarray of bool of shape (n_rows,)
    """

    def arrays(self):
        """Return the inputs of the net by their names."""
        return {}

    def linear(self):
        """Return the features of a linear model as Sparse, or None."""
        return None

    def trees(self):
        """Return the features of trees, an ndarray or Sparse, or None."""
        return None
