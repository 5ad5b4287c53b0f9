import ArgumentParser
import Foundation
import KeelAuthoring

/// Which rows of a table are wanted, and with what.
package struct TableOptions: ParsableArguments {
  @Option(help: "Seeds, separated by commas.", transform: Self.seeds)
  package var seeds: [UInt64] = [0, 1, 2]

  @Option(help: "Only what has a name that matches this regular expression.")
  package var only: String?

  @Option(help: "Threads of a training.")
  package var threads = ProcessInfo.processInfo.activeProcessorCount

  package init() {}

  package func validate() throws {
    guard (1...4096).contains(threads) else {
      throw ValidationError("--threads \(threads): give a number from 1 to 4096")
    }
    _ = try pattern
  }

  /// - Throws: `ValidationError` where the expression is none.
  package func chosen<Row>(_ rows: [Row], by name: (Row) -> String) throws -> [Row] {
    guard let pattern = try pattern else { return rows }
    return rows.filter { name($0).contains(pattern) }
  }

  private var pattern: Regex<AnyRegexOutput>? {
    get throws {
      guard let only else { return nil }
      do { return try Regex(only) } catch {
        throw ValidationError("--only \(only): is not a regular expression")
      }
    }
  }

  private static func seeds(_ text: String) throws -> [UInt64] {
    let seeds = text.split(separator: ",", omittingEmptySubsequences: false).map { UInt64($0) }
    guard !seeds.contains(nil), Set(seeds).count == seeds.count else {
      throw ValidationError("--seeds \(text): write different whole numbers, such as 0,1,2")
    }
    return seeds.compactMap { $0 }
  }
}

extension Recipe {
  /// The first of the files it reads that is not there.
  package var absentFile: String? {
    files.first { !FileManager.default.fileExists(atPath: $0) }
      .map { URL(fileURLWithPath: $0).standardizedFileURL.path }
  }
}
