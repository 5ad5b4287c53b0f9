import Foundation
import KeelTestSupport
import Testing

/// The executable `keel`, run as a person or a script would run it, in a folder of the test's own.
final class Tool: Sendable {
  let folder: String

  /// What a run left behind.
  struct Result: Sendable {
    let code: Int32
    let out: String
    let err: String

    var lines: [String] {
      out.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// Standard output as exactly one JSON object.
    var json: [String: Any] {
      get throws {
        try #require(
          try JSONSerialization.jsonObject(with: Data(out.utf8)) as? [String: Any], "\(out)")
      }
    }
  }

  /// The folder as the command sees it, links resolved.
  var path: String { URL(fileURLWithPath: folder).resolvingSymlinksInPath().path }

  init() throws {
    folder = "\(NSTemporaryDirectory())keel-command-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  static var executable: URL? { Checkout.executable }

  // MARK: files

  func write(_ name: String, _ text: String) throws {
    try write(name, Data(text.utf8))
  }

  func write(_ name: String, _ data: Data) throws {
    try data.write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
  }

  func read(_ name: String) throws -> String {
    try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
  }

  /// What is in the folder, hidden files included.
  var contents: [String] {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0 != ".keel" }.sorted()
    }
  }

  // MARK: running

  /// - Parameters:
  ///   - blocks: the largest file it may write, as `ulimit -f` counts (a disk that is full).
  ///   - output: where standard output goes; nil: to `Result.out`.
  ///   - memory: kilobytes of address space it may take, as `ulimit -v` counts.
  ///   - environment: what is added to that of the tests.
  func run(
    _ arguments: [String], blocks: Int? = nil, output: String? = nil, memory: Int? = nil,
    environment: [String: String] = [:]
  ) throws -> Result {
    try start(arguments, blocks: blocks, output: output, memory: memory, environment: environment)
      .result()
  }

  func run(_ arguments: String..., blocks: Int? = nil) throws -> Result {
    try run(arguments, blocks: blocks)
  }

  /// Runs it, and presses Ctrl-C once it listens for that.
  func interrupt(_ arguments: String...) throws -> Result {
    try signal(SIGINT, arguments)
  }

  /// Runs it, and sends it a signal once it listens for that.
  func signal(_ number: Int32, _ arguments: String...) throws -> Result {
    try signal(number, arguments)
  }

  /// - Parameter pause: microseconds that it listens for before that.
  func signal(_ number: Int32, _ arguments: [String], after pause: UInt32 = 300_000) throws
    -> Result
  {
    let child = try start(arguments, blocks: nil, output: nil)
    let deadline = ContinuousClock.now + .seconds(600)
    while !child.listens, ContinuousClock.now < deadline { usleep(20_000) }
    usleep(pause)
    Foundation.kill(child.process.processIdentifier, number)
    return child.result()
  }

  /// Runs it, and kills it after a time, as a power cut would.
  /// - Returns: whether it was still running then.
  func kill(after delay: Duration, _ arguments: [String]) throws -> Bool {
    let child = try start(arguments, blocks: nil, output: nil)
    usleep(UInt32(max(0, delay / .microseconds(1))))
    let wasRunning = child.process.isRunning
    Foundation.kill(child.process.processIdentifier, SIGKILL)
    _ = child.result()
    return wasRunning
  }

  private func start(
    _ arguments: [String], blocks: Int?, output: String?, memory: Int? = nil,
    environment: [String: String] = [:]
  ) throws -> Child {
    let executable = try #require(Self.executable, "build the product keel first")
    let process = Process()
    if !environment.isEmpty {
      process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    }
    let limits = [blocks.map { "ulimit -f \($0)" }, memory.map { "ulimit -v \($0)" }]
      .compactMap { $0 }
    if !limits.isEmpty {
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments =
        ["-c", "\(limits.joined(separator: " && ")) && exec \"$0\" \"$@\"", executable.path]
        + arguments
    } else {
      process.executableURL = executable
      process.arguments = arguments
    }
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    return try Child(process, output: output)
  }
}

/// A process under way, whose output is read as it comes.
private final class Child: @unchecked Sendable {
  let process: Process
  private let readers = DispatchGroup()
  private let lock = NSLock()
  private var texts = ["", ""]

  init(_ process: Process, output: String?) throws {
    self.process = process
    let pipes = [Pipe(), Pipe()]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput =
      try output.map { path in
        try FileHandle(forWritingTo: URL(fileURLWithPath: path))
      } ?? pipes[0]
    process.standardError = pipes[1]
    try process.run()
    for (index, pipe) in pipes.enumerated() {
      try? pipe.fileHandleForWriting.close()
      DispatchQueue.global().async(group: readers) { [self] in
        let data = (try? pipe.fileHandleForReading.readToEnd()) ?? nil
        try? pipe.fileHandleForReading.close()
        lock.withLock { texts[index] = String(decoding: data ?? Data(), as: UTF8.self) }
      }
    }
    let pid = process.processIdentifier
    DispatchQueue.global().asyncAfter(deadline: .now() + 60) { [weak self] in
      if self?.process.isRunning == true { kill(pid, SIGKILL) }
    }
  }

  /// Whether it catches Ctrl-C yet; where the system does not say, a second is waited.
  var listens: Bool {
    let path = "/proc/\(process.processIdentifier)/status"
    guard let status = try? String(contentsOfFile: path, encoding: .utf8) else {
      sleep(1)
      return true
    }
    let mask = status.split(separator: "\n").first { $0.hasPrefix("SigCgt:") }
      .flatMap { UInt64($0.dropFirst(7).trimmingCharacters(in: .whitespaces), radix: 16) }
    return mask.map { $0 & 1 << UInt64(SIGINT - 1) != 0 } ?? true
  }

  func result() -> Tool.Result {
    readers.wait()
    process.waitUntilExit()
    let texts = lock.withLock { self.texts }
    // A signal is no exit code of Keel's; as a shell would show it.
    let code = process.terminationStatus
    return Tool.Result(
      code: process.terminationReason == .exit ? code : 128 + code, out: texts[0], err: texts[1])
  }
}

/// Recipes the tests run.
enum Sample {
  static let healthy = """
    data: {spirals: {samples: 300, test: 0.2}}
    model: [{dense: 16}, relu, {dense: 3}]
    initializer: he
    loss: softmax-cross-entropy
    optimizer: {adam: {learning-rate: 0.01}}
    training: {epochs: 20, batch: 32}
    """

  static let exploding = """
    data: {regression: {samples: 256, features: 8, test: 0.2}}
    model: [{dense: 16}, relu, {dense: 1}]
    initializer: he
    loss: mean-squared-error
    optimizer: {sgd: {learning-rate: 10}}
    training: {epochs: 20, batch: 32}
    """

  /// Nothing depends on the input: nothing is learnt, nothing explodes.
  static let stalled = healthy.replacingOccurrences(of: "0.01", with: "0")

  /// A cure of hours, if nobody stops it.
  static let longExploding = exploding.replacingOccurrences(
    of: "epochs: 20", with: "epochs: 10000000")

  /// Hours, if nobody stops it.
  static let long = healthy.replacingOccurrences(of: "epochs: 20", with: "epochs: 100000000")
}
