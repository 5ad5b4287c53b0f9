/// Gradients with respect to state and cell along one eigenvector of the recurrent weight; complex.
struct Wave {
  var state = SIMD2<Double>.zero
  var cell = SIMD2<Double>.zero

  var size: Double { max(abs(state.x), abs(state.y), abs(cell.x), abs(cell.y)) }

  mutating func scale(by factor: Double) {
    state *= factor
    cell *= factor
  }
}
