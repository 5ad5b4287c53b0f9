"""Reference vectors of layer-norm, rms-norm, group-norm, embedding and attention. Writes sequence-layers.json.

    python make_sequence_layers.py        (torch 2.13; takes a second)

Everything is computed in float64 from numbers that float32 holds exactly. With
wave(p, k) = sin(1 + p + 0.7 k + 0.05 k²), rounded to float32:

- element k (row-major) of parameter p (in the order in which a case lists them) is wave(p, k) times
  the parameter's scale, plus its offset;
- element k of the input is wave(0, k)·1.5 + 0.1; of the gradient at the output 0.5·wave(9, k);
- the ids of an embedding are (3k + k²) mod tokens.

A case holds the layer as a recipe writes it, the shape of one row, how many rows there are, and for
each parameter its shape, scale and offset; then the output, the gradient of the input (none for
ids), and that of each parameter, nine significant digits each.

Layer norm is nn.LayerNorm, RMS norm nn.RMSNorm, group norm nn.GroupNorm, embedding nn.Embedding, attention
nn.MultiheadAttention(batch_first=True); the latter has no query–key normalisation, so those cases
are written out with scaled_dot_product_attention and nn.functional.rms_norm between the same
products. The first cases are computed both ways.
"""

import itertools
import json
import math
import pathlib

import torch
from torch import nn
from torch.nn import functional

DOUBLE = {"dtype": torch.float64}


def wave(p, shape, scale=1.0, offset=0.0):
    count = math.prod(shape)
    values = [scale * math.sin(1 + p + 0.7 * k + 0.05 * k * k) + offset for k in range(count)]
    return torch.tensor(values, dtype=torch.float32).double().reshape(shape)


def case(layer, row, rows, parameters, function, ids=None):
    """`parameters`: (name, shape, scale, offset); `function` of the input and of them."""
    values = {name: wave(p, shape, scale, offset).requires_grad_()
              for p, (name, shape, scale, offset) in enumerate(parameters)}  # fmt: skip
    x = wave(0, [rows, *row], 1.5, 0.1).requires_grad_() if ids is None else ids
    y = function(x, values)
    y.backward(wave(9, y.shape, 0.5))
    return {
        "layer": layer, "row": row, "rows": rows,
        "parameters": [{"name": name, "shape": shape, "scale": scale, "offset": offset,
                        "gradient": numbers(values[name].grad)}
                       for name, shape, scale, offset in parameters],
        "inputs": numbers(x), "output": numbers(y),
        "inputGradient": None if ids is not None else numbers(x.grad),
    }  # fmt: skip


def numbers(tensor):
    return [float(f"{x:.9g}") for x in tensor.detach().flatten().tolist()]


def norms():
    for row, epsilon in itertools.product([[6], [3, 5], [2, 2, 3]], [1e-5, 0.1]):
        gain, bias = ("weight", [row[-1]], 0.5, 1.0), ("bias", [row[-1]], 0.3, 0.0)

        def layer_norm(x, p):
            module = nn.LayerNorm(row[-1], eps=epsilon, **DOUBLE)
            return torch.func.functional_call(module, p, x)

        def rms_norm(x, p):
            module = nn.RMSNorm(row[-1], eps=epsilon, **DOUBLE)
            return torch.func.functional_call(module, p, x)

        yield case({"layer-norm": {"epsilon": epsilon}}, row, 3, [gain, bias], layer_norm)
        yield case({"rms-norm": {"epsilon": epsilon}}, row, 3, [gain], rms_norm)


def group_norms():
    """Channels come first in PyTorch, and last in a recipe."""
    for row, groups, epsilon in itertools.product([[6], [3, 6], [2, 2, 6]], [1, 2, 3], [1e-5, 0.1]):
        gain, bias = ("weight", [row[-1]], 0.5, 1.0), ("bias", [row[-1]], 0.3, 0.0)

        def group_norm(x, p):
            module = nn.GroupNorm(groups, row[-1], eps=epsilon, **DOUBLE)
            return torch.func.functional_call(module, p, x.movedim(-1, 1)).movedim(1, -1)

        layer = {"group-norm": {"groups": groups, "epsilon": epsilon}}
        yield case(layer, row, 3, [gain, bias], group_norm)


def embeddings():
    for tokens, positions in itertools.product([1, 7], [False, True]):
        time, units, rows = 4, 3, 3
        ids = torch.tensor([(3 * k + k * k) % tokens for k in range(rows * time)])
        ids = ids.reshape(rows, time)
        places = torch.arange(time)

        def embed(x, p):
            y = functional.embedding(x, p["weight"])
            return y + functional.embedding(places, p["positions"]) if positions else y

        parameters = [("weight", [tokens, units], 1.0, 0.0)]
        parameters += [("positions", [time, units], 1.0, 0.0)] if positions else []
        yield case({"embedding": {"tokens": tokens, "units": units, "positions": positions}},
                   [time], rows, parameters, embed, ids=ids)  # fmt: skip


def attend(x, p, heads, causal, normalize):
    """Products, norm and softmax one by one."""
    rows, time, units = x.shape
    projected = functional.linear(x, p["weight"], p["bias"])
    q, k, v = [part.reshape(rows, time, heads, units // heads).transpose(1, 2)
               for part in projected.split(units, dim=-1)]  # fmt: skip
    if normalize:
        width = [units // heads]
        q = functional.rms_norm(q, width, p["query-gain"], eps=1e-5)
        k = functional.rms_norm(k, width, p["key-gain"], eps=1e-5)
    context = functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
    context = context.transpose(1, 2).reshape(rows, time, units)
    return functional.linear(context, p["output-weight"], p["output-bias"])


def module_attend(x, p, heads, causal):
    """PyTorch's own module, with these parameters."""
    units, time = x.shape[-1], x.shape[1]
    module = nn.MultiheadAttention(units, heads, batch_first=True, **DOUBLE)
    names = {"in_proj_weight": p["weight"], "in_proj_bias": p["bias"],
             "out_proj.weight": p["output-weight"], "out_proj.bias": p["output-bias"]}  # fmt: skip
    mask = torch.triu(torch.ones(time, time, dtype=torch.bool), 1) if causal else None
    return torch.func.functional_call(
        module, names, (x, x, x), {"attn_mask": mask, "need_weights": False})[0]  # fmt: skip


def attentions():
    rows, time, units = 2, 5, 6
    for heads, causal, normalize in itertools.product([1, 2, 6], [False, True], [False, True]):
        parameters = [
            ("weight", [3 * units, units], 0.7, 0.0), ("bias", [3 * units], 0.3, 0.0),
            ("output-weight", [units, units], 0.7, 0.0), ("output-bias", [units], 0.3, 0.0),
        ]  # fmt: skip
        if normalize:
            width = units // heads
            parameters += [("query-gain", [width], 0.3, 1.0), ("key-gain", [width], 0.3, 1.1)]

        def function(x, p):
            y = attend(x, p, heads, causal, normalize)
            if normalize:
                return y
            theirs = module_attend(x, p, heads, causal)
            assert torch.allclose(y, theirs, rtol=1e-12, atol=1e-13)
            return theirs

        settings = {"heads": heads, "causal": causal, "normalize": normalize}
        yield case({"attention": settings}, [time, units], rows, parameters, function)


def main():
    torch.set_num_threads(1)
    cases = [*norms(), *group_norms(), *embeddings(), *attentions()]
    made = {"by": "make_sequence_layers.py",
            "with": f"PyTorch {torch.__version__.split('+')[0]}, float64"}  # fmt: skip
    lines = ",\n".join("    " + json.dumps(each, separators=(",", ":")) for each in cases)
    text = f'{{\n  "made": {json.dumps(made)},\n  "cases": [\n{lines}\n  ]\n}}\n'
    path = pathlib.Path(__file__).with_name("sequence-layers.json")
    path.write_text(text)
    print(f"{path.name}: {len(cases)} cases, {len(text.encode()) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
