# === adapt-learning-rate for rate-1.0
# change these names to those of your script: keras, optimizer
# in place of the optimizer:
optimizer = keras.optimizers.Adam(
    learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-08)

# === add-residuals for linear-80-1.3
# change these names to those of your script: keras, model, x_train
# once model is there, before model.compile:
if not model.built: model(x_train[:1])  # makes its weights
def layers_of(part):  # with those inside others
    inside = part._flatten_layers(include_self=False, recursive=False)
    return [part] + [layer for one in inside for layer in layers_of(one)]
def begin(layer, **rules):  # draws weights anew
    for weight in layer.weights:
        if weight.name in rules:
            weight.assign(rules[weight.name].clone()(weight.shape))
layers = [m for m in layers_of(model) if isinstance(m, keras.layers.Dense)]
assert len(layers) == 81, f"expected 81 keras.layers.Dense, found {len(layers)}: {layers}"
assert hasattr(model, "inputs"), "change call() of a subclassed model by hand"
chain = [m for m in model.layers if not isinstance(m, keras.layers.InputLayer)]
starts = {}
for i, m in enumerate(chain):
    own = [n for n, l in enumerate(layers) if l in layers_of(m)]
    if len(own) == 1: starts[own[0]] = i
assert starts.keys() >= {*range(1, 80)}, "they are not in model.layers: add x by hand"
blocks = [(starts[i], starts[i] + 1) for i in range(1, 80)]
x = inputs = keras.Input(model.input_shape[1:])
for i, layer in enumerate(chain):
    if i in [end for first, end in blocks]:
        x = keras.layers.add([path, x])
    if i in [first for first, end in blocks]:
        path = x
    x = layer(x)
model = keras.Model(inputs, x)
linears = [m for m in layers_of(model) if isinstance(m, keras.layers.Dense)]
assert len(linears) == 81, f"expected 81 keras.layers.Dense, found {len(linears)}: {linears}"
for layer in [linears[i] for i in (0, 80)]:  # 2 dense layers
    begin(layer, kernel=keras.initializers.GlorotNormal(), bias=keras.initializers.Zeros())
for layer in linears[1:80]:  # dense-2 to dense-80
    begin(
        layer,
        kernel=keras.initializers.VarianceScaling(0.11**2, "fan_avg", "untruncated_normal"),
        bias=keras.initializers.Zeros())

# === clip-gradients for rate-1.0
# change these names to those of your script: keras, optimizer
# in place of the optimizer:
optimizer = keras.optimizers.SGD(learning_rate=1.0, global_clipnorm=1.0)

# === constrain-weights for dense-dense
# change these names to those of your script: keras, model, x_train
# once model is there, before model.compile:
if not model.built: model(x_train[:1])  # makes its weights
for weight in model.trainable_weights:
    if weight.name in ("kernel", "recurrent_kernel", "embeddings"):
        weight.constraint = keras.constraints.MaxNorm(4.0, axis=0)

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
# change these names to those of your script: model, x_train
# once model is there, before model.compile:
if not model.built: model(x_train[:1])  # makes its weights
def layers_of(part):  # with those inside others
    inside = part._flatten_layers(include_self=False, recursive=False)
    return [part] + [layer for one in inside for layer in layers_of(one)]
for layer in layers_of(model):
    for name in ("rate", "dropout", "recurrent_dropout"):
        if isinstance(vars(layer).get(name), float):
            setattr(layer, name, min(getattr(layer, name), 0.5))

# === ease-penalty for sgd-penalty
# change these names to those of your script: keras, model, x_train
# once model is there, before model.compile:
if not model.built: model(x_train[:1])  # makes its weights
for weight in model.trainable_weights:
    if weight.name in ("kernel", "recurrent_kernel", "embeddings"):
        weight.regularizer = keras.regularizers.L1L2(l2=0.0001)

# === gate-recurrence for recurrent-30
# change these names to those of your script: keras, model, x_train
# once model is there, before model.compile:
if not model.built: model(x_train[:1])  # makes its weights
def layers_of(part):  # with those inside others
    inside = part._flatten_layers(include_self=False, recursive=False)
    return [part] + [layer for one in inside for layer in layers_of(one)]
def begin(layer, **rules):  # draws weights anew
    for weight in layer.weights:
        if weight.name in rules:
            weight.assign(rules[weight.name].clone()(weight.shape))
recurrences = [m for m in layers_of(model) if isinstance(m, keras.layers.SimpleRNN)]
assert recurrences, "found no keras.layers.SimpleRNN"
def replaced(layer):
    if layer not in recurrences: return layer
    return keras.layers.GRU(layer.units, return_sequences=layer.return_sequences)
model = keras.models.clone_model(model, clone_function=replaced, recursive=True)
grus = [m for m in layers_of(model) if isinstance(m, keras.layers.GRU)]
assert grus, "found no keras.layers.GRU"
for layer in grus:
    begin(
        layer,
        kernel=keras.initializers.GlorotNormal(),
        recurrent_kernel=keras.initializers.Orthogonal())

# === lower-learning-rate for rate-1.0
# change these names to those of your script: keras, optimizer
# in place of the optimizer:
optimizer = keras.optimizers.SGD(learning_rate=0.01)

# === lower-momentum for momentum-1.0-32
# change these names to those of your script: keras, optimizer
# in place of the optimizer:
optimizer = keras.optimizers.SGD(learning_rate=0.01, momentum=0.9)

# === match-loss for relu-cross-entropy-24
# change these names to those of your script: keras, model, loss, x_train, y_train
# once model is there, before model.compile:
if not model.built: model(x_train[:1])  # makes its weights
def layers_of(part):  # with those inside others
    inside = part._flatten_layers(include_self=False, recursive=False)
    return [part] + [layer for one in inside for layer in layers_of(one)]
def activation(layer):  # its name, in small letters
    kind = getattr(layer, "activation", type(layer))
    return getattr(kind, "__name__", "").replace("_", "").lower()
found = [m for m in layers_of(model) if activation(m) == "relu"]
assert len(found) == 2, f"expected 2 relu, found {found}; change call by hand"
for layer in found[-1:]:  # relu-2
    if not hasattr(layer, "activation"): layer.__class__ = keras.layers.Activation
    layer.activation = keras.activations.linear
# in place of the loss:
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)  # class numbers
if y_train[0].size > 1:  # rows of probabilities
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)

# === normalize-batches for linear-80-1.3
# change these names to those of your script: keras, model, x_train
# once model is there, before model.compile:
if not model.built: model(x_train[:1])  # makes its weights
def layers_of(part):  # with those inside others
    inside = part._flatten_layers(include_self=False, recursive=False)
    return [part] + [layer for one in inside for layer in layers_of(one)]
linears = [m for m in layers_of(model) if isinstance(m, keras.layers.Dense)]
assert len(linears) == 81, f"expected 81 keras.layers.Dense, found {len(linears)}: {linears}"
def normalized(layer):
    if layer not in linears[:80]: return layer  # dense-1 to dense-80
    act, layer.activation = layer.activation, keras.activations.linear
    norm = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-05)
    return keras.Sequential([layer, norm, keras.layers.Activation(act)])
model = keras.models.clone_model(model, clone_function=normalized, recursive=True)

# === normalize-output for blocks-14-0.01
# change these names to those of your script: keras, model, x_train
# once model is there, before model.compile:
if not model.built: model(x_train[:1])  # makes its weights
def layers_of(part):  # with those inside others
    inside = part._flatten_layers(include_self=False, recursive=False)
    return [part] + [layer for one in inside for layer in layers_of(one)]
linears = [m for m in layers_of(model) if isinstance(m, keras.layers.Dense)]
assert len(linears) == 16, f"expected 16 keras.layers.Dense, found {len(linears)}: {linears}"
def normalized(layer):
    if layer not in linears[-1:]: return layer  # dense-16
    return keras.Sequential([keras.layers.LayerNormalization(), layer])
model = keras.models.clone_model(model, clone_function=normalized, recursive=True)

# === raise-learning-rate for rate-1e-06-constant
# change these names to those of your script: keras, optimizer
# in place of the optimizer:
optimizer = keras.optimizers.SGD(learning_rate=0.01)

# === regularize-weights for momentum-1.0-32
# change these names to those of your script: keras, model, x_train
# once model is there, before model.compile:
if not model.built: model(x_train[:1])  # makes its weights
for weight in model.trainable_weights:
    if weight.name in ("kernel", "recurrent_kernel", "embeddings"):
        weight.regularizer = keras.regularizers.L1L2(l2=0.0001)

# === reinitialize for linear-80-1.3
# change these names to those of your script: keras, model, x_train
# once model is there, before model.compile:
if not model.built: model(x_train[:1])  # makes its weights
def layers_of(part):  # with those inside others
    inside = part._flatten_layers(include_self=False, recursive=False)
    return [part] + [layer for one in inside for layer in layers_of(one)]
def begin(layer, **rules):  # draws weights anew
    for weight in layer.weights:
        if weight.name in rules:
            weight.assign(rules[weight.name].clone()(weight.shape))
linears = [m for m in layers_of(model) if isinstance(m, keras.layers.Dense)]
assert linears, "found no keras.layers.Dense"
for layer in linears:
    begin(layer, kernel=keras.initializers.GlorotNormal(), bias=keras.initializers.Zeros())

# === restore-setting for epsilon
# change these names to those of your script: keras, optimizer
# in place of the optimizer:
optimizer = keras.optimizers.Adam(
    learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-08)

# === simplify-network for linear-80-1.3
# change these names to those of your script: keras, model, x_train
# once model is there, before model.compile:
if not model.built: model(x_train[:1])  # makes its weights
def layers_of(part):  # with those inside others
    inside = part._flatten_layers(include_self=False, recursive=False)
    return [part] + [layer for one in inside for layer in layers_of(one)]
layers = [m for m in layers_of(model) if isinstance(m, keras.layers.Dense)]
assert len(layers) == 81, f"expected 81 keras.layers.Dense, found {len(layers)}: {layers}"
assert hasattr(model, "inputs"), "change call() of a subclassed model by hand"
chain = [m for m in model.layers if not isinstance(m, keras.layers.InputLayer)]
starts = [i for i, m in enumerate(chain) if any(l in layers for l in layers_of(m))]
assert len(starts) == 81, "a layer holds several of them: shorten it by hand"
for i in reversed(range(9, 80)): del chain[starts[i]:starts[i + 1]]
model = keras.Sequential([keras.Input(model.input_shape[1:]), *chain])

# === skip-bad-steps for 1-rows-1000.0-relu
# change these names to those of your script: keras, model, optimizer
# before model.fit:
import collections, math, statistics
norms, skipped = collections.deque(maxlen=64), 0
apply = optimizer.apply
def apply_usual(gradients, variables=None):  # model.compile(…, run_eagerly=True)
    global skipped
    norm = float(keras.ops.sqrt(sum(keras.ops.sum(keras.ops.square(g)) for g in gradients)))
    if len(norms) < 16:  # the first ones are measured only
        if math.isfinite(norm): norms.append(norm)
    elif norm <= 10 * statistics.median(norms):  # false for nan
        norms.append(norm)
        skipped = 0
        apply(gradients, variables)
    else:
        skipped += 1
        if skipped == 16:  # so many in a row are the new usual
            norms.clear()
            skipped = 0
optimizer.apply = apply_usual

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
# change these names to those of your script: keras, optimizer
# in place of the optimizer:
optimizer = keras.optimizers.SGD(learning_rate=0.005)
# by hand: leave a LearningRateScheduler out of model.fit(…, callbacks=[…])

# === swap-activation for dense-dense
# change these names to those of your script: keras, model, x_train
# once model is there, before model.compile:
if not model.built: model(x_train[:1])  # makes its weights
def layers_of(part):  # with those inside others
    inside = part._flatten_layers(include_self=False, recursive=False)
    return [part] + [layer for one in inside for layer in layers_of(one)]
def activation(layer):  # its name, in small letters
    kind = getattr(layer, "activation", type(layer))
    return getattr(kind, "__name__", "").replace("_", "").lower()
def begin(layer, **rules):  # draws weights anew
    for weight in layer.weights:
        if weight.name in rules:
            weight.assign(rules[weight.name].clone()(weight.shape))
found = [m for m in layers_of(model) if activation(m) in ("exponential", "exp")]
assert found, "found no exponential; change call by hand"
for layer in found:
    layer.activation = keras.activations.relu
linears = [m for m in layers_of(model) if isinstance(m, keras.layers.Dense)]
assert len(linears) == 2, f"expected 2 keras.layers.Dense, found {len(linears)}: {linears}"
for layer in linears[-1:]:  # dense-2
    begin(layer, kernel=keras.initializers.GlorotNormal(), bias=keras.initializers.Zeros())

# === truncate-backpropagation for recurrent-30
# change these names to those of your script: keras, model, x_train
# once model is there, before model.compile:
if not model.built: model(x_train[:1])  # makes its weights
def layers_of(part):  # with those inside others
    inside = part._flatten_layers(include_self=False, recursive=False)
    return [part] + [layer for one in inside for layer in layers_of(one)]
# no gradient flows back through more than 15 steps
class Truncated(keras.layers.Wrapper):
    def call(self, x):
        layer, outputs, state = self.layer, [], None
        length = x.shape[1]
        ends = [*range(length % 15 or 15, length + 1, 15)]
        for start, end in zip([0] + ends, ends):
            output, *state = layer(x[:, start:end], initial_state=state and
                                   [keras.ops.stop_gradient(s) for s in state])
            outputs.append(output)
        return keras.ops.concatenate(outputs, axis=1) if self.all else output[:, -1]
recurrences = [m for m in layers_of(model) if isinstance(m, keras.layers.SimpleRNN)]
assert recurrences, "found no keras.layers.SimpleRNN"
def truncated(layer):
    if layer not in recurrences: return layer
    result = Truncated(layer)
    result.all = layer.return_sequences
    layer.return_sequences = layer.return_state = True
    return result
model = keras.models.clone_model(model, clone_function=truncated, recursive=True)

# === warm-up for dense-dense
# change these names to those of your script: keras, model, optimizer
# before model.fit:
rate = float(optimizer.learning_rate)
warmup = keras.callbacks.LambdaCallback(  # for model.fit(…, callbacks=[warmup])
    on_train_batch_begin=lambda batch, logs: optimizer.learning_rate.assign(
        rate * min(1, (int(optimizer.iterations) + 1) / 10)))

# === lower-learning-rate for adagrad
# change these names to those of your script: keras, optimizer
# in place of the optimizer:
optimizer = keras.optimizers.Adagrad(
    learning_rate=0.0001, epsilon=1e-10, initial_accumulator_value=0.0)

# === regularize-weights for adagrad
# change these names to those of your script: keras, model, x_train
# once model is there, before model.compile:
if not model.built: model(x_train[:1])  # makes its weights
for weight in model.trainable_weights:
    if weight.name in ("kernel", "recurrent_kernel", "embeddings"):
        weight.regularizer = keras.regularizers.L1L2(l2=0.0001)

# === lower-learning-rate for rmsprop
# change these names to those of your script: keras, optimizer
# in place of the optimizer:
optimizer = keras.optimizers.RMSprop(
    learning_rate=0.0001, rho=0.99, epsilon=1e-08)

# === regularize-weights for rmsprop
# change these names to those of your script: keras, model, x_train
# once model is there, before model.compile:
if not model.built: model(x_train[:1])  # makes its weights
for weight in model.trainable_weights:
    if weight.name in ("kernel", "recurrent_kernel", "embeddings"):
        weight.regularizer = keras.regularizers.L1L2(l2=0.0001)

# === lower-learning-rate for adam
# change these names to those of your script: keras, optimizer
# in place of the optimizer:
optimizer = keras.optimizers.Adam(
    learning_rate=0.0001, beta_1=0.9, beta_2=0.999, epsilon=1e-08)

# === regularize-weights for adam
# change these names to those of your script: keras, model, x_train
# once model is there, before model.compile:
if not model.built: model(x_train[:1])  # makes its weights
for weight in model.trainable_weights:
    if weight.name in ("kernel", "recurrent_kernel", "embeddings"):
        weight.regularizer = keras.regularizers.L1L2(l2=0.0001)

# === lower-learning-rate for adamw
# change these names to those of your script: keras, optimizer
# in place of the optimizer:
optimizer = keras.optimizers.AdamW(
    learning_rate=0.0001, beta_1=0.9, beta_2=0.999, epsilon=1e-08, weight_decay=0.01)

# === regularize-weights for adamw
# change these names to those of your script: keras, model, x_train
# once model is there, before model.compile:
if not model.built: model(x_train[:1])  # makes its weights
for weight in model.trainable_weights:
    if weight.name in ("kernel", "recurrent_kernel", "embeddings"):
        weight.regularizer = keras.regularizers.L1L2(l2=0.0001)
