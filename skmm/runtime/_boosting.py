"""What the trees of a boosting head read, as whole numbers."""

import numpy as np

from skmm.runtime._sparse import Sparse

#: The bin of what is missing.
_MISSING = -1
#: Sparse features of no more columns than this are read as they are.
_FEW = 32


class Bins:
    """The columns of one boosting head, made from their description.

    Parameters
    ----------
    description : Fields
    """

    def __init__(self, description):
        self.kept = description.arrays_by_name("kept", "i")
        self.directions = description.arrays_by_name("directions", "f", 2)
        self.many = description.array("many", "b")
        self.means = [Means(one) for one in description.each("means")]
        is_category = description.array("is_category", "b").tolist()
        edges = description.arrays("edges")
        #: Categories stay as their codes are.
        self.numbers = [
            (j, edges)
            for j, (edges, is_code) in enumerate(zip(edges, is_category, strict=True))
            if not is_code
        ]
        self.n_columns = len(is_category)

    def __call__(self, encoded, n_rows):
        """Return the bins of rows, int32 (n_rows, n_columns), -1 where missing.

        Parameters
        ----------
        encoded : dict of str to Encoded
        n_rows : int
        """
        columns = [np.empty((n_rows, 0), np.float32)]
        for name, one in encoded.items():
            features = one.trees()
            if features is not None:
                columns.append(self._read(name, features, one.present))
        matrix = np.concatenate(columns, axis=1)
        parts = [matrix[:, ~self.many]]
        parts += [means(matrix[:, self.many]) for means in self.means]
        return self._bin(np.concatenate(parts, axis=1))

    def _read(self, name, features, present):
        if isinstance(features, Sparse):
            features = features.where(present)
            if features.n_columns <= _FEW:
                return features.dense()
            return features.times(self.directions[name]).astype(np.float32)
        features = np.where(present[:, None], features, np.nan)
        return features[:, self.kept[name]] if name in self.kept else features

    def _bin(self, X):
        if X.shape[1] != self.n_columns:
            raise ValueError(
                f"The trees read {self.n_columns} columns, and there are {X.shape[1]}: "
                "the description of the model is damaged. Export it anew."
            )
        missing = np.isnan(X)
        bins = np.where(missing, 0, X)
        for j, edges in self.numbers:
            bins[:, j] = edges.searchsorted(X[:, j])
        bins[missing] = _MISSING
        return bins.astype(np.int32)


class Means:
    """Means of the target in place of categories that are many.

    Parameters
    ----------
    description : Fields
    """

    def __init__(self, description):
        self.categories = description.arrays("categories")
        self.encodings = description.arrays("encodings")
        self.others = description.array("others")
        if len(self.encodings) != len(self.categories) * len(self.others):
            raise ValueError("the means of the target are not as many as categories")

    def __call__(self, codes):
        """Return the means (n_rows, n_columns * n_targets) of codes."""
        made = []
        for j, known in enumerate(self.categories):
            places = np.searchsorted(known, codes[:, j])
            # What is not a number comes last among the known, and so does it here.
            found = np.append(known, np.nan)[places]
            is_known = (found == codes[:, j]) | (
                np.isnan(found) & np.isnan(codes[:, j])
            )
            is_known &= places < len(known)
            for k, other in enumerate(self.others):
                encoding = np.append(self.encodings[j * len(self.others) + k], other)
                made.append(np.where(is_known, encoding[places], other))
        return np.stack(made, axis=1)
