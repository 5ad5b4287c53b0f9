# === adapt-learning-rate for rate-1.0
# in place of the optimizer:
optimizer = keras.optimizers.Adam(
    learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-08)

# === add-residuals for linear-80-1.3
# once model is there, before model.compile:
starts = [i for i, m in enumerate(model.layers) if isinstance(m, keras.layers.Dense)]
blocks = [(starts[i], starts[i] + 1) for i in range(1, 80)]
x = inputs = keras.Input(model.input_shape[1:])
for i, layer in enumerate(model.layers):
    if i in [end for first, end in blocks]:
        x = keras.layers.add([path, x])
    if i in [first for first, end in blocks]:
        path = x
    x = layer(x)
model = keras.Model(inputs, x)
linears = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
def remade(layer):
    config = layer.get_config()
    if layer in ([linears[i] for i in (0, 80)]):  # 2 dense layers
        config["kernel_initializer"] = "glorot_normal"
        config["bias_initializer"] = "zeros"
    if layer in linears[1:80]:  # dense-2 to dense-80
        config["kernel_initializer"] = keras.initializers.VarianceScaling(
            scale=0.0121, mode="fan_avg", distribution="untruncated_normal")
        config["bias_initializer"] = "zeros"
    return type(layer).from_config(config)
model = keras.models.clone_model(model, clone_function=remade)

# === clip-gradients for rate-1.0
# in place of the optimizer:
optimizer = keras.optimizers.SGD(learning_rate=1.0, global_clipnorm=1.0)

# === constrain-weights for dense-dense
# once model is there, before model.compile:
linears = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
def remade(layer):
    config = layer.get_config()
    if layer in linears:
        config["kernel_constraint"] = keras.constraints.MaxNorm(4.0, axis=0)
    return type(layer).from_config(config)
model = keras.models.clone_model(model, clone_function=remade)

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
x_train, y_train = x_train[keep], y_train[keep]

# === ease-dropout for dropout-0.985-relu
# once model is there, before model.compile:
dropouts = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
def remade(layer):
    config = layer.get_config()
    if layer in dropouts:
        config["rate"] = 0.5
    return type(layer).from_config(config)
model = keras.models.clone_model(model, clone_function=remade)

# === ease-penalty for sgd-penalty
# once model is there, before model.compile:
linears = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
def remade(layer):
    config = layer.get_config()
    if layer in linears:
        config["kernel_regularizer"] = keras.regularizers.L1L2(l2=0.0001)
    return type(layer).from_config(config)
model = keras.models.clone_model(model, clone_function=remade)

# === gate-recurrence for recurrent-30
# once model is there, before model.compile:
recurrences = [layer for layer in model.layers if isinstance(layer, keras.layers.SimpleRNN)]
def replaced(layer):
    config = layer.get_config()
    if layer in recurrences:
        return keras.layers.GRU(config["units"], return_sequences=config["return_sequences"])
    return type(layer).from_config(config)
model = keras.models.clone_model(model, clone_function=replaced)
grus = [layer for layer in model.layers if isinstance(layer, keras.layers.GRU)]
def remade(layer):
    config = layer.get_config()
    if layer in grus:
        config["kernel_initializer"] = "glorot_normal"
        config["recurrent_initializer"] = "orthogonal"
    return type(layer).from_config(config)
model = keras.models.clone_model(model, clone_function=remade)

# === lower-learning-rate for rate-1.0
# in place of the optimizer:
optimizer = keras.optimizers.SGD(learning_rate=0.01)

# === lower-momentum for momentum-1.0-32
# in place of the optimizer:
optimizer = keras.optimizers.SGD(learning_rate=0.01, momentum=0.9)

# === match-loss for relu-cross-entropy-24
# once model is there, before model.compile:
relus = [l for l in model.layers if l.get_config().get("activation") == "relu"]
def remade(layer):
    config = layer.get_config()
    if layer in relus[-1:]:  # relu-2
        config["activation"] = "linear"
    return type(layer).from_config(config)
model = keras.models.clone_model(model, clone_function=remade)
# in place of the loss:
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)  # class numbers
if y_train[0].size > 1:  # rows of probabilities
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)

# === normalize-batches for linear-80-1.3
# once model is there, before model.compile:
linears = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
def normalized(layer):
    config = layer.get_config()
    if layer not in linears[:80]:  # dense-1 to dense-80
        return type(layer).from_config(config)
    product = type(layer).from_config(config | {"activation": "linear"})
    return keras.Sequential([product, keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-05),
                             keras.layers.Activation(config["activation"])])
model = keras.models.clone_model(model, clone_function=normalized)

# === normalize-output for blocks-14-0.01
# once model is there, before model.compile:
linears = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
def normalized(layer):
    same = type(layer).from_config(layer.get_config())
    if layer is not linears[15]:
        return same
    return keras.Sequential([keras.layers.LayerNormalization(), same])
model = keras.models.clone_model(model, clone_function=normalized)

# === raise-learning-rate for rate-1e-06-constant
# in place of the optimizer:
optimizer = keras.optimizers.SGD(learning_rate=0.01)

# === regularize-weights for momentum-1.0-32
# once model is there, before model.compile:
linears = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
def remade(layer):
    config = layer.get_config()
    if layer in linears:
        config["kernel_regularizer"] = keras.regularizers.L1L2(l2=0.0001)
    return type(layer).from_config(config)
model = keras.models.clone_model(model, clone_function=remade)

# === reinitialize for linear-80-1.3
# once model is there, before model.compile:
linears = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
def remade(layer):
    config = layer.get_config()
    if layer in linears:
        config["kernel_initializer"] = "glorot_normal"
        config["bias_initializer"] = "zeros"
    return type(layer).from_config(config)
model = keras.models.clone_model(model, clone_function=remade)

# === restore-setting for epsilon
# in place of the optimizer:
optimizer = keras.optimizers.Adam(
    learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-08)

# === simplify-network for linear-80-1.3
# once model is there, before model.compile:
layers = model.layers
starts = [i for i, m in enumerate(layers) if isinstance(m, keras.layers.Dense)]
parts = [layers[a:b] for a, b in zip([0] + starts[1:], starts[1:] + [len(layers)])]
model = keras.Sequential([keras.Input(model.input_shape[1:])]
                         + [m for i in (0, 1, 2, 3, 4, 5, 6, 7, 8, 80) for m in parts[i]])

# === skip-bad-steps for 1-rows-1000.0-relu
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
# once x_train, y_train, x_test and y_test are there:
# mean and deviation of the training part, for both parts
x_mean = x_train.mean(axis=0)
x_std = x_train.std(axis=0)
x_std = x_std + (x_std == 0)  # a constant column becomes 0
x_train = (x_train - x_mean) / x_std
x_test = (x_test - x_mean) / x_std
y_mean = y_train.mean(axis=0)
y_std = y_train.std(axis=0)
y_std = y_std + (y_std == 0)  # a constant column becomes 0
y_train = (y_train - y_mean) / y_std
y_test = (y_test - y_mean) / y_std
# in the targets' own units: prediction * y_std + y_mean

# === steady-schedule for exponential-rate
# in place of the optimizer:
optimizer = keras.optimizers.SGD(learning_rate=0.005)

# === swap-activation for dense-dense
# once model is there, before model.compile:
exponentials = [l for l in model.layers if l.get_config().get("activation") == "exponential"]
linears = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
def remade(layer):
    config = layer.get_config()
    if layer in exponentials:
        config["activation"] = "relu"
    if layer in linears[-1:]:  # dense-2
        config["kernel_initializer"] = "glorot_normal"
        config["bias_initializer"] = "zeros"
    return type(layer).from_config(config)
model = keras.models.clone_model(model, clone_function=remade)

# === truncate-backpropagation for recurrent-30
# once model is there, before model.compile:
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
recurrences = [layer for layer in model.layers if isinstance(layer, keras.layers.SimpleRNN)]
def truncated(layer):
    config = layer.get_config()
    if layer not in recurrences:
        return type(layer).from_config(config)
    whole = config | {"return_sequences": True, "return_state": True}
    result = Truncated(type(layer).from_config(whole))
    result.all = config["return_sequences"]
    return result
model = keras.models.clone_model(model, clone_function=truncated)

# === warm-up for dense-dense
# before model.fit:
rate = 0.01
warmup = keras.callbacks.LambdaCallback(  # for model.fit(…, callbacks=[warmup])
    on_train_batch_begin=lambda batch, logs: optimizer.learning_rate.assign(
        rate * min(1, (int(optimizer.iterations) + 1) / 10)))

# === lower-learning-rate for adagrad
# in place of the optimizer:
optimizer = keras.optimizers.Adagrad(
    learning_rate=0.0001, epsilon=1e-10, initial_accumulator_value=0.0)

# === regularize-weights for adagrad
# once model is there, before model.compile:
linears = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
def remade(layer):
    config = layer.get_config()
    if layer in linears:
        config["kernel_regularizer"] = keras.regularizers.L1L2(l2=0.0001)
    return type(layer).from_config(config)
model = keras.models.clone_model(model, clone_function=remade)

# === lower-learning-rate for rmsprop
# in place of the optimizer:
optimizer = keras.optimizers.RMSprop(
    learning_rate=0.0001, rho=0.99, epsilon=1e-08)

# === regularize-weights for rmsprop
# once model is there, before model.compile:
linears = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
def remade(layer):
    config = layer.get_config()
    if layer in linears:
        config["kernel_regularizer"] = keras.regularizers.L1L2(l2=0.0001)
    return type(layer).from_config(config)
model = keras.models.clone_model(model, clone_function=remade)

# === lower-learning-rate for adam
# in place of the optimizer:
optimizer = keras.optimizers.Adam(
    learning_rate=0.0001, beta_1=0.9, beta_2=0.999, epsilon=1e-08)

# === regularize-weights for adam
# once model is there, before model.compile:
linears = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
def remade(layer):
    config = layer.get_config()
    if layer in linears:
        config["kernel_regularizer"] = keras.regularizers.L1L2(l2=0.0001)
    return type(layer).from_config(config)
model = keras.models.clone_model(model, clone_function=remade)

# === lower-learning-rate for adamw
# in place of the optimizer:
optimizer = keras.optimizers.AdamW(
    learning_rate=0.0001, beta_1=0.9, beta_2=0.999, epsilon=1e-08, weight_decay=0.01)

# === regularize-weights for adamw
# once model is there, before model.compile:
linears = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
def remade(layer):
    config = layer.get_config()
    if layer in linears:
        config["kernel_regularizer"] = keras.regularizers.L1L2(l2=0.0001)
    return type(layer).from_config(config)
model = keras.models.clone_model(model, clone_function=remade)
