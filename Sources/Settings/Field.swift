/// One setting of a `Root`: its name, how it is read and written, and a line of help.
public struct Field<Root>: Sendable {
  public let name: String
  /// One line on what it is for, shown in the catalogue and where it is missing.
  public let help: String
  /// Whether leaving it out is an error.
  public let isRequired: Bool
  /// Whether nobody who writes by hand is told of it.
  let isHidden: Bool
  let read: @Sendable (inout Root, Settings, SettingsReader) throws -> Void
  let write: @Sendable (Root) -> Settings?
  let ingredients: @Sendable (Root) -> [any Ingredient]
  /// The setting, where it is a real number; whole ones count things, and fix a shape.
  let number: Number?

  /// A real number: how to read it, and how to change it.
  struct Number: Sendable {
    let value: @Sendable (Root) -> Double
    let set: @Sendable (inout Root, Double) -> Void
  }

  /// - Parameters:
  ///   - required: whether leaving it out is an error.
  ///   - limits: which numbers are allowed.
  ///   - hidden: whether it is named to nobody who writes by hand.
  public init<Value: SettingValue>(
    _ name: String, _ path: WritableKeyPath<Root, Value> & Sendable, _ limits: NumberRange,
    required: Bool = false, hidden: Bool = false, _ help: String
  ) {
    self.isHidden = hidden
    self.name = name
    self.help = help
    self.isRequired = required
    self.read = { root, settings, reader in
      root[keyPath: path] = try Value(settings, reader, limits)
    }
    self.write = { root in root[keyPath: path].written }
    self.ingredients = { root in root[keyPath: path].ingredients }
    self.number =
      Value.self == Double.self
      ? Number(
        value: { ($0[keyPath: path] as? Double).required("a real number is one") },
        set: { root, value in
          root[keyPath: path] = (value as? Value).required("a real number is one")
        }) : nil
  }

  /// The value as a recipe writes it; nil where it stands for "not set here".
  public func written(_ root: Root) -> Settings? { write(root) }

  /// The same, for a setting that may take any number, or none.
  public init<Value: SettingValue>(
    _ name: String, _ path: WritableKeyPath<Root, Value> & Sendable, required: Bool = false,
    hidden: Bool = false, _ help: String
  ) {
    self.init(name, path, .any, required: required, hidden: hidden, help)
  }
}
