import Foundation
import KeelAuthoring
import KeelLogs
import Testing

/// Losses that people printed in issue trackers (`Tests/Vectors/logs/public.json`: figures, where
/// they stood, and what was established there): the kind is right, and nothing is claimed.
struct PublicLogsTests {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    let id: String
    let rows: [[String: Value]]
    let outcome: String

    var testDescription: String { id }
  }

  /// A number, or the name of one that is not finite.
  enum Value: Decodable, Sendable, CustomStringConvertible {
    case number(Double)
    case name(String)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let number = try? container.decode(Double.self) {
        self = .number(number)
      } else {
        self = .name(try container.decode(String.self))
      }
    }

    var description: String {
      switch self {
      case .number(let number): "\(number)"
      case .name(let name): name
      }
    }
  }

  private static let cases: [Case] = {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Vectors/logs/public.json")
    return (try? JSONDecoder().decode([Case].self, from: Data(contentsOf: file))) ?? []
  }()

  @Test func areThere() { #expect(Self.cases.count >= 20) }

  @Test(arguments: cases) func kindIsRight(_ known: Case) throws {
    let path = NSTemporaryDirectory() + "keel-public-\(UUID().uuidString).csv"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let names = Set(known.rows.flatMap(\.keys)).sorted()
    let lines = known.rows.map { row in
      names.map { row[$0]?.description ?? "" }.joined(separator: ",")
    }
    try ([names.joined(separator: ",")] + lines).joined(separator: "\n").appending("\n")
      .write(toFile: path, atomically: true, encoding: .utf8)
    let diagnosis = try LogDiagnosis(TrainingLog.read(path))
    #expect((diagnosis.explosion?.kind.rawValue ?? "none") == known.outcome)
    #expect(diagnosis.findings.allSatisfy { $0.confidence <= 0.8 && $0.kind == .suspect })
    guard known.outcome == "non-finite" else { return }
    // The gradient's norm may be lost before the loss.
    let lost = known.rows.first { row in
      row.values.contains { if case .name = $0 { true } else { false } }
    }
    if case .number(let step) = lost?["step"] { #expect(diagnosis.explosion?.step == Int(step)) }
  }
}
