import Foundation
import KeelEngine
import KeelFaults

/// One draw: made, foretold, judged, in a folder of its own that is gone afterwards.
package struct Work: Sendable, Equatable {
  package let set: SeedSet
  package let index: Int
  package let isHealthy: Bool

  package init(set: SeedSet, index: Int, isHealthy: Bool) {
    (self.set, self.index, self.isHealthy) = (set, index, isHealthy)
  }

  /// The fault that its twin is drawn for.
  var first: Fault.Kind { self.set.kinds[index % self.set.kinds.count] }

  package var key: String { "\(set.rawValue)\(isHealthy ? "h" : "")\(index)" }

  /// `A17`, `Bh204`; nil for anything else.
  package init?(_ key: String) {
    guard let set = key.first.flatMap({ SeedSet(rawValue: String($0)) }) else { return nil }
    let rest = key.dropFirst()
    guard let index = Int(rest.first == "h" ? rest.dropFirst() : rest), index >= 0 else {
      return nil
    }
    self.init(set: set, index: index, isHealthy: rest.first == "h")
  }

  /// A seeded share of draws goes through the dear baseline as well.
  private var isDear: Bool { index % 4 == 1 }

  /// - Parameter again: what an earlier run made of this draw; it follows from the seed, and is
  ///   judged without being made anew.
  /// - Throws: an error of the file system; `CancellationError`.
  package func done(
    in root: String, _ seal: Seal, baselines: Bool, keeps: Bool, again: [Specimen]? = nil,
    where isWanted: @Sendable (Specimen) -> Bool = { _ in true }
  ) async throws -> Ledger.Entry {
    let folder = "\(root)/\(key)"
    try? FileManager.default.removeItem(atPath: folder)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { if !keeps { try? FileManager.default.removeItem(atPath: folder) } }
    let clock = ContinuousClock()
    let start = clock.now
    var told: [String: Told] = [:]
    func foretell(_ specimen: Specimen) throws {
      let forecast = try Told(specimen.recipe(in: folder))
      told[specimen.id] = forecast
      try seal.add(forecast, of: specimen.id)
    }
    var (specimens, rejections): ([Specimen], [Rejection])
    (specimens, rejections) = try withoutActuallyEscaping(foretell) { foretell in
      if let again {
        try again.forEach(foretell)
        return (again, [])
      }
      if isHealthy {
        var draw = Healthy(set: set, index: index, folder: folder, foretell: foretell)
        return (try draw.specimens(), draw.rejections)
      }
      var draw = Draw(set: set, index: index, folder: folder, foretell: foretell)
      return (try draw.specimens(), draw.rejections)
    }
    specimens = specimens.filter(isWanted)
    let made = clock.now
    var judgements: [Judgement] = []
    var failures: [Rejection] = []
    for specimen in specimens {
      if keeps {
        try specimen.recipe(in: folder).description.write(
          toFile: "\(folder)/\(specimen.id).yaml", atomically: true, encoding: .utf8)
      }
      do {
        judgements.append(
          try await Judgement(
            specimen, in: folder, told: told[specimen.id], baselines: baselines, dear: isDear))
      } catch let error as KeelError {
        failures.append(Rejection(id: specimen.id, reason: "\(error)"))
      }
    }
    return Ledger.Entry(
      key: key, judgements: judgements, rejections: rejections,
      seconds: [(made - start) / .seconds(1), (clock.now - made) / .seconds(1)],
      failures: failures)
  }
}
