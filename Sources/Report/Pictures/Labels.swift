/// Labels at the ends of lines, moved apart until none covers another.
enum Labels {
  /// - Parameters:
  ///   - places: where they would stand.
  ///   - gap: between two.
  /// - Returns: where they stand, in the order in which they came.
  static func apart(_ places: [Double], gap: Double, within range: ClosedRange<Double>) -> [Double]
  {
    let order = places.indices.sorted { (places[$0], $0) < (places[$1], $1) }
    var made = places
    var next = range.lowerBound
    for index in order {
      made[index] = max(places[index], next)
      next = made[index] + gap
    }
    var limit = range.upperBound
    for index in order.reversed() {
      made[index] = min(made[index], limit)
      limit = made[index] - gap
    }
    return made
  }
}
