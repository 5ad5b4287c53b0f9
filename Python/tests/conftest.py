import pytest
import torch


@pytest.fixture(autouse=True)
def quiet_place(tmp_path, monkeypatch):
    """Every test writes into a folder of its own, on one thread."""
    monkeypatch.chdir(tmp_path)
    torch.set_num_threads(1)
    torch.manual_seed(0)
