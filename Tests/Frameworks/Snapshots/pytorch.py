# === adapt-learning-rate for rate-1.0
# change these names to those of your script: torch, model, optimizer
# in place of the optimizer:
optimizer = torch.optim.Adam(
    model.parameters(), lr=0.001, betas=(0.9, 0.999), eps=1e-08)

# === add-residuals for linear-80-1.3
# change these names to those of your script: nn, model
# once model is there, before model.to(device) and the optimizer:
class Residual(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)
layers = [m for m in model.modules() if isinstance(m, nn.Linear)]
assert len(layers) == 81, f"expected 81 nn.Linear, found {len(layers)}: {layers}"
chain = max([m for m in model.modules() if isinstance(m, nn.Sequential)], key=len, default=[])
starts = {}
for i, m in enumerate(chain):
    own = [n for n, l in enumerate(layers) if l in m.modules()]
    if len(own) == 1: starts[own[0]] = i
assert starts.keys() >= {*range(1, 80)}, "they are not in one nn.Sequential: add x by hand"
blocks = [(starts[i], starts[i] + 1) for i in range(1, 80)]
for first, end in reversed(blocks):
    block = Residual(*chain[first:end])
    del chain[first:end]
    chain.insert(first, block)
linears = [m for m in model.modules() if isinstance(m, nn.Linear)]
assert len(linears) == 81, f"expected 81 nn.Linear, found {len(linears)}: {linears}"
for layer in [linears[i] for i in (0, 80)]:  # 2 dense layers
    nn.init.xavier_normal_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
for layer in linears[1:80]:  # dense-2 to dense-80
    nn.init.xavier_normal_(layer.weight)
    layer.weight.data.mul_(0.11)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)

# === clip-gradients for rate-1.0
# change these names to those of your script: torch, nn, model
# between loss.backward() and optimizer.step():
torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)

# === constrain-weights for dense-dense
# change these names to those of your script: model
# after optimizer.step():
for weight in model.parameters():
    if weight.ndim > 1:
        weight.data.renorm_(p=2, dim=0, maxnorm=4.0)

# === drop-bad-rows for 1-rows-1000.0-relu
# change these names to those of your script: x_train, y_train
# once x_train, y_train, x_test and y_test are there:
import numpy as np
def is_usual(column):
    column = np.asarray(column, dtype=np.float64)
    distance = np.abs(column - np.median(column[np.isfinite(column)]))
    near = np.sort(distance[np.isfinite(distance) & (distance > 0)])
    if len(near) < 10: return np.isfinite(column)
    usual = np.sqrt(np.mean(near[: len(near) * 9 // 10] ** 2))
    return distance <= 25 * usual  # false for nan
columns = np.concatenate(
    [np.reshape(part, (len(part), -1)) for part in (x_train, y_train,)], axis=1)
keep = np.all([is_usual(column) for column in columns.T], axis=0)
if keep.mean() < 0.9: keep[:] = True  # a heavy tail is no fault of rows
keep = keep.nonzero()[0]
x_train, y_train = x_train[keep], y_train[keep]

# === ease-dropout for dropout-0.985-relu
# change these names to those of your script: nn, model
# once model is there, before model.to(device) and the optimizer:
# F.dropout in forward is changed by hand
for layer in model.modules():
    if isinstance(layer, nn.modules.dropout._DropoutNd): layer.p = min(layer.p, 0.5)
    if isinstance(getattr(layer, "dropout", None), float):  # of nn.LSTM and the like
        layer.dropout = min(layer.dropout, 0.5)

# === ease-penalty for sgd-penalty
# change these names to those of your script: torch, model, optimizer
# in place of the optimizer:
weights = [p for p in model.parameters() if p.ndim > 1]
others = [p for p in model.parameters() if p.ndim <= 1]
groups = [{"params": weights, "weight_decay": 0.0002}, {"params": others}]
optimizer = torch.optim.SGD(groups, lr=0.01)
# before loss.backward():
# by hand: delete a line that adds Σ w² to the loss, for weight_decay is that

# === gate-recurrence for recurrent-30
# change these names to those of your script: nn, model
# once model is there, before model.to(device) and the optimizer:
names = [name for name, m in model.named_modules(remove_duplicate=False)
         if isinstance(m, nn.RNN)]
assert names, "found no nn.RNN"
for name in names:
    parent, _, part = name.rpartition(".")
    child = model.get_submodule(name)
    sizes = child.input_size, child.hidden_size, child.num_layers
    setattr(model.get_submodule(parent), part, nn.GRU(*sizes, batch_first=child.batch_first))
grus = [m for m in model.modules() if isinstance(m, nn.GRU)]
assert grus, "found no nn.GRU"
for layer in grus:
    for name, weight in layer.named_parameters():
        if name.startswith("weight_ih"):
            for gate in weight.data.split(layer.hidden_size):
                nn.init.xavier_normal_(gate)
        if name.startswith("weight_hh"):
            for gate in weight.data.split(layer.hidden_size):
                nn.init.orthogonal_(gate)

# === lower-learning-rate for rate-1.0
# change these names to those of your script: torch, model, optimizer
# in place of the optimizer:
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

# === lower-momentum for momentum-1.0-32
# change these names to those of your script: torch, model, optimizer
# in place of the optimizer:
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
# before loss.backward():
optimizer.zero_grad()  # gradients add up where it is missing

# === match-loss for relu-cross-entropy-24
# change these names to those of your script: nn, model
# once model is there, before model.to(device) and the optimizer:
names = [name for name, m in model.named_modules(remove_duplicate=False)
         if isinstance(m, nn.ReLU)]
assert len(names) == 2, f"expected 2 nn.ReLU, found {names}; change forward by hand"
for name in names[-1:]:  # relu-2
    parent, _, part = name.rpartition(".")
    setattr(model.get_submodule(parent), part, nn.Identity())
# in place of the loss:
criterion = nn.CrossEntropyLoss()  # on logits, and class numbers or probabilities

# === normalize-batches for linear-80-1.3
# change these names to those of your script: nn, model
# once model is there, before model.to(device) and the optimizer:
names = [name for name, m in model.named_modules(remove_duplicate=False)
         if isinstance(m, nn.Linear)]
assert len(names) == 81, f"expected 81 nn.Linear, found {len(names)}: {names}"
for name in names[:80]:  # dense-1 to dense-80
    parent, _, part = name.rpartition(".")
    child = model.get_submodule(name)
    norm = nn.BatchNorm1d(child.out_features)
    setattr(model.get_submodule(parent), part, nn.Sequential(child, norm))

# === normalize-output for blocks-14-0.01
# change these names to those of your script: nn, model
# once model is there, before model.to(device) and the optimizer:
names = [name for name, m in model.named_modules(remove_duplicate=False)
         if isinstance(m, nn.Linear)]
assert len(names) == 16, f"expected 16 nn.Linear, found {len(names)}: {names}"
for name in names[-1:]:  # dense-16
    parent, _, part = name.rpartition(".")
    child = model.get_submodule(name)
    norm = nn.LayerNorm(child.in_features)
    setattr(model.get_submodule(parent), part, nn.Sequential(norm, child))

# === raise-learning-rate for rate-1e-06-constant
# change these names to those of your script: torch, model, optimizer
# in place of the optimizer:
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

# === regularize-weights for momentum-1.0-32
# change these names to those of your script: torch, model, optimizer
# in place of the optimizer:
weights = [p for p in model.parameters() if p.ndim > 1]
others = [p for p in model.parameters() if p.ndim <= 1]
groups = [{"params": weights, "weight_decay": 0.0002}, {"params": others}]
optimizer = torch.optim.SGD(groups, lr=0.01, momentum=1.0)

# === reinitialize for linear-80-1.3
# change these names to those of your script: nn, model
# once model is there, before model.to(device) and the optimizer:
linears = [m for m in model.modules() if isinstance(m, nn.Linear)]
assert linears, "found no nn.Linear"
for layer in linears:
    nn.init.xavier_normal_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)

# === restore-setting for epsilon
# change these names to those of your script: torch, model, optimizer
# in place of the optimizer:
optimizer = torch.optim.Adam(
    model.parameters(), lr=0.001, betas=(0.9, 0.999), eps=1e-08)

# === simplify-network for linear-80-1.3
# change these names to those of your script: nn, model
# once model is there, before model.to(device) and the optimizer:
layers = [m for m in model.modules() if isinstance(m, nn.Linear)]
assert len(layers) == 81, f"expected 81 nn.Linear, found {len(layers)}: {layers}"
gone = set(layers[9:80])
for chain in [m for m in model.modules() if isinstance(m, (nn.Sequential, nn.ModuleList))]:
    starts = [i for i, m in enumerate(chain) if any(l in layers for l in m.modules())]
    for a, b in reversed([*zip(starts, starts[1:] + [len(chain)])]):
        if gone.issuperset(l for l in chain[a].modules() if l in layers):
            del chain[a:b]
assert not gone & set(model.modules()), "outside nn.Sequential and nn.ModuleList: by hand"

# === skip-bad-steps for 1-rows-1000.0-relu
# change these names to those of your script: torch, nn, model, optimizer
# before the loop:
import collections, math, statistics
norms, skipped = collections.deque(maxlen=64), 0
# in place of optimizer.step():
norm = torch.nn.utils.clip_grad_norm_(model.parameters(), float("inf")).item()
if len(norms) < 16:  # the first ones are measured only
    if math.isfinite(norm): norms.append(norm)
elif norm <= 10 * statistics.median(norms):  # false for nan
    norms.append(norm)
    skipped = 0
    optimizer.step()
else:
    skipped += 1
    if skipped == 16:  # so many in a row are the new usual
        norms.clear()
        skipped = 0

# === standardize-data for 1-rows-1000.0-relu
# change these names to those of your script: x_train, y_train, x_test, y_test
# once x_train, y_train, x_test and y_test are there:
# mean and deviation of the training part, for both parts
x_train, x_test = x_train * 1.0, x_test * 1.0  # bytes become floats
x_mean = x_train.mean(axis=0)
x_std = ((x_train - x_mean) ** 2).mean(axis=0) ** 0.5
x_std = x_std + (x_std == 0)  # a constant column becomes 0
x_train = (x_train - x_mean) / x_std
x_test = (x_test - x_mean) / x_std
y_train, y_test = y_train * 1.0, y_test * 1.0  # bytes become floats
y_mean = y_train.mean(axis=0)
y_std = ((y_train - y_mean) ** 2).mean(axis=0) ** 0.5
y_std = y_std + (y_std == 0)  # a constant column becomes 0
y_train = (y_train - y_mean) / y_std
y_test = (y_test - y_mean) / y_std
# in the targets' own units: prediction * y_std + y_mean

# === steady-schedule for exponential-rate
# change these names to those of your script: torch, optimizer, scheduler
# in place of the schedule:
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)

# === swap-activation for dense-dense
# change these names to those of your script: nn, model
# once model is there, before model.to(device) and the optimizer:
names = [name for name, m in model.named_modules(remove_duplicate=False)
         if type(m).__name__.lower() in ("exponential", "exp")]
assert names, "found no exponential; change forward by hand"
for name in names:
    parent, _, part = name.rpartition(".")
    setattr(model.get_submodule(parent), part, nn.ReLU())
linears = [m for m in model.modules() if isinstance(m, nn.Linear)]
assert len(linears) == 2, f"expected 2 nn.Linear, found {len(linears)}: {linears}"
for layer in linears[-1:]:  # dense-2
    nn.init.xavier_normal_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)

# === truncate-backpropagation for recurrent-30
# change these names to those of your script: torch, nn, model
# once model is there, before model.to(device) and the optimizer:
# no gradient flows back through more than 15 steps
class Truncated(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer
    def forward(self, x, state=None):
        time, outputs = (1 if self.layer.batch_first else 0), []
        for piece in x.flip(time).split(15, dim=time)[::-1]:
            if state is not None:  # an LSTM has two
                state = (state.detach() if torch.is_tensor(state)
                         else tuple(s.detach() for s in state))
            output, state = self.layer(piece.flip(time), state)
            outputs.append(output)
        return torch.cat(outputs, dim=time), state
names = [name for name, m in model.named_modules(remove_duplicate=False)
         if isinstance(m, nn.RNN)]
assert names, "found no nn.RNN"
for name in names:
    parent, _, part = name.rpartition(".")
    child = model.get_submodule(name)
    setattr(model.get_submodule(parent), part, Truncated(child))

# === warm-up for dense-dense
# change these names to those of your script: torch, optimizer
# before the loop:
warmup = torch.optim.lr_scheduler.LinearLR(
    optimizer, start_factor=1 / 10, total_iters=9)
# after optimizer.step():
warmup.step()

# === lower-learning-rate for adagrad
# change these names to those of your script: torch, model, optimizer
# in place of the optimizer:
optimizer = torch.optim.Adagrad(
    model.parameters(), lr=0.0001, eps=1e-10, initial_accumulator_value=0.0)

# === regularize-weights for adagrad
# change these names to those of your script: torch, model, optimizer
# in place of the optimizer:
weights = [p for p in model.parameters() if p.ndim > 1]
others = [p for p in model.parameters() if p.ndim <= 1]
groups = [{"params": weights, "weight_decay": 0.0002}, {"params": others}]
optimizer = torch.optim.Adagrad(
    groups, lr=0.01, eps=1e-10, initial_accumulator_value=0.0)

# === lower-learning-rate for rmsprop
# change these names to those of your script: torch, model, optimizer
# in place of the optimizer:
optimizer = torch.optim.RMSprop(
    model.parameters(), lr=0.0001, alpha=0.99, eps=1e-08)

# === regularize-weights for rmsprop
# change these names to those of your script: torch, model, optimizer
# in place of the optimizer:
weights = [p for p in model.parameters() if p.ndim > 1]
others = [p for p in model.parameters() if p.ndim <= 1]
groups = [{"params": weights, "weight_decay": 0.0002}, {"params": others}]
optimizer = torch.optim.RMSprop(groups, lr=0.01, alpha=0.99, eps=1e-08)

# === lower-learning-rate for adam
# change these names to those of your script: torch, model, optimizer
# in place of the optimizer:
optimizer = torch.optim.Adam(
    model.parameters(), lr=0.0001, betas=(0.9, 0.999), eps=1e-08)

# === regularize-weights for adam
# change these names to those of your script: torch, model, optimizer
# in place of the optimizer:
weights = [p for p in model.parameters() if p.ndim > 1]
others = [p for p in model.parameters() if p.ndim <= 1]
groups = [{"params": weights, "weight_decay": 0.0002}, {"params": others}]
optimizer = torch.optim.Adam(groups, lr=0.001, betas=(0.9, 0.999), eps=1e-08)

# === lower-learning-rate for adamw
# change these names to those of your script: torch, model, optimizer
# in place of the optimizer:
optimizer = torch.optim.AdamW(
    model.parameters(), lr=0.0001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.01)

# === regularize-weights for adamw
# change these names to those of your script: model, loss
# before loss.backward():
weights = [p for p in model.parameters() if p.ndim > 1]
loss = loss + 0.0001 * sum(w.square().sum() for w in weights)
