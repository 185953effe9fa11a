"""Sparse matrices."""

import scipy.sparse

from skmm.persistence._errors import ModelFileError
from skmm.persistence._kinds._base import Kind, field

_CLASSES = {
    cls.__name__: cls
    for cls in (
        scipy.sparse.csr_array,
        scipy.sparse.csr_matrix,
        scipy.sparse.csc_array,
        scipy.sparse.csc_matrix,
    )
}


class Sparse(Kind):
    """A matrix by rows or columns, whose indices are checked: products do not ask."""

    tag = "sparse"

    def holds(self, value):
        return type(value) in _CLASSES.values()

    def dump(self, value, dumper):
        return {
            "class": type(value).__name__,
            "shape": list(value.shape),
            "data": dumper(value.data),
            "indices": dumper(value.indices),
            "indptr": dumper(value.indptr),
        }

    def restore(self, body, restorer, remember):
        name = field(body, "class", str)
        if name not in _CLASSES:
            raise ModelFileError(f"It has a sparse matrix {name!r}.")
        parts = tuple(restorer(field(body, n)) for n in ("data", "indices", "indptr"))
        shape = field(body, "shape", list)
        try:
            made = _CLASSES[name](parts, shape=tuple(shape))
            made.check_format(full_check=True)
        except (ValueError, TypeError, IndexError, OverflowError) as error:
            raise ModelFileError(f"Its sparse matrix is damaged: {error}") from None
        return made


KINDS = [Sparse()]
