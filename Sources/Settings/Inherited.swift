/// A setting that may be left to the recipe: not printed where it names nothing.
public struct Inherited<Value: SettingValue>: SettingValue {
  /// What is set here; nil where nothing is.
  public var value: Value?
  public init(_ value: Value? = nil) { self.value = value }
  public init(_ settings: Settings, _ reader: SettingsReader, _ limits: NumberRange) throws {
    value = try Value(settings, reader, limits)
  }
  public var written: Settings? { value?.written }
  public var ingredients: [any Ingredient] { value?.ingredients ?? [] }
}
