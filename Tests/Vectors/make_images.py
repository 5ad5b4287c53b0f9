"""Reference values for layers over images, computed in PyTorch in float64. Writes images.json.

    python make_images.py        (torch 2.15; takes seconds)

Each case is a model that begins with prelu (slope 0.25), so that there is a gradient behind the layer
in question: prelu, then one layer, on a batch of two. Numbers are not stored where a formula gives them; with
wave(p, k) = sin(1 + p + 0.7 k + 0.05 k²),

- parameter number p (in network order, from 0, prelu's left out), element k (in Keel's layout, row-major, from 0):
  wave(p, k) for weights and biases, 1 + wave(p, k)/2 for batch norm's weight;
- input k of the whole batch (row-major): 1.5 · wave(10, k); some cases take it rounded to halves,
  so that a pool meets equal numbers;
- the gradient with respect to output k of the whole batch: wave(20, k).

All are rounded to float32 before they are used. In images.json a case has its model, the shape of a
row, the output, the gradient at the output of prelu and the gradient of every parameter, all in Keel's
layout: channels last, a convolution's weight [filters, kernel, kernel, channels/groups].

PyTorch's `padding='same'` has stride 1 only; for other strides the images are padded beforehand as
Keras does. The settings of every layer are paired: each value of one with each value of another.
"""

import itertools
import json
import math
import pathlib

import torch
from torch import nn
from torch.nn import functional

ROWS = 2

FORMULAS = {
    "wave(p, k)": "sin(1 + p + 0.7*k + 0.05*k*k)",
    "parameter p": "wave(p, k); batch-norm weight 1 + wave(p, k)/2",
    "input": "1.5 * wave(10, k), rounded to halves where `rounded`",
    "gradient of the output": "wave(20, k)",
}


def wave(p, count):
    values = [math.sin(1 + p + 0.7 * k + 0.05 * k * k) for k in range(count)]
    return torch.tensor(values, dtype=torch.float64).float().double()


def pairwise(settings):
    """Rows of a table in which every pair of values of two settings occurs; greedy, not minimal."""
    names = list(settings)
    left = {(a, x, b, y) for a, b in itertools.combinations(names, 2)
            for x in settings[a] for y in settings[b]}  # fmt: skip
    rows = [dict(zip(names, values)) for values in itertools.product(*settings.values())]

    def pairs(row):
        return {(a, row[a], b, row[b]) for a, b in itertools.combinations(names, 2)}

    while left:
        best = max(rows, key=lambda row: len(pairs(row) & left))
        if not pairs(best) & left:
            break
        left -= pairs(best)
        yield dict(best)


# MARK: layers


def sides(extent, reach, stride):
    total = max(0, (math.ceil(extent / stride) - 1) * stride + reach - extent)
    return total // 2, total - total // 2


def padded(x, padding, reach, stride, value):
    """The images as `padding` has them, and how much of it PyTorch is still to add."""
    if padding == "valid":
        return x, 0
    if padding != "same":
        return x, padding
    top, bottom = sides(x.shape[2], reach, stride)
    left, right = sides(x.shape[3], reach, stride)
    return functional.pad(x, (left, right, top, bottom), value=value), 0


class Case:
    """A layer on channels-first images; parameters in Keel's layout."""

    def __init__(self):
        self.parameters = {}

    def parameter(self, name, shape, begin=lambda values: values):
        values = begin(wave(len(self.parameters), math.prod(shape)))
        values = values.float().double().reshape(shape).requires_grad_()
        self.parameters[name] = values
        return values

    def conv2d(self, x, s):
        kernel, stride, dilation = s.get("kernel", 3), s.get("stride", 1), s.get("dilation", 1)
        groups, padding = s.get("groups", 1), s.get("padding", "valid")
        shape = [s["filters"], kernel, kernel, x.shape[1] // groups]
        weight = self.parameter("conv2d-1.weight", shape).permute(0, 3, 1, 2)
        bias = self.parameter("conv2d-1.bias", [s["filters"]]) if s.get("bias", True) else None
        if padding == "same" and stride == 1:
            y = functional.conv2d(x, weight, bias, 1, "same", dilation, groups)
        else:
            reach = dilation * (kernel - 1) + 1
            x, padding = padded(x, padding, reach, stride, 0.0)
            y = functional.conv2d(x, weight, bias, stride, padding, dilation, groups)
        return {"linear": y, "relu": y.relu(), "sigmoid": y.sigmoid()}[s.get("activation", "linear")]

    def pool(self, name, x, s):
        size = s.get("size", 2)
        stride, padding = s.get("stride", size), s.get("padding", "valid")
        if name == "max-pool2d":
            x, padding = padded(x, padding, size, stride, -math.inf)
            return functional.max_pool2d(x, size, stride, padding)
        if padding != "same":
            padding = 0 if padding == "valid" else padding
            return functional.avg_pool2d(x, size, stride, padding, count_include_pad=False)
        ones = padded(torch.ones_like(x), padding, size, stride, 0.0)[0]
        x, _ = padded(x, padding, size, stride, 0.0)
        return functional.avg_pool2d(x, size, stride) / functional.avg_pool2d(ones, size, stride)

    def batch_norm(self, x, s):
        weight = self.parameter("batch-norm-1.weight", [x.shape[1]], lambda v: 1 + v / 2)
        bias = self.parameter("batch-norm-1.bias", [x.shape[1]])
        norm = nn.BatchNorm2d(x.shape[1], s.get("epsilon", 1e-5), dtype=torch.float64)
        del norm.weight, norm.bias
        (norm.weight, norm.bias) = (weight, bias)
        return norm(x)

    def residual(self, x, s):
        """The branch is a convolution, or for vectors a dense layer; the shortcut comes after it."""
        (layer,) = s["layers"]
        if "dense" in layer:
            units = layer["dense"]["units"]
            weight = self.parameter("dense-1.weight", [units, x.shape[-1]])
            bias = self.parameter("dense-1.bias", [units])
            around = self.parameter("residual-1.weight", [units, x.shape[-1]])
            return functional.linear(x, weight, bias) + functional.linear(x, around)
        branch = self.conv2d(x, layer["conv2d"])
        around = self.parameter("residual-1.weight", [branch.shape[1], 1, 1, x.shape[1]])
        return branch + functional.conv2d(
            x, around.permute(0, 3, 1, 2), stride=s.get("stride", 1))

    def layer(self, name, x, settings):
        if name == "residual":
            return self.residual(x, settings)
        if name == "conv2d":
            return self.conv2d(x, settings)
        if name == "batch-norm":
            return self.batch_norm(x, settings)
        if name == "global-average-pool2d":
            return nn.AdaptiveAvgPool2d(1)(x).flatten(1)
        if name == "flatten":
            return x.permute(0, 2, 3, 1).flatten(1)
        return self.pool(name, x, settings)


# MARK: the cases


def cases():
    """(layer, settings, shape of a row, whether inputs are rounded)"""
    table = {"kernel": [1, 2, 3], "stride": [1, 2, 3], "padding": ["valid", "same", 1, 2],
             "dilation": [1, 2], "groups": [1, 2], "bias": [True, False],
             "activation": ["linear", "relu", "sigmoid"], "shape": [(6, 5, 4), (5, 7, 2)]}  # fmt: skip
    for row in pairwise(table):
        shape = list(row.pop("shape"))
        yield "conv2d", {"filters": 4, **row}, shape, False
    yield "conv2d", {"filters": 4, "groups": 4}, [4, 4, 4], False
    yield "conv2d", {"filters": 3}, [3, 3, 1], False
    pools = {"size": [1, 2, 3], "stride": [1, 2, 3], "padding": ["valid", "same", 1],
             "rounded": [False, True], "shape": [(5, 6, 2), (4, 3, 3)]}  # fmt: skip
    for name in ["max-pool2d", "average-pool2d"]:
        for row in pairwise(pools):
            if row["padding"] == 1 and row["size"] == 1:
                row["padding"] = "valid"
            shape, is_rounded = list(row.pop("shape")), row.pop("rounded")
            yield name, row, shape, is_rounded
        yield name, {"size": 2}, [5, 5, 2], False
    yield "global-average-pool2d", {}, [4, 3, 3], False
    yield "flatten", {}, [2, 3, 2], False
    yield "batch-norm", {}, [4, 3, 3], False
    yield "batch-norm", {"epsilon": 0.25}, [2, 5, 1], False
    for stride, shape in [(1, [3, 4, 2]), (2, [5, 4, 2]), (3, [7, 5, 2])]:
        branch = {"conv2d": {"filters": 3, "stride": stride, "padding": "same"}}
        yield ("residual", {"layers": [branch], "shortcut": "projection", "stride": stride}, shape,
               False)  # fmt: skip
    yield "residual", {"layers": [{"dense": {"units": 3}}], "shortcut": "projection"}, [4], False
    yield "residual", {"layers": [{"dense": {"units": 3}}], "shortcut": "projection"}, [5, 2], False


def images_first(x):
    return x.permute(0, 3, 1, 2) if x.dim() == 4 else x


def images_last(x):
    return x.permute(0, 2, 3, 1) if x.dim() == 4 else x


def numbers(tensor):
    return [float(f"{x:.9g}") for x in tensor.detach().flatten().tolist()]


def computed(name, settings, shape, is_rounded):
    x = 1.5 * wave(10, ROWS * math.prod(shape))
    x = (x * 2).round() / 2 if is_rounded else x
    x = x.float().double().reshape(ROWS, *shape)
    hidden = torch.where(x >= 0, x, 0.25 * x).requires_grad_()
    case = Case()
    output = images_last(case.layer(name, images_first(hidden), settings))
    upstream = wave(20, output.numel()).reshape(output.shape)
    output.backward(upstream)
    return {
        "model": ["prelu", {name: settings} if settings else name], "shape": shape,
        "rounded": is_rounded, "outputShape": list(output.shape[1:]), "output": numbers(output),
        "inputGradient": numbers(hidden.grad),
        "gradients": {key: numbers(value.grad) for key, value in case.parameters.items()},
    }  # fmt: skip


def main():
    torch.set_num_threads(1)
    results = [computed(*case) for case in cases()]
    made = {"by": "make_images.py", "with": f"PyTorch {torch.__version__.split('+')[0]}, float64"}
    lines = ",\n".join("    " + json.dumps(case, separators=(",", ":")) for case in results)
    text = (f'{{\n  "made": {json.dumps(made)},\n  "formulas": {json.dumps(FORMULAS)},\n'
            f'  "cases": [\n{lines}\n  ]\n}}\n')  # fmt: skip
    path = pathlib.Path(__file__).with_name("images.json")
    path.write_text(text)
    print(f"{path.name}: {len(results)} cases, {len(text.encode()) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
