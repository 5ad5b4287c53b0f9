import KeelNetworks
import KeelRecipes
import KeelSettings

// What is done to the network.

extension Patch {
  /// What is done to the network: first its layers, then their settings, then how weights begin.
  var model: [Part] {
    let settings = Self.joined(output + activations + numbers + weights)
    let lines =
      shortening + residuals + replacements + normalization + truncation + settings + penalties
    return [Part(.model, target == .keras && !lines.isEmpty ? helpers(for: lines) + lines : lines)]
  }

  /// The lines, each list of layers made and checked once.
  private static func joined(_ lines: [String]) -> [String] {
    var made: Set<String> = []
    return lines.filter { line in
      let isList = line.contains(" = [m for m in ") || line.hasPrefix("assert ")
      return !isList || made.insert(line).inserted
    }
  }

  /// Keras's own ways reach the outermost layers only, and no model that has not been called.
  private func helpers(for lines: [String]) -> [String] {
    let helpers = [
      [
        "def layers_of(part):  # with those inside others",
        "    inside = part._flatten_layers(include_self=False, recursive=False)",
        "    return [part] + [layer for one in inside for layer in layers_of(one)]",
      ],
      [
        "def activation(layer):  # its name, in small letters",
        "    kind = getattr(layer, \"activation\", type(layer))",
        "    return getattr(kind, \"__name__\", \"\").replace(\"_\", \"\").lower()",
      ],
      [
        "def begin(layer, **rules):  # draws weights anew",
        "    for weight in layer.weights:",
        "        if weight.name in rules:",
        "            weight.assign(rules[weight.name].clone()(weight.shape))",
      ],
    ]
    let used = zip(["layers_of(", "activation(", "begin("], helpers).filter { call, _ in
      lines.contains { $0.contains(call) }
    }
    return ["if not model.built: model(x_train[:1])  # makes its weights"] + used.flatMap(\.1)
  }

  var hasAttention: Bool { new.leaves.contains { $0.ingredient is Attention } }

  /// Statements for some layers of a kind.
  func each(_ selection: Selection, _ lines: [String]) -> [String] {
    guard let list = target.list(of: selection.kind, hasAttention: hasAttention) else { return [] }
    let check = selection.check(list.name, target.kind(selection.kind) ?? selection.kind)
    return [list.line, check]
      + ["for layer in \(selection.part(of: list.name)):\(selection.comment)"]
      + lines.map { "    " + $0 }
  }

  /// PyTorch's modules of a kind, or some of them, replaced where they stand, under every name that
  /// they have.
  /// - Parameters:
  ///   - test: whether `m` is one.
  ///   - made: what takes the place of `child`.
  func replacing(
    _ selection: Selection, where test: String, called name: String, advice: String = "",
    with made: String, _ lines: [String] = []
  ) -> [String] {
    let isChildNeeded = (lines + [made]).contains { $0.contains("child") }
    return [
      "names = [name for name, m in model.named_modules(remove_duplicate=False)",
      "         if \(test)]",
      selection.check("names", name, advice: advice),
      "for name in \(selection.part(of: "names")):\(selection.comment)",
      "    parent, _, part = name.rpartition(\".\")",
    ] + (isChildNeeded ? ["    child = model.get_submodule(name)"] : [])
      + lines.map { "    " + $0 } + ["    setattr(model.get_submodule(parent), part, \(made))"]
  }

  /// Keras's model with other layers in place of some; the rest are the same.
  func cloned(_ selection: Selection, by name: String, _ lines: [String]) -> [String] {
    guard let list = target.list(of: selection.kind) else { return [] }
    let check = selection.check(list.name, target.kind(selection.kind) ?? selection.kind)
    let part = selection.part(of: list.name)
    return [list.line, check, "def \(name)(layer):"]
      + ["    if layer not in \(part): return layer\(selection.comment)"]
      + lines.map { "    " + $0 }
      + ["model = keras.models.clone_model(model, clone_function=\(name), recursive=True)"]
  }
}
