/// `none`, one member of a family, or a list of them, applied in order.
public struct Chain<F: Family>: SettingValue, ExpressibleByArrayLiteral {
  /// The members in the order in which they are applied; empty for `none`.
  public var choices: [Choice<F>]
  public init(_ choices: [Choice<F>] = []) { self.choices = choices }
  public init(arrayLiteral elements: Choice<F>...) { choices = elements }

  public init(_ settings: Settings, _ reader: SettingsReader, _ limits: NumberRange) throws {
    switch settings.node {
    case .scalar("none", _): choices = []
    case .list: choices = try [Choice<F>](settings, reader, limits)
    default: choices = [try Choice(settings, reader, limits)]
    }
  }

  public var ingredients: [any Ingredient] { choices.ingredients }

  public var written: Settings? {
    switch choices.count {
    case 0: .scalar("none")
    case 1: choices[0].written
    default: choices.written
    }
  }
}
