import KeelEngine
import KeelSettings

extension Dataset {
  /// Holds every setting to its limits, as reading a recipe does: Swift code can set anything.
  func check() throws {
    _ = try Self(reading: settings, SettingsReader(catalog: Catalog([]), path: "data.\(Self.name)"))
  }

  /// Refuses more generated rows than memory holds, before any is made.
  func checkMemory(samples: Int, numbers: Int) throws {
    let bytes = Shape(samples, numbers, MemoryLayout<Float>.size).count
    // They are there three times over for a moment: as made, shuffled, and split. Their order is
    // kept in 32 bits.
    guard samples <= Int32.max, bytes <= Planner.memoryLimit / 3 else {
      throw KeelError(
        .invalid, at: "data.\(Self.name)",
        "\(samples) rows of \(numbers) numbers do not fit memory", fix: "ask for fewer samples")
    }
    try Room.check(3 * bytes, for: "\(samples) rows of \(numbers) numbers")
  }
}
