"""Precision, evaluation mode, and batches that fit into memory."""

import pytest
import torch

from skmm._pretrained.inference import inference, resolve_precision, run_batches


@pytest.mark.parametrize("has_it", [True, False])
def test_auto_is_bfloat16_only_on_a_gpu_that_has_it(has_it, monkeypatch):
    def answer(**options):
        return has_it

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", answer)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", answer)
    expected = "bfloat16" if has_it else "float32"
    assert resolve_precision("auto", torch.device("cuda")) == expected
    for precision in ("auto", "float32"):
        assert resolve_precision(precision, torch.device("cpu")) == "float32"
    assert resolve_precision("bfloat16", torch.device("cpu")) == "bfloat16"


def test_inference_leaves_the_modes_of_all_parts():
    network = torch.nn.Sequential(torch.nn.Dropout(), torch.nn.BatchNorm1d(2))
    network.train()
    network[1].eval()
    with inference(network, torch.device("cpu"), "bfloat16"):
        assert not network[0].training
        assert torch.is_autocast_enabled("cpu") and torch.is_inference_mode_enabled()
    assert network[0].training and not network[1].training
    assert not torch.is_autocast_enabled("cpu")


def test_batches_keep_their_order():
    seen = []

    def run(batch):
        if len(batch) > 3:
            raise MemoryError
        seen.append(batch)
        return batch

    batches = [list(range(7)), list(range(7, 9)), list(range(9, 16))]
    done = [batch for batch, _ in run_batches(run, batches)]
    assert sum(done, []) == list(range(16))
    assert max(map(len, seen)) == 3
