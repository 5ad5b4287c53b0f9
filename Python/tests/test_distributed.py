"""A training on two processes is watched in each."""

import json

import pytest
import torch
from torch import nn

import keel

distributed = pytest.importorskip("torch.distributed")


def train(rank, folder):
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1))
    model = nn.parallel.DistributedDataParallel(network)
    optimizer = torch.optim.SGD(model.parameters(), lr=5.0)
    watch = keel.watch(model, optimizer, path=f"{folder}/{rank}.jsonl")
    rows = torch.Generator().manual_seed(rank)
    while watch.first is None and watch.step_index < 60:
        x = torch.randn(16, 8, generator=rows)
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x), x.sum(1, keepdim=True))
        watch.loss(loss).backward()
        optimizer.step()
    watch.close()
    distributed.destroy_process_group()


@pytest.mark.skipif(not distributed.is_available(), reason="PyTorch was built without it")
def test_each_process_names_the_first(tmp_path):
    torch.multiprocessing.spawn(train, (str(tmp_path),), nprocs=2)
    for rank in range(2):
        lines = [json.loads(line) for line in (tmp_path / f"{rank}.jsonl").read_text().splitlines()]
        assert any("first" in line for line in lines), lines[-2:]
        assert "gradientNorm" in lines[1]
