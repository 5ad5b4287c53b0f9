import CKernels
import KeelEngine
import KeelNetworks
import KeelRecipes

/// How much a recurrent weight can make a gradient grow in one step.
public enum SpectralNorm {
  /// The largest singular value of a matrix [units, units], or of the gates of one, of which the
  /// largest counts.
  ///
  /// It is found by Lanczos on WᵀW: at most the true one, and within 1e-3 of it.
  public static func largest(of weight: [Float], units: Int) -> Double {
    stride(from: 0, to: weight.count, by: units * units).map { first in
      largest(Array(weight[first..<first + units * units]), units)
    }.reduce(0) { $1 > $0 || $1.isNaN ? $1 : $0 }
  }

  private static func largest(_ matrix: [Float], _ units: Int) -> Double {
    guard !matrix.contains(where: \.isNaN) else { return .nan }
    let size = matrix.reduce(Float(0)) { max($0, abs($1)) }
    guard size > 0, size.isFinite else { return Double(size) }
    let scaled = matrix.map { $0 / size }
    var random = Random(seed: 0, stream: "spectral-norm")
    var start = [Float](repeating: 0, count: units)
    start.withUnsafeMutableBufferPointer { random.fill($0, normalWithMean: 0, std: 1) }
    var product = start
    let found = Lanczos(start: start, steps: min(units, 60), tolerance: 1e-4) { vector, image in
      keel_gemm(0, 1, 1, units, units, 1, vector, scaled, 0, &product)
      keel_gemm(0, 0, 1, units, units, 1, product, scaled, 0, &image)
      return true
    }
    return found.map { max(0, $0.value).squareRoot() * Double(size) } ?? .nan
  }

  /// Plain recurrence cannot explode below this: 1/γ, γ the steepest slope of its activation (1 for
  /// tanh, 4 for sigmoid).
  ///
  /// **References** Pascanu et al., ICML 2013, §2.1.
  public static func critical(_ activation: any Activation) -> Double {
    guard let functions = activation.elementwise else { return 1 }
    // Every thousandth of ±20, 0 among them.
    let points = (-20_000...20_000).map { Float($0) / 1000 }
    return 1 / Double(functions.slopes(at: points).reduce(0) { max($0, abs($1)) })
  }
}

extension Recipe {
  /// The largest singular value of a recurrent weight, gate by gate, measured on the values it
  /// begins with, so that it holds for every initializer.
  package func spectralNorm(of weight: Parameter) -> Double {
    var random = Random(seed: seed, stream: weight.name)
    var values = [Float](repeating: 0, count: weight.shape.count)
    values.withUnsafeMutableBufferPointer { weight.fill($0, &random) }
    return SpectralNorm.largest(of: values, units: weight.shape.last)
  }
}
