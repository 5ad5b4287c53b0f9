import Foundation
import KeelArchive
import KeelAuthoring

/// What a report of a fault needs: what runs, on which machine, by which kernels, and how its
/// archive stands.
package struct DoctorPage: Page {
  /// How an archive stands.
  package struct Archive: Encodable {
    let path: String
    let runs: Int?
    let bytes: Int?
    /// What keeps it from being read.
    let error: String?

    /// Looks at it; where there is none, that is no error.
    package init?(_ path: String) {
      guard FileManager.default.fileExists(atPath: path) else { return nil }
      self.path = path
      do {
        let history = try History(path, create: false)
        (runs, bytes, error) = (try history.runs().count, try history.size(), nil)
      } catch {
        (runs, bytes) = (nil, nil)
        self.error = "\(error)"
      }
    }
  }

  /// The same for machines.
  package struct Body: Encodable {
    let version: String
    let system: String
    let processor: String
    let cores: Int
    let memoryBytes: Int
    /// What the plan of a training may take.
    let planBytes: Int
    let kernels: String
    let kernelsHere: [String]
    let products: String
    let threads: Int
    /// Variables that change what is calculated, or where.
    let environment: [String: String]
    let archive: Archive?
  }

  package let body: Body

  /// - Parameters:
  ///   - version: the command's.
  ///   - threads: that matrix products use.
  ///   - archive: nil where there is none yet.
  package init(version: String, threads: Int, archive: Archive?) {
    let process = ProcessInfo.processInfo
    let names = ["KEEL_", "OPENBLAS_", "OMP_"]
    body = Body(
      version: version, system: process.operatingSystemVersionString, processor: Self.processor,
      cores: process.activeProcessorCount, memoryBytes: Int(process.physicalMemory),
      planBytes: Planner.memoryLimit, kernels: KernelLevel.current.name,
      kernelsHere: KernelLevel.all.filter(\.isSupported).map(\.name),
      products: MatrixProducts.library, threads: threads,
      environment: process.environment.filter { entry in
        names.contains { entry.key.hasPrefix($0) }
      }, archive: archive)
  }

  private static var processor: String {
    #if arch(x86_64)
      let kind = "x86-64"
    #elseif arch(arm64)
      let kind = "arm64"
    #else
      let kind = "unknown"
    #endif
    // Linux names it in a file; elsewhere its kind must do.
    let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(
      separator: "\n")
    let model = lines?.first { $0.hasPrefix("model name") }?.split(separator: ":").last
    return model.map { "\($0.trimmingCharacters(in: .whitespaces)) (\(kind))" } ?? kind
  }

  package var text: String {
    func gigabytes(_ bytes: Int) -> String { Text.number(Double(bytes) / 1e9) + " GB" }
    var rows = [
      ("keel", body.version), ("system", body.system),
      ("processor", "\(body.processor), \(body.cores) cores"),
      ("memory", "\(gigabytes(body.memoryBytes)); a plan may take \(gigabytes(body.planBytes))"),
      ("kernels", "\(body.kernels), of \(body.kernelsHere.joined(separator: ", ")) here"),
      ("products", "\(body.products), \(body.threads) threads"),
    ]
    rows += body.environment.sorted { $0.key < $1.key }.map {
      ("set", shown("\($0.key)=\($0.value)", limit: 300))
    }
    rows.append(("archive", archive))
    return rows.map { Text.padded($0.0, 12) + shown($0.1, limit: 300) }.joined(separator: "\n")
      + "\n"
  }

  private var archive: String {
    guard let archive = body.archive else { return "none here" }
    if let error = archive.error { return Style.red("✗ ") + shown(error, limit: 300) }
    return "\(shown(archive.path, limit: 300)): \(Text.count(archive.runs ?? 0)) runs, "
      + "\(Text.count((archive.bytes ?? 0) / 1000)) kB"
  }
}
