import ArgumentParser

/// A size as an option writes it: `200MB`.
struct ByteCount: ExpressibleByArgument {
  let bytes: Int

  init?(argument: String) {
    let units = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("KB", 1e3), ("B", 1)]
    for (unit, size) in units where argument.hasSuffix(unit) {
      guard let count = Double(argument.dropLast(unit.count)), (0...1e15 / size).contains(count)
      else {
        return nil
      }
      bytes = Int(count * size)
      return
    }
    return nil
  }
}
