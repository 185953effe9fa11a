"""What every augmentation promises."""

import pytest
import torch

from skmm._nn.seeding import drawing_from, make_generator
from skmm.augmentation import MIXUPS, make_augmentation, make_mixup

PIXELS = torch.linspace(0, 1, 144).view(3, 6, 8) ** torch.arange(1, 7).view(6, 1, 1, 1)
IDS = torch.arange(3, 33).view(5, 6)
VALUES = torch.linspace(-1, 1, 4 * 2 * 9).view(4, 2, 9).sin()
#: kind -> tensors of a batch
BATCHES = {
    "text": (IDS, torch.ones(5, 6, dtype=torch.bool)),
    "wave": (VALUES.repeat(1, 1, 10), torch.tensor([90, 70, 50, 90])),
    "spectrogram": (VALUES[:, None].repeat(1, 1, 10, 4), torch.ones(4, 36).bool()),
    "series": (VALUES, torch.ones(4, 9, dtype=torch.bool)),
    "image": (PIXELS,),
    "tabular": (PIXELS[:, 0, 0], IDS.view(6, 5)),
}
NAMES = {
    "text": ["drop", "swap", "replace"],
    "audio": ["shift", "gain", "noise", "mask"],
    "series": ["jitter", "scale", "warp"],
    "image": ["flip", "shift", "crop", "rotate", "color", "erase"],
    "tabular": ["swap"],
}
CASES = [(kind, name) for kind, names in NAMES.items() for name in names]


def draw(change, batch, dtype=torch.float32, seed=0):
    """Return what ten calls give, under a default type."""
    state = torch.get_rng_state()
    torch.set_default_dtype(dtype)
    try:
        with drawing_from(make_generator(seed)):
            found = [part for _ in range(10) for part in change(*batch)]
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(torch.get_rng_state(), state)
    return found


def check_draws(change, batch):
    first, again = draw(change, batch), draw(change, batch, torch.float64)
    assert [part.dtype for part in first] == [part.dtype for part in again]
    assert all(map(torch.equal, first, again))
    assert not all(map(torch.equal, first, draw(change, batch, seed=1)))


@pytest.mark.parametrize("kind, name", CASES)
def test_draws_from_the_generator_of_its_fit(kind, name):
    """And knows nothing of the process's default type."""
    change = make_augmentation(name, kind)
    if kind == "text":
        change.steps = [step.bind({}, separator=2) for step in change.steps]
    domain = getattr(change.steps[0], "domain", kind)
    check_draws(change, BATCHES[domain])


@pytest.mark.parametrize("name", MIXUPS)
def test_mixing_draws_from_the_generator_of_its_fit(name):
    def change(pixels):
        mixing = make_mixup(name).draw(len(pixels), pixels.device)
        return mixing.partner, mixing.share

    check_draws(change, BATCHES["image"])
