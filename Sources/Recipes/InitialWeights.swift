import KeelSettings

/// Where a network begins whose weights are given, not drawn: `initial: weights.safetensors`.
public enum InitialWeights: SettingValue, ExpressibleByStringLiteral {
  /// A safetensors file, relative to the recipe's folder.
  case file(String)
  /// Tensors that a program gives: `Problem(recipe, train: …, initial: …)`.
  case memory

  public init(stringLiteral name: String) { self = name == "memory" ? .memory : .file(name) }

  public init(_ settings: Settings, _ reader: SettingsReader, _ limits: NumberRange) throws {
    self = .init(stringLiteral: try String(settings, reader, limits))
  }

  public var written: Settings? {
    switch self {
    case .file(let name): name.written
    case .memory: "memory".written
    }
  }
}
