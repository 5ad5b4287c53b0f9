"""A regression by Adam in PyTorch; it prints a line of JSON for every step."""

import argparse
import json

import torch

parser = argparse.ArgumentParser()
for name, kind in [
    ("--lr", float), ("--init-scale", float), ("--beta1", float), ("--dropout", float),
    ("--seed", int), ("--steps", int),
]:
    parser.add_argument(name, type=kind, required=True)
args = parser.parse_args()

torch.set_num_threads(1)
torch.manual_seed(args.seed)
x = torch.randn(512, 10)
y = torch.sin(x @ torch.randn(10, 3)) + x[:, :3]
model = torch.nn.Sequential(
    torch.nn.Linear(10, 48), torch.nn.ReLU(), torch.nn.Dropout(args.dropout),
    torch.nn.Linear(48, 48), torch.nn.ReLU(), torch.nn.Dropout(args.dropout),
    torch.nn.Linear(48, 48), torch.nn.ReLU(), torch.nn.Linear(48, 3))
with torch.no_grad():
    for weight in model.parameters():
        weight.mul_(args.init_scale)
optimizer = torch.optim.Adam(model.parameters(), lr=args.lr, betas=(args.beta1, 0.999))
for step in range(args.steps):
    rows = torch.randint(0, len(x), (32,))
    loss = torch.nn.functional.mse_loss(model(x[rows]), y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(json.dumps({"step": step, "train": {"loss": loss.item()}}), flush=True)
