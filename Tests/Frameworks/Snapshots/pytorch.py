# === adapt-learning-rate for rate-1.0
optimizer = torch.optim.Adam(model.parameters(), lr=0.001, betas=(0.9, 0.999), eps=1e-08)

# === add-residuals for linear-80-1.3
class Residual(torch.nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)
# Residual(nn.Linear(n, n), nn.ReLU()) in place of each block that keeps its width n,
# … its last layer begun with its weights times 0.11

# === clip-gradients for rate-1.0
# between loss.backward() and optimizer.step()
torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)

# === constrain-weights for dense-dense
with torch.no_grad():  # after optimizer.step()
    for layer in model.modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            layer.weight.renorm_(p=2, dim=0, maxnorm=4.0)

# === drop-bad-rows for 1-rows-1000.0-relu
import numpy as np
def is_usual(column):
    column = np.asarray(column, dtype=np.float64)
    distance = np.abs(column - np.median(column[np.isfinite(column)]))
    near = np.sort(distance[np.isfinite(distance) & (distance > 0)])
    if len(near) < 10: return np.isfinite(column)
    usual = np.sqrt(np.mean(near[: len(near) * 9 // 10] ** 2))
    return distance <= 25 * usual  # false for nan
# before training; where more than a tenth would go, it is a heavy tail: keep all
columns = np.concatenate([np.reshape(x_train, (len(x_train), -1)), np.reshape(y_train, (len(y_train), -1))], axis=1)
keep = torch.tensor(np.all([is_usual(column) for column in columns.T], axis=0))
x_train, y_train = x_train[keep], y_train[keep]

# === ease-dropout for dropout-0.985-relu
for layer in model.modules():
    if isinstance(layer, nn.Dropout):
        layer.p = min(layer.p, 0.5)

# === ease-penalty for sgd-penalty
# the penalty 0.0001 Σ w² has the gradient 0.0002 w
weights = [p for p in model.parameters() if p.ndim > 1]
others = [p for p in model.parameters() if p.ndim <= 1]
groups = [{"params": weights, "weight_decay": 0.0002}, {"params": others}]
optimizer = torch.optim.SGD(groups, lr=0.01)

# === gate-recurrence for recurrent-30
torch.nn.GRU(features, 24, batch_first=True)  # in place of recurrent-1

# === lower-learning-rate for rate-1.0
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

# === lower-momentum for momentum-1.0-32
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

# === match-loss for relu-cross-entropy-24
# the model ends in its last linear layer, without the relu
criterion = nn.CrossEntropyLoss()  # on logits, and class numbers or probabilities

# === normalize-batches for linear-80-1.3
# dense-1 is the first nn.Linear; each between a layer and its activation
nn.BatchNorm1d(16)  # behind dense-1 to dense-80

# === normalize-output for blocks-14-0.01
last = model[-1]  # of an nn.Sequential; elsewhere before whatever comes last
model[-1] = nn.Sequential(nn.LayerNorm(last.in_features), last)

# === raise-learning-rate for rate-1e-06-constant
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

# === regularize-weights for momentum-1.0-32
# the penalty 0.0001 Σ w² has the gradient 0.0002 w
weights = [p for p in model.parameters() if p.ndim > 1]
others = [p for p in model.parameters() if p.ndim <= 1]
groups = [{"params": weights, "weight_decay": 0.0002}, {"params": others}]
optimizer = torch.optim.SGD(groups, lr=0.01, momentum=1.0)

# === reinitialize for linear-80-1.3
# dense-1 is the first nn.Linear; once, before training
linears = [m for m in model.modules() if isinstance(m, nn.Linear)]
for layer in linears[0:81]:  # dense-1 to dense-81
    nn.init.xavier_normal_(layer.weight)
for layer in linears:
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)

# === restore-setting for epsilon
optimizer = torch.optim.Adam(model.parameters(), lr=0.001, betas=(0.9, 0.999), eps=1e-08)

# === simplify-network for linear-80-1.3
# where the model is built: at most 10 layers in a row remain
for _ in range(9):  # in place of 80
    layers += [nn.LazyLinear(16)]

# === skip-bad-steps for 1-rows-1000.0-relu
import collections, statistics
norms = collections.deque(maxlen=64)  # once, before training
# in place of optimizer.step(), after loss.backward(); the clip measures, and changes nothing
norm = torch.nn.utils.clip_grad_norm_(model.parameters(), float("inf")).item()
usual = statistics.median(norms) if len(norms) >= 16 else norm
if norm <= 10 * usual:  # false for nan
    norms.append(norm)
    optimizer.step()

# === standardize-data for 1-rows-1000.0-relu
# before training: mean and deviation of the training part, for both parts
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
# in place of the schedule
scheduler = torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)

# === swap-activation for dense-dense
nn.ReLU()  # in place of exponential, behind dense-1
# dense-1 is the first nn.Linear; once, before training
linears = [m for m in model.modules() if isinstance(m, nn.Linear)]
for layer in linears[0:1]:  # dense-1
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
for layer in linears[1:2]:  # dense-2
    nn.init.xavier_normal_(layer.weight)
for layer in linears:
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)

# === truncate-backpropagation for recurrent-30
state = None
for piece in x.split(15, dim=1):  # in forward, in place of rnn(x)
    outputs, state = rnn(piece, state)
    state = state.detach()  # an LSTM has two: tuple(s.detach() for s in state)

# === warm-up for dense-dense
warmup = torch.optim.lr_scheduler.LinearLR(
    optimizer, start_factor=1 / 10, total_iters=9)
warmup.step()  # after every optimizer.step()

# === lower-learning-rate for adagrad
optimizer = torch.optim.Adagrad(model.parameters(), lr=0.0001, eps=1e-10, initial_accumulator_value=0.0)

# === regularize-weights for adagrad
# the penalty 0.0001 Σ w² has the gradient 0.0002 w
# adagrad divides it by the gradient's size like the rest; AdamW decays apart from that
weights = [p for p in model.parameters() if p.ndim > 1]
others = [p for p in model.parameters() if p.ndim <= 1]
groups = [{"params": weights, "weight_decay": 0.0002}, {"params": others}]
optimizer = torch.optim.Adagrad(groups, lr=0.01, eps=1e-10, initial_accumulator_value=0.0)

# === lower-learning-rate for rmsprop
optimizer = torch.optim.RMSprop(model.parameters(), lr=0.0001, alpha=0.99, eps=1e-08)

# === regularize-weights for rmsprop
# the penalty 0.0001 Σ w² has the gradient 0.0002 w
# rmsprop divides it by the gradient's size like the rest; AdamW decays apart from that
weights = [p for p in model.parameters() if p.ndim > 1]
others = [p for p in model.parameters() if p.ndim <= 1]
groups = [{"params": weights, "weight_decay": 0.0002}, {"params": others}]
optimizer = torch.optim.RMSprop(groups, lr=0.01, alpha=0.99, eps=1e-08)

# === lower-learning-rate for adam
optimizer = torch.optim.Adam(model.parameters(), lr=0.0001, betas=(0.9, 0.999), eps=1e-08)

# === regularize-weights for adam
# the penalty 0.0001 Σ w² has the gradient 0.0002 w
# adam divides it by the gradient's size like the rest; AdamW decays apart from that
weights = [p for p in model.parameters() if p.ndim > 1]
others = [p for p in model.parameters() if p.ndim <= 1]
groups = [{"params": weights, "weight_decay": 0.0002}, {"params": others}]
optimizer = torch.optim.Adam(groups, lr=0.001, betas=(0.9, 0.999), eps=1e-08)

# === lower-learning-rate for adamw
optimizer = torch.optim.AdamW(model.parameters(), lr=0.0001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.01)

# === regularize-weights for adamw
# before loss.backward()
weights = [p for p in model.parameters() if p.ndim > 1]
loss = loss + 0.0001 * sum(w.square().sum() for w in weights)
