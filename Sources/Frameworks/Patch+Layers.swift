import KeelNetworks
import KeelRecipes
import KeelSettings

// What is done to the network.

extension Patch {
  /// What is done to the network: first its layers, then their settings, then how weights begin.
  var model: [Part] {
    let settings = output + activations + numbers + weights
    let lines =
      switch target {
      case .pytorch:
        shortening + residuals + replacements + normalization + truncation + Self.joined(settings)
      // A layer inside another one is no longer among the model's.
      case .keras:
        shortening + residuals + replacements + remade(settings + penaltyEdits) + normalization
          + truncation
      }
    return [Part(.model, lines)]
  }

  /// Their lines, each list made once.
  private static func joined(_ edits: [LayerEdit]) -> [String] {
    var made: Set<String> = []
    return edits.flatMap { edit in
      edit.lines.filter { $0 != edit.list?.line || made.insert($0).inserted }
    }
  }

  var hasAttention: Bool { new.leaves.contains { $0.ingredient is Attention } }

  /// Statements for some layers of a kind.
  func pytorch(
    _ selection: Selection, of kind: String, _ body: (_ layer: String) -> [String]
  ) -> [String] {
    guard let list = target.list(of: kind, hasAttention: hasAttention) else { return [] }
    return [list.line, "for layer in \(selection.part(of: list.name)):\(selection.comment)"]
      + body("layer").map { "    " + $0 }
  }

  /// Each module of a kind, or some of them, replaced where it stands.
  func replacing(
    _ selection: Selection, class name: String, _ made: [String]
  ) -> [String] {
    let isChildNeeded = made.contains { $0.contains("child") }
    return [
      "places = [(m, name) for m in model.modules() for name, child in m.named_children()",
      "          if isinstance(child, \(name))]",
      "for parent, name in \(selection.part(of: "places")):\(selection.comment)",
    ] + (isChildNeeded ? ["    child = getattr(parent, name)"] : []) + made.map { "    " + $0 }
  }

  /// A part of a list, where an operator stands before it.
  func parenthesized(_ list: String) -> String {
    list.hasPrefix("[") && list.contains(" for ") ? "(\(list))" : list
  }
}
