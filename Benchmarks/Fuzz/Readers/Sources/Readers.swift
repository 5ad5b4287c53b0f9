// Any bytes as a log of any format, read and diagnosed: `make fuzz-logs`.
import Foundation
import KeelLogs

/// A place in memory, where the system has one.
private let folder: String = {
  let root =
    FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm/" : NSTemporaryDirectory()
  let folder = "\(root)keel-fuzz-\(ProcessInfo.processInfo.processIdentifier)"
  for part in ["events", "run/metrics"] {
    try? FileManager.default.createDirectory(
      atPath: "\(folder)/\(part)", withIntermediateDirectories: true)
  }
  return folder
}()

/// What a log may be called, and which of it is read: the first byte chooses.
private let names: [(file: String, read: String)] = [
  ("log", "log"), ("trainer_state.json", "trainer_state.json"), ("metrics.csv", "metrics.csv"),
  ("events/events.out.tfevents.1.x", "events"), ("run/metrics/loss", "run"),
  ("events/events.out.tfevents.2.x", "events"),
]

/// The bytes as records of events: no chance finds their checksums.
private func framed(_ bytes: UnsafeBufferPointer<UInt8>) -> Data {
  var (data, rest) = (Data(), bytes[...])
  while let length = rest.popFirst() {
    let record = rest.prefix(Int(length))
    rest = rest.dropFirst(Int(length))
    let head = withUnsafeBytes(of: UInt64(record.count).littleEndian) { Array($0) }
    data += head + masked(head) + record + masked(Array(record))
  }
  return data
}

private func masked(_ bytes: [UInt8]) -> [UInt8] {
  var sum = ~UInt32(0)
  for byte in bytes {
    sum ^= UInt32(byte)
    for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0x82F6_3B78 : sum >> 1 }
  }
  sum = ~sum
  let turned = (sum >> 15 | sum << 17) &+ 0xA282_EAD8
  return withUnsafeBytes(of: turned.littleEndian) { Array($0) }
}

/// - Returns: 0, as libFuzzer wants it: whatever the bytes, nothing ends the process.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  guard count > 0 else { return 0 }
  let place = Int(start[0]) % names.count
  let (name, bytes) = (names[place], UnsafeBufferPointer(start: start + 1, count: count - 1))
  let path = "\(folder)/\(name.file)"
  _ = FileManager.default.createFile(
    atPath: path, contents: place == names.count - 1 ? framed(bytes) : Data(bytes))
  defer { unlink(path) }
  _ = TrainingLog.isLog("\(folder)/\(name.read)")
  guard let log = try? TrainingLog.read("\(folder)/\(name.read)") else { return 0 }
  _ = try? LogDiagnosis(log)
  return 0
}
