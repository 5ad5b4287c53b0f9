import CKernels
import KeelEngine
import KeelSettings

/// What stands around an image: nothing, as much as keeps its size, or a number of pixels on every
/// side.
///
/// To a convolution it is zeros; a pool sees only what is inside.
///
/// **Definition** `same` gives ⌈extent/stride⌉ outputs with the least padding that does, an odd
/// pixel of it on the right and at the bottom: PyTorch's `padding='same'`, which has stride 1 only,
/// and Keras's for every other stride.
public enum Padding: SettingValue, ExpressibleByIntegerLiteral {
  case valid
  case same
  case pixels(Int)

  public init(integerLiteral value: Int) { self = .pixels(value) }

  public init(_ settings: Settings, _ reader: SettingsReader, _ limits: NumberRange) throws {
    switch settings.node {
    case .scalar("valid", _): self = .valid
    case .scalar("same", _): self = .same
    case .scalar where settings.number != nil: self = .pixels(try Int(settings, reader, limits))
    default:
      throw reader.error(
        settings, "\(settings.kind) is not a padding",
        fix: "write valid, same, or a whole number of pixels")
    }
  }

  /// Pixels asked for.
  var pixels: Int {
    if case .pixels(let count) = self { count } else { 0 }
  }

  public var written: Settings? {
    switch self {
    case .valid: .scalar("valid")
    case .same: .scalar("same")
    case .pixels(let count): count.written
    }
  }
}

extension NumberRange {
  /// Pixels: more than any image has, and few enough that no product of them overflows.
  static func pixels(from minimum: Double) -> NumberRange {
    NumberRange(minimum: minimum, maximum: Double(Window.largest))
  }
}
