import KeelEngine
import KeelRecipes
import KeelTraining

extension Recipe {
  /// Each weight, bias and gain as it begins, but for recurrent ones.
  ///
  /// It is measured rather than derived, so that it holds for every initializer. Nil where the
  /// network cannot be planned.
  package func initialSizes(_ problem: Problem) -> [(parameter: Parameter, rms: Double)]? {
    initialValues(problem) { values in
      let squares = values.reduce(0.0) { $0 + Double($1) * Double($1) }
      return (squares / Double(values.count)).squareRoot()
    }?.filter { !$0.parameter.isRecurrent }.map { ($0.parameter, $0.measure) }
  }

  /// Σ|w| and Σw² over all weights as they begin; nil where the network cannot be planned.
  package func initialWeights(_ problem: Problem) -> (magnitudes: Double, squares: Double)? {
    if let weights = problem.engine?.initialWeights.filter({ !$0.isBias }) {
      // Of normal values: the mean magnitude is √(2/π) of the root mean square.
      return weights.reduce(into: (0, 0)) { total, weight in
        total.0 += Double(weight.count) * weight.rms * (2 / Double.pi).squareRoot()
        total.1 += Double(weight.count) * weight.rms * weight.rms
      }
    }
    let sums = initialValues(problem) { values in
      values.reduce(into: (magnitudes: 0.0, squares: 0.0)) { sums, value in
        sums.magnitudes += abs(Double(value))
        sums.squares += Double(value) * Double(value)
      }
    }
    return sums.map { sums in
      sums.filter { $0.parameter.role == .weight }.reduce(into: (0, 0)) { total, part in
        total.0 += part.measure.magnitudes
        total.1 += part.measure.squares
      }
    }
  }

  private func initialValues<Measure>(
    _ problem: Problem, _ measure: (UnsafeMutableBufferPointer<Float>) -> Measure
  ) -> [(parameter: Parameter, measure: Measure)]? {
    guard let plan = try? plan(row: problem.rows.train.shape, capacity: 1) else { return nil }
    let given = initial.value == nil ? [:] : problem.initialByName
    return plan.parameters.map { parameter in
      var random = Random(seed: seed, stream: parameter.name)
      let start = given[parameter.name].flatMap { $0.shape == parameter.shape ? $0.values : nil }
      var values = start ?? [Float](repeating: 0, count: parameter.shape.count)
      return values.withUnsafeMutableBufferPointer { buffer in
        if start == nil { parameter.fill(buffer, &random) }
        return (parameter, measure(buffer))
      }
    }
  }
}
