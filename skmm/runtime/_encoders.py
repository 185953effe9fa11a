"""The encoders that a description may name."""

from skmm.runtime._pictures import ImageEncoder
from skmm.runtime._tables import TabularEncoder
from skmm.runtime._texts import TextEncoder
from skmm.runtime._vectors import VectorEncoder

#: By the kind in a description.
ENCODERS = {
    "tabular": TabularEncoder,
    "text": TextEncoder,
    "image": ImageEncoder,
    "vector": VectorEncoder,
}
