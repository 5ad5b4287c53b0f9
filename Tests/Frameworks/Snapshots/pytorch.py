# === adapt-learning-rate for rate-1.0
# in place of the optimizer:
optimizer = torch.optim.Adam(
    model.parameters(), lr=0.001, betas=(0.9, 0.999), eps=1e-08)

# === add-residuals for linear-80-1.3
# once model is there, before model.to(device) and the optimizer:
class Residual(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)
starts = [i for i, m in enumerate(model) if isinstance(m, nn.Linear)]
for first, end in reversed([(starts[i], starts[i] + 1) for i in range(1, 80)]):
    block = Residual(*model[first:end])
    model = model[:first] + nn.Sequential(block) + model[end:]
linears = [m for m in model.modules() if isinstance(m, nn.Linear)]
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
# between loss.backward() and optimizer.step():
torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)

# === constrain-weights for dense-dense
# after optimizer.step():
for weight in model.parameters():
    if weight.ndim > 1:
        weight.data.renorm_(p=2, dim=0, maxnorm=4.0)

# === drop-bad-rows for 1-rows-1000.0-relu
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
x_train, y_train = x_train[torch.tensor(keep)], y_train[torch.tensor(keep)]

# === ease-dropout for dropout-0.985-relu
# once model is there, before model.to(device) and the optimizer:
dropouts = [m for m in model.modules() if isinstance(m, nn.Dropout)]
for layer in dropouts:
    layer.p = 0.5

# === ease-penalty for sgd-penalty
# in place of the optimizer:
weights = [p for p in model.parameters() if p.ndim > 1]
others = [p for p in model.parameters() if p.ndim <= 1]
groups = [{"params": weights, "weight_decay": 0.0002}, {"params": others}]
optimizer = torch.optim.SGD(groups, lr=0.01)
# before loss.backward():
# leave a penalty Σ w² out of the loss: weight_decay is it

# === gate-recurrence for recurrent-30
# once model is there, before model.to(device) and the optimizer:
places = [(m, name) for m in model.modules() for name, child in m.named_children()
          if isinstance(child, nn.RNN)]
for parent, name in places:
    child = getattr(parent, name)
    settings = child.input_size, child.hidden_size, child.num_layers
    setattr(parent, name, nn.GRU(*settings, batch_first=child.batch_first))
grus = [m for m in model.modules() if isinstance(m, nn.GRU)]
for layer in grus:
    for name, weight in layer.named_parameters():
        if name.startswith("weight_ih"):
            for gate in weight.data.split(layer.hidden_size):
                nn.init.xavier_normal_(gate)
        if name.startswith("weight_hh"):
            for gate in weight.data.split(layer.hidden_size):
                nn.init.orthogonal_(gate)

# === lower-learning-rate for rate-1.0
# in place of the optimizer:
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

# === lower-momentum for momentum-1.0-32
# in place of the optimizer:
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
# before loss.backward():
optimizer.zero_grad()  # gradients add up where it is missing

# === match-loss for relu-cross-entropy-24
# once model is there, before model.to(device) and the optimizer:
places = [(m, name) for m in model.modules() for name, child in m.named_children()
          if isinstance(child, nn.ReLU)]
for parent, name in places[-1:]:  # relu-2
    setattr(parent, name, nn.Identity())
# in place of the loss:
criterion = nn.CrossEntropyLoss()  # on logits, and class numbers or probabilities

# === normalize-batches for linear-80-1.3
# once model is there, before model.to(device) and the optimizer:
linears = [m for m in model.modules() if isinstance(m, nn.Linear)]
for layer in linears[:80]:  # dense-1 to dense-80
    layer.norm = nn.BatchNorm1d(layer.out_features)
    layer.register_forward_hook(lambda layer, inputs, output: layer.norm(output))

# === normalize-output for blocks-14-0.01
# once model is there, before model.to(device) and the optimizer:
linears = [m for m in model.modules() if isinstance(m, nn.Linear)]
for layer in linears[-1:]:  # dense-16
    layer.norm = nn.LayerNorm(layer.in_features)
    layer.register_forward_pre_hook(lambda layer, inputs: layer.norm(inputs[0]))

# === raise-learning-rate for rate-1e-06-constant
# in place of the optimizer:
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

# === regularize-weights for momentum-1.0-32
# in place of the optimizer:
weights = [p for p in model.parameters() if p.ndim > 1]
others = [p for p in model.parameters() if p.ndim <= 1]
groups = [{"params": weights, "weight_decay": 0.0002}, {"params": others}]
optimizer = torch.optim.SGD(groups, lr=0.01, momentum=1.0)

# === reinitialize for linear-80-1.3
# once model is there, before model.to(device) and the optimizer:
linears = [m for m in model.modules() if isinstance(m, nn.Linear)]
for layer in linears:
    nn.init.xavier_normal_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)

# === restore-setting for epsilon
# in place of the optimizer:
optimizer = torch.optim.Adam(
    model.parameters(), lr=0.001, betas=(0.9, 0.999), eps=1e-08)

# === simplify-network for linear-80-1.3
# once model is there, before model.to(device) and the optimizer:
starts = [i for i, m in enumerate(model) if isinstance(m, nn.Linear)]
parts = [model[a:b] for a, b in zip([0] + starts[1:], starts[1:] + [len(model)])]
model = nn.Sequential(*(m for i in (0, 1, 2, 3, 4, 5, 6, 7, 8, 80) for m in parts[i]))

# === skip-bad-steps for 1-rows-1000.0-relu
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
# once x_train, y_train, x_test and y_test are there:
# mean and deviation of the training part, for both parts
x_mean = x_train.mean(dim=0)
x_std = x_train.std(dim=0, correction=0)
x_std = x_std + (x_std == 0)  # a constant column becomes 0
x_train = (x_train - x_mean) / x_std
x_test = (x_test - x_mean) / x_std
y_mean = y_train.mean(dim=0)
y_std = y_train.std(dim=0, correction=0)
y_std = y_std + (y_std == 0)  # a constant column becomes 0
y_train = (y_train - y_mean) / y_std
y_test = (y_test - y_mean) / y_std
# in the targets' own units: prediction * y_std + y_mean

# === steady-schedule for exponential-rate
# in place of the schedule:
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)

# === swap-activation for dense-dense
# once model is there, before model.to(device) and the optimizer:
places = [(m, name) for m in model.modules() for name, child in m.named_children()
          if isinstance(child, type(model[1]))]
for parent, name in places:
    setattr(parent, name, nn.ReLU())
linears = [m for m in model.modules() if isinstance(m, nn.Linear)]
for layer in linears[-1:]:  # dense-2
    nn.init.xavier_normal_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)

# === truncate-backpropagation for recurrent-30
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
places = [(m, name) for m in model.modules() for name, child in m.named_children()
          if isinstance(child, nn.RNN)]
for parent, name in places:
    child = getattr(parent, name)
    setattr(parent, name, Truncated(child))

# === warm-up for dense-dense
# before the loop:
warmup = torch.optim.lr_scheduler.LinearLR(
    optimizer, start_factor=1 / 10, total_iters=9)
# after optimizer.step():
warmup.step()

# === lower-learning-rate for adagrad
# in place of the optimizer:
optimizer = torch.optim.Adagrad(
    model.parameters(), lr=0.0001, eps=1e-10, initial_accumulator_value=0.0)

# === regularize-weights for adagrad
# in place of the optimizer:
weights = [p for p in model.parameters() if p.ndim > 1]
others = [p for p in model.parameters() if p.ndim <= 1]
groups = [{"params": weights, "weight_decay": 0.0002}, {"params": others}]
optimizer = torch.optim.Adagrad(
    groups, lr=0.01, eps=1e-10, initial_accumulator_value=0.0)

# === lower-learning-rate for rmsprop
# in place of the optimizer:
optimizer = torch.optim.RMSprop(
    model.parameters(), lr=0.0001, alpha=0.99, eps=1e-08)

# === regularize-weights for rmsprop
# in place of the optimizer:
weights = [p for p in model.parameters() if p.ndim > 1]
others = [p for p in model.parameters() if p.ndim <= 1]
groups = [{"params": weights, "weight_decay": 0.0002}, {"params": others}]
optimizer = torch.optim.RMSprop(groups, lr=0.01, alpha=0.99, eps=1e-08)

# === lower-learning-rate for adam
# in place of the optimizer:
optimizer = torch.optim.Adam(
    model.parameters(), lr=0.0001, betas=(0.9, 0.999), eps=1e-08)

# === regularize-weights for adam
# in place of the optimizer:
weights = [p for p in model.parameters() if p.ndim > 1]
others = [p for p in model.parameters() if p.ndim <= 1]
groups = [{"params": weights, "weight_decay": 0.0002}, {"params": others}]
optimizer = torch.optim.Adam(groups, lr=0.001, betas=(0.9, 0.999), eps=1e-08)

# === lower-learning-rate for adamw
# in place of the optimizer:
optimizer = torch.optim.AdamW(
    model.parameters(), lr=0.0001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.01)

# === regularize-weights for adamw
# before loss.backward():
weights = [p for p in model.parameters() if p.ndim > 1]
loss = loss + 0.0001 * sum(w.square().sum() for w in weights)
