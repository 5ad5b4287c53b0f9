/// What is wrong, where it is, and what would fix it.
///
/// Every error that a user can cause has this form; `kind` decides the command's exit code.
public struct KeelError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The sorts of errors, each with the command's exit code.
  public enum Kind: String, Hashable, Sendable {
    /// The command was called in a way it does not understand (64).
    case usage
    /// The recipe or the data cannot be used (65).
    case invalid
    /// A file that was named is not there (66).
    case missing
    /// An invariant of Keel itself is broken (70).
    case broken
    /// The system did not give memory that the plan has room for (70).
    case exhausted
    /// A file could not be written (74).
    case unwritable
    /// The user interrupted the work (130).
    case interrupted
  }

  /// What sort of error it is.
  public var kind: Kind
  /// The path into the recipe, the file, or the row and column: `model[3].dense`.
  public var place: String
  /// What is wrong there, worded to follow the place.
  public var what: String
  /// What the user can do about it.
  public var fix: String
  /// Names that no catalogue has, in a recipe that was read: somebody's own, or slips.
  public var unknownNames: [String] = []
  /// Where the text stands, for what was read from a file: `exploding.yaml:9:7`.
  public var source: String?

  public init(
    _ kind: Kind, at place: String, _ what: String, fix: String, source: String? = nil
  ) {
    self.kind = kind
    self.place = place
    self.what = what
    self.fix = fix
    self.source = source
  }

  /// Place, problem and fix in one line:
  /// `model[3].dense: 'wdith' is not a setting; did you mean 'units'?`.
  public var description: String { "\(place): \(what); \(fix)" }
}
