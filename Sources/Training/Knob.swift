import KeelSettings

/// A setting of somebody else's program that its study lets vary: `{value: 3, reference: 0.01}`.
package struct Knob: Hashable, Sendable {
  /// As the placeholder is called: `learning-rate`.
  package let name: String
  /// As it was when the training failed.
  package let value: Settings
  /// As sound trainings have it.
  package let reference: Settings
  /// The cause that it stands for; nil where its name tells.
  package let cause: String?
  /// Further values worth a trial.
  package let values: [Settings]

  package init(
    _ name: String, value: Settings, reference: Settings, cause: String? = nil,
    values: [Settings] = []
  ) {
    (self.name, self.value, self.reference) = (name, value, reference)
    (self.cause, self.values) = (cause, values)
  }

  /// Whether its value is above its reference; nil where they are not both numbers.
  package var isAbove: Bool? {
    guard let value = value.number, let reference = reference.number else { return nil }
    return value > reference
  }
}
