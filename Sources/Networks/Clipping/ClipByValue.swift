import KeelSettings

/// Cuts every element at ±limit.
///
/// **Definition** g ← min(max(g, −limit), limit), as PyTorch's `clip_grad_value_`.
///
/// **Effect on gradients** Changes their direction; it cannot help where the forward pass
/// overflows.
///
/// **Non-finite values** NaN and ±Inf stay what they are.
public struct ClipByValue: Clip {
  public static let name = "value"
  public static let summary = "cuts every element at ±limit"
  public static let fields: [Field<ClipByValue>] = [
    .init("limit", \.limit, .positive, required: true, "the largest magnitude")
  ]
  /// The largest magnitude of an element.
  public var limit = 1.0

  public init() {}

  public func apply(to gradients: Gradients, _ window: (any NormWindow)?) {
    for index in gradients.indices { gradients.clamp(index, to: limit) }
  }
}

extension Choice where F == Clips {
  /// `value: {limit: …}` in a recipe.
  public static func value(_ limit: Double) -> Choice {
    var clip = ClipByValue()
    clip.limit = limit
    return Choice(clip)
  }
}
