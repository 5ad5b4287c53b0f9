import ArgumentParser
import Foundation
import KeelAuthoring
import KeelEngine
import KeelReport

@main
struct KeelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keel",
    abstract: "Trains neural networks and keeps them from blowing up.",
    discussion: """
      Exit codes: 0 done, 1 exploding or incurable, 64 usage, 65 invalid recipe or data, \
      66 missing file, 70 internal, 74 cannot write, 130 interrupted.
      """,
    version: "0.1.0",
    subcommands: [
      ForecastCommand.self, TrainCommand.self, DiagnoseCommand.self, CureCommand.self,
      MapCommand.self, ReportCommand.self, ServeCommand.self, PredictCommand.self, RunsCommand.self,
      ListCommand.self,
      ShowCommand.self,
      DoctorCommand.self,
    ])

  /// The one place where errors become exit codes.
  static func main() async {
    // A file-size limit is then an error of the write, not a killed process.
    signal(SIGXFSZ, SIG_IGN)
    do {
      try takeKernels()
      try Room.check(8 << 20, for: "the stack of a thread")
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch {
      Failure(error).exit()
    }
  }
}

/// Takes the kernels that the environment asks for.
///
/// BLAS looks at its settings when it is loaded. Where it has to be told, the process begins anew:
/// which core's kernels go with those asked for; and, where memory is limited, that it starts no
/// threads of its own, each of which takes 139 MB of addresses for nothing. Nor does every thread
/// keep 64 MB for small allocations then.
private func takeKernels() throws {
  try KernelLevel.check()
  var settings: [String: String] = [:]
  if KernelLevel.asked != nil { settings["OPENBLAS_CORETYPE"] = KernelLevel.current.blas }
  var memory = rlimit()
  if getrlimit(addressSpace, &memory) == 0, memory.rlim_cur != unlimited {
    settings["OPENBLAS_NUM_THREADS"] = "1"
    settings["MALLOC_ARENA_MAX"] = "1"
  }
  settings = settings.filter { getenv($0.key) == nil }
  guard !settings.isEmpty, KernelLevel.current.blas != nil else { return }
  for (name, value) in settings { setenv(name, value, 1) }
  execv("/proc/self/exe", CommandLine.unsafeArgv)
  // Threads for nothing are no reason not to go on.
  guard settings["OPENBLAS_CORETYPE"] != nil else { return }
  throw KeelError(
    .broken, at: "keel", "could not begin anew (\(String(cString: strerror(errno))))",
    fix: "set " + settings.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " "))
}

#if os(Linux)
  private let addressSpace = __rlimit_resource_t(RLIMIT_AS.rawValue)
  private let unlimited = rlim_t.max
#else
  private let addressSpace = RLIMIT_AS
  private let unlimited = RLIM_INFINITY
#endif

/// How an error leaves the process: text on standard error or JSON on standard output, and a code.
private struct Failure {
  let code: Int32
  let error: KeelError?
  let message: String

  init(_ error: any Error) {
    switch error {
    case let error as KeelError:
      (self.error, message) = (error, "")
      code = Self.code(error.kind)
    case is CancellationError:
      let error = KeelError(
        .interrupted, at: "keel", "interrupted; nothing was written",
        fix: "type the same command again to begin anew")
      (self.error, message, code) = (error, "", Self.code(error.kind))
    case let exit as ExitCode:
      (self.error, message, code) = (nil, "", exit.rawValue)
    default:
      let parsed = KeelCommand.exitCode(for: error)
      message = KeelCommand.fullMessage(for: error)
      if parsed == .success {
        (self.error, code) = (nil, 0)
      } else if parsed == .validationFailure {
        let what = KeelCommand.message(for: error)
        self.error = KeelError(.usage, at: "keel", what, fix: "see 'keel --help'")
        code = 64
      } else {
        self.error = KeelError(
          .broken, at: "keel", "\(error)", fix: "this is a fault of Keel's; please report it")
        code = 70
      }
    }
  }

  private static func code(_ kind: KeelError.Kind) -> Int32 {
    switch kind {
    case .usage: 64
    case .invalid: 65
    case .missing: 66
    case .broken, .exhausted: 70
    case .unwritable: 74
    case .interrupted: 130
    }
  }

  func exit() -> Never {
    ProgressBar.interrupt("")
    let wantsJSON = CommandLine.arguments.contains("--json")
    if let error, wantsJSON {
      Terminal.output.write(raw: ErrorPage(error).json)
    } else if let error, message.isEmpty {
      Terminal.error.write(ErrorPage(error).text)
    } else if code == 0 {
      // The parser has broken its lines; a completion script or a manual's JSON bears no others.
      Terminal.output.write(raw: message + "\n")
    } else if !message.isEmpty {
      // Words of a command line may be as long as somebody likes.
      let lines = message.split(separator: "\n", omittingEmptySubsequences: false)
      Terminal.error.write(
        lines.map { $0.count > 1000 ? $0.prefix(1000) + "…" : $0 }.joined(separator: "\n") + "\n")
    }
    Foundation.exit(code)
  }
}
