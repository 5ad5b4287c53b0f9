import Foundation
import KeelRunners
import Testing

/// Numbers as programs print them.
struct LossReaderTests {
  @Test(arguments: [
    ("0.25", 0.25), ("1e-3,", 1e-3), ("tensor(2.5,", 2.5), ("[3]", 3), ("'4'", 4), ("5.", 5),
    ("-7.5)", -7.5), ("inf", .infinity), ("-Infinity", -.infinity), ("+inf,", .infinity),
  ]) func isRead(text: String, value: Double) {
    #expect(LossReader.number(text) == value)
  }

  @Test(arguments: ["nan", "NaN,", "-nan", "+nan", "nan(ind)", "-nan(ind)", "1.#QNAN", "-1.#IND"])
  func isNotANumber(text: String) {
    #expect(LossReader.number(text)?.isNaN == true)
  }

  @Test(arguments: ["", "x", "0x10", "1,5", "1.084€", "nano", "info"]) func isNone(text: String) {
    #expect(LossReader.number(text) == nil)
  }

  /// A program is quicker than its reader, and goes on for long after its loss is lost: nothing
  /// is told twice, and what it came to is told.
  @Test func aLogThatGoesOnWithoutNumbersIsRead() throws {
    let folder = "\(NSTemporaryDirectory())keel-log-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func write(_ losses: [String]) throws {
      let rows = losses.enumerated().map { "\($0),\($1)\n" }.joined()
      try Data("step,loss\n\(rows)".utf8).write(to: URL(fileURLWithPath: "\(folder)/log.csv"))
    }
    var reader = LossReader(.csv("log.csv", column: "loss"), in: folder)
    try write(["3", "2"])
    #expect(try reader.newLosses() == [3, 2])
    try write(["3", "2", "1e30"] + Array(repeating: "nan", count: 5000))
    let late = try reader.newLosses()
    #expect(late.first == 1e30 && late.dropFirst().allSatisfy(\.isNaN) && late.count > 100)
    #expect(try reader.newLosses().isEmpty)
  }
}
