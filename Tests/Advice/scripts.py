"""Training scripts for PyTorch and Keras, as people write them, made from a recipe.

A recipe comes as 'keel show --json' prints it. Nothing here knows what Keel advises: it only says what
the sick training is in the other framework.
"""

import math
import re

ACTIVATIONS = {  # in Keras the names are the same, with _ for -
    "linear": "nn.Identity()", "relu": "nn.ReLU()", "leaky-relu": "nn.LeakyReLU({slope})",
    "elu": "nn.ELU({alpha})", "selu": "nn.SELU()", "gelu": "nn.GELU()", "silu": "nn.SiLU()",
    "softplus": "nn.Softplus({beta})", "sigmoid": "nn.Sigmoid()", "tanh": "nn.Tanh()",
    "hard-tanh": "nn.Hardtanh()", "softmax": "nn.Softmax(dim=-1)", "exponential": "Exponential()",
}


def named(choice):
    """The name and the settings of an ingredient."""
    return next(iter(choice.items())) if isinstance(choice, dict) else (choice, {})


def first(settings, name, default):
    """A setting; some stand for the whole."""
    return settings.get(name, default) if isinstance(settings, dict) else settings


def expanded(layers):
    """Layers with every repeat written out."""
    for layer in layers:
        name, settings = named(layer)
        if name == "repeat":
            for _ in range(settings["times"]):
                yield from expanded(settings["layers"])
        else:
            yield name, settings


def per_layer(rules):
    """(slice, rule) for runs of layers with the same rule."""
    runs = []
    for index, rule in enumerate(rules):
        if runs and runs[-1][1] == rule:
            runs[-1][0][1] = index + 1
        else:
            runs.append([[index, index + 1], rule])
    return [(f"[{a}:{b}]", rule) for (a, b), rule in runs]


class Initial:
    """How weights begin, layer by layer of each kind."""

    def __init__(self, recipe):
        self.rules = {}
        self.walk(recipe["model"], recipe["initializer"])

    def walk(self, layers, inherited):
        for name, settings in expanded(layers):
            if name == "residual":
                self.walk(settings["layers"], inherited)
            elif name in ("dense", "conv2d", "recurrent", "lstm", "gru", "embedding", "attention"):
                rule = settings.get("initializer", inherited)
                other = settings.get("recurrent-initializer", settings.get("bias-initializer"))
                self.rules.setdefault(name, []).append((rule, other))


# MARK: PyTorch


def torch_draw(rule, weight):
    name, s = named(rule)
    if name == "normal":
        return f"nn.init.normal_({weight}, 0, {first(s, 'std', 1)})"
    if name == "uniform":
        return f"nn.init.uniform_({weight}, -{first(s, 'limit', 1)}, {first(s, 'limit', 1)})"
    if name == "constant":
        return f"nn.init.constant_({weight}, {first(s, 'value', 0)})"
    if name == "zeros":
        return f"nn.init.zeros_({weight})"
    if name == "orthogonal":
        return f"nn.init.orthogonal_({weight}, {first(s, 'gain', 1)})"
    gain = {"he": math.sqrt(2), "xavier": 1, "lecun": 1}[name]
    scale = s.get("scale", 1)
    if s.get("mode") == "fan-average":
        drawn = f"nn.init.xavier_{s['distribution']}_({weight}, gain={gain})"
    else:
        kind = "relu" if name == "he" else "linear"
        drawn = f"nn.init.kaiming_{s['distribution']}_({weight}, nonlinearity='{kind}')"
    return drawn if scale == 1 else f"{drawn}; {weight}.data.mul_({scale})"


def torch_initial(recipe):
    classes = {"dense": "Linear", "conv2d": "Conv2d", "recurrent": "RNN", "lstm": "LSTM", "gru": "GRU",
               "embedding": "Embedding", "attention": "MultiheadAttention"}
    lines = []
    for kind, rules in Initial(recipe).rules.items():
        lines.append(f"found = [m for m in model.modules() if type(m) is nn.{classes[kind]}]")
        for part, (rule, other) in per_layer(rules):
            lines.append(f"for m in found{part}:")
            if kind in ("dense", "conv2d"):
                lines += ["    " + torch_draw(rule, "m.weight")]
                lines += ["    if m.bias is not None: " + torch_draw(other, "m.bias")]
            elif kind == "embedding":
                lines += ["    " + torch_draw(rule, "m.weight")]
            elif kind == "attention":
                lines += ["    for w in [*m.in_proj_weight.data.chunk(3), m.out_proj.weight.data]:"]
                lines += ["        " + torch_draw(rule, "w")]
            else:
                lines += ["    for name, w in m.named_parameters():",
                          "        for gate in w.data.split(m.hidden_size):",
                          "            if name.startswith('weight_ih'): " + torch_draw(rule, "gate"),
                          "            if name.startswith('weight_hh'): " + torch_draw(other, "gate"),
                          "            if name.startswith('bias'): nn.init.zeros_(gate)"]
    return lines


class Torch:
    """Modules of a network, each with the size of what goes into it."""

    def __init__(self, shape):
        self.shape = list(shape)  # channels last, as a recipe has it

    def modules(self, layers):
        return [m for name, s in expanded(layers) for m in self.layer(name, s)]

    def activation(self, choice):
        name, settings = named(choice)
        if name == "linear":
            return []
        values = settings if isinstance(settings, dict) else dict.fromkeys(["slope", "alpha", "beta"], settings)
        return [ACTIVATIONS[name].format(**values)]

    def layer(self, name, s):
        if name in ACTIVATIONS:
            return self.activation({name: s}) or []
        width = self.shape[-1]
        if name == "dense":
            self.shape[-1] = s["units"]
            bias = "" if s["bias"] else ", bias=False"
            return [f"nn.Linear({width}, {s['units']}{bias})"] + self.activation(s["activation"])
        if name == "conv2d":
            self.shape = [self.shape[0] - s["kernel"] + 1, self.shape[1] - s["kernel"] + 1, s["filters"]]
            return [f"nn.Conv2d({width}, {s['filters']}, {s['kernel']})"] + self.activation(s["activation"])
        if name == "max-pool2d":
            self.shape = [self.shape[0] // 2, self.shape[1] // 2, width]
            return ["nn.MaxPool2d(2)"]
        if name == "flatten":
            self.shape = [math.prod(self.shape)]
            return ["nn.Flatten()"]
        if name == "dropout":
            return [f"nn.Dropout({first(s, 'rate', 0.5)})"]
        if name == "batch-norm":
            kind = "2d" if len(self.shape) == 3 else "1d"
            return [f"nn.BatchNorm{kind}({width}, momentum={s['momentum']}, eps={s['epsilon']})"]
        if name == "layer-norm":
            return [f"nn.LayerNorm({width}, eps={s['epsilon']})"]
        if name == "rms-norm":
            return [f"nn.RMSNorm({width}, eps={s['epsilon']})"]
        if name in ("recurrent", "lstm", "gru"):
            self.shape = [self.shape[0], s["units"]] if s["return"] == "sequence" else [s["units"]]
            kind = {"recurrent": "RNN", "lstm": "LSTM", "gru": "GRU"}[name]
            extra = ", nonlinearity='relu'" if s.get("activation") == "relu" else ""
            whole = s["return"] == "sequence"
            return [f"Recurrence(nn.{kind}({width}, {s['units']}, batch_first=True{extra}), {whole})"]
        if name == "embedding":
            time = self.shape[0]
            self.shape = [time, s["units"]]
            return [f"Tokens({s['tokens']}, {s['units']})"]
        if name == "attention":
            return [f"SelfAttention({width}, {s['heads']})"]
        if name == "residual":
            return [f"Block({', '.join(self.modules(s['layers']))})"]
        raise ValueError(f"no module for {name}")


TORCH_CLASSES = {
    "Exponential(": """class Exponential(nn.Module):
    def forward(self, x):
        return torch.exp(x)
""",
    "Recurrence(": """class Recurrence(nn.Module):
    def __init__(self, cell, whole):
        super().__init__()
        self.cell, self.whole = cell, whole
    def forward(self, x):
        outputs, _ = self.cell(x)
        return outputs if self.whole else outputs[:, -1]
""",
    "Tokens(": """class Tokens(nn.Module):
    def __init__(self, tokens, units):
        super().__init__()
        self.table = nn.Embedding(tokens, units)
    def forward(self, x):
        return self.table(x.long())
""",
    "SelfAttention(": """class SelfAttention(nn.Module):
    def __init__(self, units, heads):
        super().__init__()
        self.attention = nn.MultiheadAttention(units, heads, batch_first=True)
    def forward(self, x):
        return self.attention(x, x, x, need_weights=False)[0]
""",
    "Block(": """class Block(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)
""",
}


FUNCTIONS = {"nn.ReLU()": "torch.relu", "nn.Tanh()": "torch.tanh", "Exponential()": "torch.exp"}


def blocks(layers, products):
    """Layers with weights, each with what stands behind it."""
    made = [[]]
    for layer in layers:
        if any(f"{product}(" in layer for product in products) and made[-1]:
            made.append([])
        made[-1].append(layer)
    return made


def torch_model(modules, style):
    """The lines that make 'model' of modules, in one of the ways in which people write them."""
    if style == "shared":  # one module for all activations of a kind
        shared = {m: f"shared{i}" for i, m in enumerate(dict.fromkeys(m for m in modules if m in FUNCTIONS))}
        return ([f"{name} = {m}" for m, name in shared.items()]
                + ["model = nn.Sequential(", *(f"    {shared.get(m, m)}," for m in modules), ")"])
    if style == "blocks":
        return ["model = nn.Sequential(",
                *(f"    nn.Sequential({', '.join(b)})," for b in blocks(modules, ["nn.Linear", "nn.Conv2d"])), ")"]
    if style in ("module", "extra"):  # a part of a module, with a layer that it does not use
        extra = ["        self.unused = nn.Linear(3, 3)"] if style == "extra" else []
        return ["class Net(nn.Module):", "    def __init__(self):", "        super().__init__()",
                "        self.flat = nn.Flatten()", "        self.net = nn.Sequential(",
                *(f"            {m}," for m in modules), "        )", *extra,
                "    def forward(self, x):", "        return self.net(self.flat(x))", "model = Net()"]
    if style == "list":  # activations are functions there
        linears = [m for m in modules if m.startswith("nn.Linear")]
        function = FUNCTIONS[next(m for m in modules if m in FUNCTIONS)]
        return ["class Net(nn.Module):", "    def __init__(self):", "        super().__init__()",
                f"        self.layers = nn.ModuleList([{', '.join(linears)}])",
                "    def forward(self, x):", "        for layer in self.layers[:-1]:",
                f"            x = {function}(layer(x))", "        return self.layers[-1](x)", "model = Net()"]
    return ["model = nn.Sequential(", *(f"    {m}," for m in modules), ")"]


def at(formula, step):
    """A formula of t at another step."""
    return re.sub(r"\bt\b", step, formula)


def torch_schedule(choice):
    name, s = named(choice)
    if name == "exponential":
        return f"{s['factor']} ** t"
    if name == "step":
        return f"{s['factor']} ** (t // {s['every']})"
    if name == "inverse-time":
        return f"1 / (1 + {s['decay']} * t)"
    if name == "warmup":
        then = "1" if s["then"] == "constant" else at(torch_schedule(s["then"]), f"(t - {s['steps']})")
        return f"(t + 1) / {s['steps']} if t < {s['steps']} else {then}"
    raise ValueError(f"no schedule {name}")


def torch_optimizer(recipe):
    name, s = named(recipe["optimizer"])
    lr = s["learning-rate"]
    l2 = sum(first(r, "lambda", 0) for n, r in penalties(recipe) if n == "l2")
    decay = f", weight_decay={2 * l2}" if l2 else ""
    if name == "sgd":
        momentum = 0 if s["momentum"] == 1 else s["momentum"]
        return f"torch.optim.SGD(model.parameters(), lr={lr}, momentum={momentum}{decay})"
    if name in ("adam", "adamw"):
        decay = f", weight_decay={s['weight-decay']}" if name == "adamw" else decay
        kind = {"adam": "Adam", "adamw": "AdamW"}[name]
        return (f"torch.optim.{kind}(model.parameters(), lr={lr}, betas=({s['beta1']}, {s['beta2']}), "
                f"eps={s['epsilon']}{decay})")
    if name == "rmsprop":
        return f"torch.optim.RMSprop(model.parameters(), lr={lr}, alpha={s['rho']}, eps={s['epsilon']}{decay})"
    raise ValueError(f"no optimizer {name}")


def penalties(recipe):
    given = recipe["regularizer"]
    return [] if given == "none" else [named(r) for r in (given if isinstance(given, list) else [given])]


def clips(recipe):
    given = recipe["clipping"]
    return [] if given == "none" else [named(c) for c in (given if isinstance(given, list) else [given])]


def torch_script(recipe, shape, style=""):
    """The whole program; 'rows()' gives the arrays."""
    network = Torch(shape)
    modules = network.modules(recipe["model"])
    body = "\n".join(torch_model(modules, style))
    image = len(shape) == 3
    classes = [text for mark, text in TORCH_CLASSES.items() if mark in body]
    loss = {"mean-squared-error": "nn.MSELoss()", "softmax-cross-entropy": "nn.CrossEntropyLoss()",
            "cross-entropy": "lambda p, y: nn.functional.nll_loss((p / p.sum(1, keepdim=True)).log(), y)"}
    loss = loss[named(recipe["loss"])[0]]
    momentum = named(recipe["optimizer"])[1].get("momentum")
    scheduled = recipe["schedule"] != "constant"
    l1 = sum(first(r, "lambda", 0) for n, r in penalties(recipe) if n == "l1")
    lines = ["import torch", "from torch import nn", "",
             "x_train, y_train, x_test, y_test = "
             + ("rows()" if style == "arrays" else "(torch.tensor(part) for part in rows())")]
    if style == "whole":
        lines += ["x_train, x_test = x_train.short(), x_test.short()"]
    parts = {"none": "", "inputs": "x", "targets": "y", "both": "xy"}[recipe["standardize"]]
    for part in parts if recipe["loss"] == "mean-squared-error" else parts.replace("y", ""):
        lines += [f"m, s = {part}_train.mean(0), {part}_train.std(0)",
                  f"{part}_train, {part}_test = ({part}_train - m) / s, ({part}_test - m) / s"]
    if image:
        lines += [f"x_{p} = x_{p}.view(-1, {', '.join(map(str, shape))}).permute(0, 3, 1, 2)" for p in ("train", "test")]
    elif len(shape) == 2:
        lines += [f"x_{p} = x_{p}.view(-1, {shape[0]}, {shape[1]})" for p in ("train", "test")]
    lines += [f"batch_size = {recipe['training']['batch']}", ""] + classes
    if style in ("arrays", "whole"):
        lines += ["x_train, y_train, x_test, y_test = (",
                  "    torch.as_tensor(part).float() for part in (x_train, y_train, x_test, y_test))"]
    lines += [body] + torch_initial(recipe)
    lines += [f"criterion = {loss}", f"optimizer = {torch_optimizer(recipe)}"]
    if scheduled:
        lines += [f"scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: {torch_schedule(recipe['schedule'])})"]
    lines += [f"for epoch in range({recipe['training']['epochs']}):",
              "    for i in torch.randperm(len(x_train)).split(batch_size):",
              "        loss = criterion(model(x_train[i]), y_train[i])"]
    if l1:
        lines += [f"        loss = loss + {l1} * sum(p.abs().sum() for p in model.parameters() if p.ndim > 1)"]
    if momentum != 1:
        lines += ["        optimizer.zero_grad()"]
    lines += ["        loss.backward()"]
    for name, s in clips(recipe):
        call = {"value": "clip_grad_value_", "global-norm": "clip_grad_norm_"}[name]
        lines += [f"        torch.nn.utils.{call}(model.parameters(), {first(s, 'limit', 1)})"]
    lines += ["        optimizer.step()"] + (["        scheduler.step()"] if scheduled else [])
    return "\n".join(lines) + "\n"


# MARK: Keras


def keras_draw(rule):
    name, s = named(rule)
    start = "keras.initializers."
    if name == "normal":
        return f"{start}RandomNormal(0, {first(s, 'std', 1)})"
    if name == "uniform":
        return f"{start}RandomUniform(-{first(s, 'limit', 1)}, {first(s, 'limit', 1)})"
    if name == "constant":
        return f"{start}Constant({first(s, 'value', 0)})"
    if name == "zeros":
        return "'zeros'"
    if name == "orthogonal":
        return f"{start}Orthogonal({first(s, 'gain', 1)})"
    gain = {"he": 2, "xavier": 1, "lecun": 1}[name]
    mode = {"fan-in": "fan_in", "fan-out": "fan_out", "fan-average": "fan_avg"}[s["mode"]]
    kind = "untruncated_normal" if s["distribution"] == "normal" else "uniform"
    return f"{start}VarianceScaling({gain * s['scale'] ** 2}, '{mode}', '{kind}')"


def keras_penalty(recipe):
    given = {n: first(r, "lambda", 0) for n, r in penalties(recipe)}
    if not set(given) & {"l1", "l2"}:
        return ""
    return f", kernel_regularizer=keras.regularizers.L1L2({given.get('l1', 0)}, {given.get('l2', 0)})"


def keras_layers(layers, recipe):
    made = []
    for name, s in expanded(layers):
        snake = name.replace("-", "_")
        rule = keras_draw(s.get("initializer", recipe["initializer"])) if isinstance(s, dict) else ""
        if name in ("leaky-relu", "elu"):
            kind, key = {"leaky-relu": ("LeakyReLU", "slope"), "elu": ("ELU", "alpha")}[name]
            made.append(f"keras.layers.{kind}({first(s, key, 1)})")
        elif name in ACTIVATIONS:
            made.append(f"keras.layers.Activation('{snake}')")
        elif name in ("dense", "conv2d"):
            size = f"{s['units']}" if name == "dense" else f"{s['filters']}, {s['kernel']}"
            activation = named(s["activation"])[0]
            extra = "" if activation == "linear" else f", activation='{activation}'"
            made.append(f"keras.layers.{'Dense' if name == 'dense' else 'Conv2D'}({size}{extra}, use_bias={s['bias']}, "
                        f"kernel_initializer={rule}, bias_initializer={keras_draw(s['bias-initializer'])}"
                        f"{keras_penalty(recipe)})")
        elif name in ("recurrent", "lstm", "gru"):
            kind = {"recurrent": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}[name]
            extra = f", activation='{named(s['activation'])[0]}'" if name == "recurrent" else ""
            made.append(f"keras.layers.{kind}({s['units']}{extra}, return_sequences={s['return'] == 'sequence'}, "
                        f"kernel_initializer={rule}, recurrent_initializer={keras_draw(s['recurrent-initializer'])})")
        elif name == "embedding":
            made.append(f"keras.layers.Embedding({s['tokens']}, {s['units']}, embeddings_initializer={rule})")
        elif name == "dropout":
            made.append(f"keras.layers.Dropout({first(s, 'rate', 0.5)})")
        elif name == "batch-norm":
            made.append(f"keras.layers.BatchNormalization(momentum={1 - s['momentum']}, epsilon={s['epsilon']})")
        elif name == "layer-norm":
            made.append(f"keras.layers.LayerNormalization(epsilon={s['epsilon']})")
        elif name == "max-pool2d":
            made.append("keras.layers.MaxPooling2D(2)")
        elif name == "flatten":
            made.append("keras.layers.Flatten()")
        elif name == "attention":
            made.append(("attention", s["heads"], rule))
        elif name == "residual":
            made.append(("block", keras_layers(s["layers"], recipe)))
        else:
            raise ValueError(f"no Keras layer for {name}")
    return made


def keras_calls(layers, lines, depth=0):
    """Functional style, for what is no chain."""
    for layer in layers:
        if isinstance(layer, str):
            lines.append(f"x = {layer}(x)")
        elif layer[0] == "attention":
            _, heads, rule = layer
            lines.append(f"x = keras.layers.MultiHeadAttention({heads}, x.shape[-1] // {heads}, kernel_initializer={rule})(x, x)")
        else:
            lines.append(f"path{depth} = x")
            keras_calls(layer[1], lines, depth + 1)
            lines.append(f"x = keras.layers.add([path{depth}, x])")


def keras_optimizer(recipe):
    name, s = named(recipe["optimizer"])
    rate = float(s["learning-rate"]) if recipe["schedule"] == "constant" else "Schedule()"
    settings = {"sgd": ["momentum"], "adam": ["beta1", "beta2", "epsilon"], "rmsprop": ["rho", "epsilon"],
                "adamw": ["beta1", "beta2", "epsilon", "weight-decay"]}[name]
    names = {"beta1": "beta_1", "beta2": "beta_2", "weight-decay": "weight_decay"}
    kind = {"sgd": "SGD", "adam": "Adam", "rmsprop": "RMSprop", "adamw": "AdamW"}[name]
    clip = {"value": "clipvalue", "global-norm": "global_clipnorm"}
    rest = [f"{names.get(k, k)}={float(s[k])}" for k in settings]
    rest += [f"{clip[n]}={float(first(c, 'limit', 1))}" for n, c in clips(recipe)]
    return f"keras.optimizers.{kind}(learning_rate={rate}, {', '.join(rest)})"


def keras_model(layers, shape, style):
    """The lines that make 'model' of a chain of layers, in one of the ways in which people write them."""
    if style == "functions":
        layers = [re.sub(r"'exponential'", "keras.ops.exp", re.sub(r"'(relu|tanh)'", r"keras.ops.\1", la)) for la in layers]
    if style == "kinds":
        layers = [la.replace("Dropout(", "GaussianDropout(") for la in layers]
    inputs = [f"    keras.Input({tuple(shape)}),"]
    if style == "subclassed":
        return ["class Net(keras.Model):", "    def __init__(self):", "        super().__init__()",
                f"        self.parts = [{', '.join(layers)}]", "    def call(self, x, training=None):",
                "        for part in self.parts:", "            x = part(x)", "        return x", "model = Net()"]
    if style == "functional":
        lines = [f"x = inputs = keras.Input({tuple(shape)})"]
        keras_calls(layers, lines)
        return lines + ["model = keras.Model(inputs, x)"]
    if style == "nested":
        layers = [f"keras.Sequential([{', '.join(b)}])" for b in blocks(layers, ["layers.Dense", "layers.Conv2D"])]
    if style == "unbuilt":
        inputs = []
    return ["model = keras.Sequential([", *inputs, *(f"    {layer}," for layer in layers), "])"]


def keras_script(recipe, shape, style=""):
    layers = keras_layers(recipe["model"], recipe)
    lines = ["import keras", "", "x_train, y_train, x_test, y_test = rows()"]
    parts = {"none": "", "inputs": "x", "targets": "y", "both": "xy"}[recipe["standardize"]]
    for part in parts if recipe["loss"] == "mean-squared-error" else parts.replace("y", ""):
        lines += [f"m, s = {part}_train.mean(0), {part}_train.std(0)",
                  f"{part}_train, {part}_test = ({part}_train - m) / s, ({part}_test - m) / s"]
    if len(shape) > 1:
        size = ", ".join(map(str, shape))
        lines += [f"x_train, x_test = x_train.reshape(-1, {size}), x_test.reshape(-1, {size})"]
    lines += [f"batch_size = {recipe['training']['batch']}", ""]
    is_chain = all(isinstance(layer, str) for layer in layers)
    lines += keras_model(layers, shape, style if is_chain else "functional")
    loss = {"mean-squared-error": "keras.losses.MeanSquaredError()",
            "softmax-cross-entropy": "keras.losses.SparseCategoricalCrossentropy(from_logits=True)",
            "cross-entropy": "keras.losses.SparseCategoricalCrossentropy()"}[named(recipe["loss"])[0]]
    rate = named(recipe["optimizer"])[1]["learning-rate"]
    formula = f"{rate} * ({at(torch_schedule(recipe['schedule']), 'float(t)')})" if recipe["schedule"] != "constant" else ""
    callbacks = ""
    if style == "callback":
        callbacks = f"keras.callbacks.LearningRateScheduler(lambda t: {formula.replace('float(t)', 'float(15 * t)')})"
    elif formula:
        lines += ["class Schedule(keras.optimizers.schedules.LearningRateSchedule):",
                  "    def __call__(self, t):",
                  f"        return {formula}"]
    optimizer = keras_optimizer(recipe)
    if callbacks:
        optimizer = optimizer.replace("Schedule()", str(float(rate)))
    lines += [f"loss = {loss}", f"optimizer = {optimizer}",
              "model.compile(optimizer=optimizer, loss=loss)",
              f"model.fit(x_train, y_train, epochs={recipe['training']['epochs']}, batch_size=batch_size,",
              f"          verbose=0, callbacks=[{callbacks}])"]
    return "\n".join(lines) + "\n"
