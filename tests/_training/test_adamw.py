"""The optimizer is torch's AdamW, to the bit."""

import subprocess
import sys

import pytest
import torch

from skmm._training.adamw import AdamW


@pytest.mark.parametrize("options", [{}, {"amsgrad": True}], ids=["plain", "amsgrad"])
def test_steps_are_those_of_torch(options):
    found = []
    for make in (AdamW, torch.optim.AdamW):
        generator = torch.Generator().manual_seed(0)
        first, second, double = (
            torch.randn(4, 3, generator=generator, dtype=dtype).requires_grad_()
            for dtype in (torch.float32, torch.float32, torch.float64)
        )
        groups = [
            {"params": [first, double], "lr": 0.1, "weight_decay": 0.3},
            {"params": [second], "lr": 0.01},
        ]
        optimizer = make(groups, fused=True, **options)
        for step in range(4):
            optimizer.zero_grad()
            loss = (first**2).sum() + double.exp().sum().float()
            if step % 2:  # what has no gradient is left alone
                loss = loss + (first * second).sum()
            loss.backward()
            optimizer.step()
        found.append((first, second, double, optimizer.state_dict()["state"]))
    for ours, theirs in zip(found[0][:3], found[1][:3]):
        assert torch.equal(ours, theirs)
    for ours, theirs in zip(found[0][3].values(), found[1][3].values()):
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_the_first_fit_of_a_process_does_not_import_the_compiler():
    code = (
        "import sys\n"
        "from skmm import MultimodalClassifier\n"
        "from skmm.datasets import make_multimodal_classification\n"
        "X, y = make_multimodal_classification(n_samples=40, random_state=0)\n"
        "MultimodalClassifier(max_epochs=1, heads=['fused', 'wide']).fit(X, y)\n"
        "assert 'torch._dynamo' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
