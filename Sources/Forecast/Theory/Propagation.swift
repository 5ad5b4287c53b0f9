import Foundation
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings

/// What theory expects of signals and gradients on their way through a network at initialisation.
///
/// Forwards a mean square per element, backwards a squared norm; each layer multiplies them, and
/// the factors are added as logarithms: a growth of 10^120 is a number.
///
/// **Definition** At a layer of weights with deviation σ, its input x = φ(z) of the layer before:
/// E z′² = σ²·fan-in·E φ(z)² + σ_b², ‖∂L/∂z‖² = σ²·fan-in·E φ′(z)²·‖∂L/∂z′‖². Exact in the limit of
/// wide layers and independent, centred weights.
///
/// **References** He et al. 2015, eq. 10 and 14; Schoenholz et al. 2017; Yang et al. 2019.
package struct Propagation {
  /// A layer with a weight.
  struct Record {
    let name: String
    /// ln of the mean square of its output.
    var logSquare: Double
    /// ln of the squared gain of its own product towards its input: σ²·fan-in.
    var logWeightGain: Double
    /// ln of the squared growth of the gradient within it, from its last step in time to the first
    /// that it reaches.
    let logTime: Double
    /// Of the factors after it.
    var logBackward = 0.0
    /// How many factors of its sequence lie before its output.
    var position: Int
    var isExact: Bool
  }

  /// What stands between two layers with weights and keeps them from multiplying freely: a
  /// normalisation, or a path around some of them.
  package struct Guard: Hashable, Sendable {
    /// The name of the kind of layer.
    package let kind: String
    /// ln of the factor on the gradient's square from one layer with weights to the one before, or
    /// across the block, over what the path around it does.
    package let logGain: Double
  }

  /// Rows in a batch.
  let batch: Int
  /// For layers that name none of their own.
  let initializer: any Initializer
  package internal(set) var signal: SignalMoments
  var shape: Shape
  /// The layer after the one at hand.
  private(set) var next: Choice<Layers>?
  private(set) var records: [Record] = []
  /// ln of the squared gain towards the input, of each part of the sequence.
  private(set) var factors: [Double] = []
  /// Whether everything until here is as the theory wants it.
  var isExact = true
  /// In the order of the network; those within a branch are part of its block.
  private(set) var guards: [Guard] = []
  /// The normalisation since the last layer with weights, and the factor behind that layer.
  private var norm: (kind: String?, start: Int) = (nil, 0)
  private var named: [String: Int] = [:]
  /// False once there was a layer whose effect nobody has written down.
  private(set) var isKnown = true

  package init(
    _ recipe: Recipe, input: Shape, signal: SignalMoments, batch: Int
  ) {
    self.batch = batch
    initializer = recipe.initializer.member
    // Of weights that were given it says what drawn ones would do.
    isExact = recipe.initial.value == nil
    self.signal = signal
    shape = input
    run(recipe.model)
    close()
  }

  /// Layer by layer.
  mutating func run(_ layers: [Choice<Layers>]) {
    for (index, layer) in layers.enumerated() {
      next = index + 1 < layers.count ? layers[index + 1] : nil
      guard let layer = layer.ingredient as? any Propagating else {
        isKnown = false
        continue
      }
      layer.propagate(in: &self)
    }
  }

  /// The next name of a kind, as the planner gives it.
  mutating func name(_ kind: String) -> String {
    let number = named[kind, default: 0] + 1
    named[kind] = number
    return "\(kind)-\(number)"
  }

  /// A factor beyond every number (exponentials of exponentials) counts as e^±1e6.
  mutating func append(factor: Double) { factors.append(min(max(factor, -1e6), 1e6)) }

  mutating func record(_ name: String, logWeightGain: Double, logTime: Double = 0) {
    if let kind = norm.kind, !records.isEmpty {
      guards.append(Guard(kind: kind, logGain: factors[norm.start...].reduce(0, +)))
    }
    norm = (nil, factors.count)
    records.append(
      Record(
        name: name, logSquare: min(max(signal.logSquare, -1e6), 1e6), logWeightGain: logWeightGain,
        logTime: logTime, position: factors.count, isExact: isExact))
  }

  /// Notes a normalisation: what comes behind it no longer depends on the size of what came before.
  mutating func normalize(by kind: String) { norm.kind = kind }

  /// Notes a block with a path around it, whose factors have been appended.
  mutating func bypass(_ kind: String, logGain: Double) {
    guards.append(Guard(kind: kind, logGain: logGain))
    norm = (nil, factors.count)
  }

  /// Walks a branch that begins with the signal as it is, and gives back ln of its squared gain and
  /// what comes out of it.
  mutating func branch(
    _ layers: [Choice<Layers>]
  ) -> (factor: Double, signal: SignalMoments, shape: Shape) {
    var inner = self
    (inner.records, inner.factors, inner.norm) = ([], [], (nil, 0))
    inner.run(layers)
    inner.close()
    named = inner.named
    isExact = isExact && inner.isExact
    isKnown = isKnown && inner.isKnown
    // The block itself will be one factor, behind which they lie.
    records += inner.records.map { record in
      var record = record
      record.position = factors.count + 1
      return record
    }
    return (inner.factors.reduce(0, +), inner.signal, inner.shape)
  }

  /// Gives every record what lies between it and the sequence's end.
  private mutating func close() {
    var rest = [Double](repeating: 0, count: factors.count + 1)
    for index in factors.indices.reversed() { rest[index] = rest[index + 1] + factors[index] }
    for index in records.indices { records[index].logBackward += rest[records[index].position] }
  }
}

extension Propagation {
  /// What theory says of one layer.
  package struct LayerGain: Hashable, Sendable {
    package let name: String
    package let forward: Double
    package let backward: Double
    package let isExact: Bool
  }

  /// Gains of the norm, layer by layer; empty where a layer is unknown.
  ///
  /// Forward: root mean square of its output over that of the layer's before (of the input).
  /// Backward: norm of the gradient at the output of the layer before, over that at its own; of the
  /// first layer, what its weights alone would hand down.
  package func gains(inputLogSquare: Double) -> [LayerGain] {
    guard isKnown else { return [] }
    return records.indices.map { index in
      let record = records[index]
      let before = index == 0 ? nil : records[index - 1]
      let backward = before.map { $0.logBackward - record.logBackward } ?? record.logWeightGain
      return LayerGain(
        name: record.name,
        forward: exp((record.logSquare - (before?.logSquare ?? inputLogSquare)) / 2),
        backward: exp(backward / 2), isExact: record.isExact)
    }
  }

  /// log₁₀ of the gradient's norm at the first layer's output over that at the last.
  ///
  /// In time it is that at the first step of the first layer over that at its last. Nil where a
  /// layer is unknown.
  package var gradientGrowth: Double? {
    guard isKnown, let first = records.first, let last = records.last else { return nil }
    let growth = (first.logBackward + first.logTime - last.logBackward) / 2 / log(10)
    return abs(growth) > 1e5 ? growth * .infinity : growth
  }

  /// The layers with a batch normalisation and nothing around it before them, and what they make of
  /// the gradient's norm together, in decades; nil where there is none, or a layer is unknown.
  package var batchNorms: (growth: Double, layers: Int)? {
    let norms = guards.filter { $0.kind == BatchNorm.name }
    guard isKnown, !norms.isEmpty else { return nil }
    return (norms.reduce(0) { $0 + $1.logGain } / 2 / log(10), norms.count)
  }

  /// Whatever explains a growth of so many decades and is no cause that a recipe could be blamed
  /// for alone.
  func notes(growth: Double) -> [String] {
    guard let norms = batchNorms, growth >= 0.5, norms.growth > growth / 2 else { return [] }
    let factor = pow(10, norms.growth / Double(norms.layers))
    let growth = String(format: "%.1f", norms.growth)
    return [
      "batch normalisation makes 10^\(growth) of that itself, ×\(String(format: "%.2f", factor)) a "
        + "layer; residual connections end it"
    ]
  }

  /// log₁₀ of the largest root mean square that any layer is expected to put out.
  package var largestSignal: Double? {
    guard isKnown else { return nil }
    return records.map(\.logSquare).max().map { $0 / 2 / log(10) }
  }
}

extension Recipe {
  /// What theory says of the normalisations and residual blocks of the network as it begins,
  /// whatever the size of its inputs; empty where the network cannot be planned, or has a layer
  /// unknown to it.
  package func guards(row: Shape) -> [Propagation.Guard] {
    guard let plan = try? plan(row: row, capacity: 1) else { return [] }
    let path = Propagation(
      self, input: plan.input.shape, signal: SignalMoments(logSquare: 0, correlation: 0),
      batch: training.batch)
    return path.isKnown ? path.guards : []
  }
}
