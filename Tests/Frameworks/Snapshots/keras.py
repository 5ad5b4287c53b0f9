# === adapt-learning-rate for rate-1.0
optimizer = keras.optimizers.Adam(learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-08)  # for model.compile

# === add-residuals for linear-80-1.3
def residual(x, block):
    return keras.layers.add([x, block(x)])
# x = residual(x, block) in place of x = block(x), for each block that keeps its width,
# … its last layer begun with its weights times 0.11

# === clip-gradients for rate-1.0
optimizer = keras.optimizers.SGD(learning_rate=1.0, global_clipnorm=1.0)  # for model.compile

# === constrain-weights for dense-dense
# dense-1 is the first keras.layers.Dense
keras.layers.Dense(32, activation="exponential", kernel_constraint=keras.constraints.MaxNorm(4.0, axis=0))  # dense-1
keras.layers.Dense(1, kernel_constraint=keras.constraints.MaxNorm(4.0, axis=0))  # dense-2

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
keep = np.all([is_usual(column) for column in columns.T], axis=0)
x_train, y_train = x_train[keep], y_train[keep]

# === ease-dropout for dropout-0.985-relu
for layer in model.layers:
    if isinstance(layer, keras.layers.Dropout):
        layer.rate = min(layer.rate, 0.5)

# === ease-penalty for sgd-penalty
# dense-1 is the first keras.layers.Dense
keras.layers.Dense(16, kernel_regularizer=keras.regularizers.L2(0.0001))  # dense-1
keras.layers.Dense(2, kernel_regularizer=keras.regularizers.L2(0.0001))  # dense-2

# === gate-recurrence for recurrent-30
keras.layers.GRU(24, return_sequences=False)  # in place of recurrent-1

# === lower-learning-rate for rate-1.0
optimizer = keras.optimizers.SGD(learning_rate=0.01)  # for model.compile

# === lower-momentum for momentum-1.0-32
optimizer = keras.optimizers.SGD(learning_rate=0.01, momentum=0.9)  # for model.compile

# === match-loss for relu-cross-entropy-24
# the model ends in its last linear layer, without the relu
loss = keras.losses.CategoricalCrossentropy(from_logits=True)  # for class numbers SparseCategoricalCrossentropy

# === normalize-batches for linear-80-1.3
# dense-1 is the first keras.layers.Dense; each between a Dense and its activation, which becomes a layer of its own
keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-05)  # behind dense-1 to dense-80

# === normalize-output for blocks-14-0.01
x = keras.layers.LayerNormalization()(x)  # before the last layer

# === raise-learning-rate for rate-1e-06-constant
optimizer = keras.optimizers.SGD(learning_rate=0.01)  # for model.compile

# === regularize-weights for momentum-1.0-32
# dense-1 is the first keras.layers.Dense
keras.layers.Dense(32, kernel_regularizer=keras.regularizers.L2(0.0001))  # dense-1
keras.layers.Dense(1, kernel_regularizer=keras.regularizers.L2(0.0001))  # dense-2

# === reinitialize for linear-80-1.3
# dense-1 is the first keras.layers.Dense
keras.layers.Dense(16, kernel_initializer="glorot_normal")  # dense-1 to dense-80
keras.layers.Dense(1, kernel_initializer="glorot_normal")  # dense-81

# === restore-setting for epsilon
optimizer = keras.optimizers.Adam(learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-08)  # for model.compile

# === simplify-network for linear-80-1.3
# where the model is built: at most 10 layers in a row remain
for _ in range(9):  # in place of 80
    model.add(keras.layers.Dense(16))

# === skip-bad-steps for 1-rows-1000.0-relu
import collections, statistics
norms = collections.deque(maxlen=64)  # once, before training
# in train_step of a subclass of keras.Model, run_eagerly=True, in place of optimizer.apply
norm = float(keras.ops.sqrt(sum(keras.ops.sum(keras.ops.square(g)) for g in gradients)))
usual = statistics.median(norms) if len(norms) >= 16 else norm
if norm <= 10 * usual:  # false for nan
    norms.append(norm)
    self.optimizer.apply(gradients, self.trainable_variables)

# === standardize-data for 1-rows-1000.0-relu
# before training: mean and deviation of the training part, for both parts
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
optimizer = keras.optimizers.SGD(learning_rate=0.005)  # for model.compile

# === swap-activation for dense-dense
keras.layers.Activation("relu")  # in place of exponential, behind dense-1
# dense-1 is the first keras.layers.Dense
keras.layers.Dense(32, activation="relu", kernel_initializer="he_normal")  # dense-1
keras.layers.Dense(1, kernel_initializer="glorot_normal")  # dense-2

# === truncate-backpropagation for recurrent-30
# sequences cut into pieces of 15 steps, fed one after the other: gradients end with each
keras.layers.SimpleRNN(units, stateful=True)  # or LSTM, GRU; reset_states() between rows

# === warm-up for dense-dense
rate = 0.01
warmup = keras.callbacks.LambdaCallback(  # for model.fit(…, callbacks=[warmup])
    on_train_batch_begin=lambda batch, logs: optimizer.learning_rate.assign(
        rate * min(1, (int(optimizer.iterations) + 1) / 10)))

# === lower-learning-rate for adagrad
optimizer = keras.optimizers.Adagrad(learning_rate=0.0001, epsilon=1e-10, initial_accumulator_value=0.0)  # for model.compile

# === regularize-weights for adagrad
# dense-1 is the first keras.layers.Dense
keras.layers.Dense(16, kernel_regularizer=keras.regularizers.L2(0.0001))  # dense-1
keras.layers.Dense(1, kernel_regularizer=keras.regularizers.L2(0.0001))  # dense-2

# === lower-learning-rate for rmsprop
optimizer = keras.optimizers.RMSprop(learning_rate=0.0001, rho=0.99, epsilon=1e-08)  # for model.compile

# === regularize-weights for rmsprop
# dense-1 is the first keras.layers.Dense
keras.layers.Dense(16, kernel_regularizer=keras.regularizers.L2(0.0001))  # dense-1
keras.layers.Dense(1, kernel_regularizer=keras.regularizers.L2(0.0001))  # dense-2

# === lower-learning-rate for adam
optimizer = keras.optimizers.Adam(learning_rate=0.0001, beta_1=0.9, beta_2=0.999, epsilon=1e-08)  # for model.compile

# === regularize-weights for adam
# dense-1 is the first keras.layers.Dense
keras.layers.Dense(16, kernel_regularizer=keras.regularizers.L2(0.0001))  # dense-1
keras.layers.Dense(1, kernel_regularizer=keras.regularizers.L2(0.0001))  # dense-2

# === lower-learning-rate for adamw
optimizer = keras.optimizers.AdamW(learning_rate=0.0001, beta_1=0.9, beta_2=0.999, epsilon=1e-08, weight_decay=0.01)  # for model.compile

# === regularize-weights for adamw
# dense-1 is the first keras.layers.Dense
keras.layers.Dense(16, kernel_regularizer=keras.regularizers.L2(0.0001))  # dense-1
keras.layers.Dense(1, kernel_regularizer=keras.regularizers.L2(0.0001))  # dense-2
