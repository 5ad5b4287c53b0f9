import KeelNetworks
import KeelRecipes
import KeelSettings
import Testing

/// The largest stable sharpness of each optimizer, by bisection on a quadratic, against theory.
struct StabilityTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let optimizer: Choice<Optimizers>
    let edge: Double
    var testDescription: String { name }
  }

  static let rate = 0.1
  static let cases = [
    Case(name: "gradient descent", optimizer: .sgd(learningRate: rate), edge: 2 / rate),
    Case(
      name: "heavy ball", optimizer: .sgd(learningRate: rate, momentum: 0.9), edge: 3.8 / rate),
    Case(
      name: "Nesterov", optimizer: .sgd(learningRate: rate, momentum: 0.9, nesterov: true),
      edge: 3.8 / (2.8 * rate)),
    // The second moment is held at 1: its share of a new square is 1e-12, its correction 1.
    Case(
      name: "Adam, preconditioned",
      optimizer: .adam(learningRate: rate, beta2: 1 - 1e-12, epsilon: 0), edge: 38 / rate),
  ]

  @Test(arguments: cases)
  func edge(_ example: Case) {
    var (stable, unstable) = (example.edge / 3, example.edge * 5)
    while unstable / stable > 1.0001 {
      let middle = (stable * unstable).squareRoot()
      if Self.diverges(example.optimizer.member, sharpness: middle) {
        unstable = middle
      } else {
        stable = middle
      }
    }
    print("edge of \(example.name): \(stable * Self.rate)/η, theory \(example.edge * Self.rate)/η")
    #expect(abs(stable / example.edge - 1) < 1e-3)
  }

  /// Whether |w| grows a thousandfold on λ/2·w² within 100,000 steps.
  private static func diverges(_ optimizer: any Optimizer, sharpness: Double) -> Bool {
    var slots: [Float] = [0, 1]
    var weight: Float = 1e-6
    return slots.withUnsafeMutableBufferPointer { slots in
      for _ in 0..<100_000 {
        var gradient = Float(sharpness) * weight
        _ = optimizer.update(
          Update(
            weights: &weight, gradients: &gradient, count: 1, scale: 1, learningRate: rate,
            step: 1_000_000_000_000_000, firstSlot: slots.baseAddress!, slotStride: 1))
        if !(abs(weight) < 1e-3) { return true }
        if abs(weight) < 1e-20 { return false }
      }
      return false
    }
  }
}
