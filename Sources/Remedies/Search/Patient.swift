import KeelCauses
import KeelForecast
import KeelRecipes
import KeelTraining

/// What a remedy is chosen for: a recipe, its rows, and how its training sets out, which is
/// measured when somebody asks.
public final class Patient {
  /// The recipe and its rows, and where its training ended.
  public let subject: Subject
  /// Counts the steps that measuring takes.
  private let ledger: Ledger
  private let firstNorm: Double?
  private let explosion: Explosion?
  /// What the experiments of the diagnosis reset, by cause.
  let resets: [String: Recipe]

  final class Ledger {
    fileprivate(set) var steps = 0
  }

  /// - Parameters:
  ///   - trace: what was recorded until it exploded.
  ///   - explosion: where that was.
  ///   - diagnosis: what is known of its causes.
  public convenience init(
    _ subject: Subject, _ trace: Trace, _ explosion: Explosion? = nil, diagnosis: Diagnosis? = nil
  ) {
    let norm = trace.gradientNorms.first.flatMap { $0.isFinite && $0 > 0 ? Double($0) : nil }
    self.init(subject, norm, explosion, diagnosis?.resets ?? [:], Ledger())
  }

  private init(
    _ subject: Subject, _ norm: Double?, _ explosion: Explosion?, _ resets: [String: Recipe],
    _ ledger: Ledger
  ) {
    (self.subject, firstNorm, self.explosion, self.ledger) = (subject, norm, explosion, ledger)
    self.resets = resets
  }

  /// The recipe that remedies change.
  public var recipe: Recipe { subject.recipe }

  /// Nil where the recipe cannot be trained at all.
  private lazy var dynamics: InitialDynamics? = {
    let dynamics = try? InitialDynamics(recipe, parts: subject.parts)
    ledger.steps += dynamics?.evaluations ?? 0
    return dynamics
  }()

  /// The norm of the first gradient; nil where it is not finite.
  public var gradientNorm: Double? {
    firstNorm ?? (isLostBeforeUpdate ? nil : dynamics?.gradientNorm)
  }

  /// The largest learning rate seen to hold for forty steps; nil where none was.
  public var learningRateLimit: Double? { isLostBeforeUpdate ? nil : dynamics?.rate }

  /// Whether the very first pass overflows: what acts on gradients or updates then comes too late.
  public var isLostBeforeUpdate: Bool {
    guard let explosion else { return false }
    return explosion.step == 0 && explosion.pass != .update && explosion.kind == .nonFinite
  }

  /// The same patient under another recipe.
  public func with(_ recipe: Recipe) -> Patient {
    Patient(subject.with(recipe), nil, nil, resets, ledger)
  }

  /// Gradient evaluations spent on it and on all that `with` made of it.
  package var evaluations: Int { ledger.steps }
}
