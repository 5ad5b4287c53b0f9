import Dispatch
import Foundation
import KeelEngine
import KeelTraining
import Synchronization

/// Writes a training into a folder of TensorBoard's while it runs: loss, rate and norms of every
/// step, and the norms of layers.
///
/// A training never waits for the disk and never dies of it: what could not be written is told
/// once, at the end. Of long runs layers are written at every so many steps only, and where
/// something happens.
public final class EventWriter: Sendable {
  private let queue = DispatchQueue(label: "keel-events")
  private let state: Mutex<State>

  private struct State: Sendable {
    var events: EventFile
    let file: FileHandle
    var written = ContinuousClock.now
    var failure: KeelError?
  }

  /// Steps of which layers are written, about.
  private static let layered = 10_000
  /// Bytes, and seconds, after which what is there is given to the system.
  private static let (most, longest) = (1 << 16, Duration.seconds(2))
  private let path: String

  /// Begins a file of events in a folder, which is made where it is not there.
  /// - Throws: `KeelError` where it cannot be written.
  public init(in folder: String) throws {
    let time = Date().timeIntervalSince1970
    let process = ProcessInfo.processInfo
    let source = "\(process.hostName).\(process.processIdentifier).keel"
    path = "\(folder)/\(EventFile.name(time: time, source: source))"
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try Data().write(to: URL(fileURLWithPath: path))
      state = Mutex(
        State(
          events: EventFile(time: time),
          file: try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        ))
    } catch {
      throw KeelError(
        .unwritable, at: folder, "cannot be written (\(error.localizedDescription))",
        fix: "name another folder")
    }
  }

  /// Adds a step.
  public func add(_ step: Run.Step) {
    let time = Date().timeIntervalSince1970
    queue.async { [self] in
      var scalars: [(tag: String, value: Float)] = [
        ("loss", Float(step.loss)), ("learning-rate", Float(step.learningRate)),
        ("gradient-norm", Float(step.gradientNorm)), ("clipped-norm", Float(step.clippedNorm)),
      ]
      let stride = max(1, step.total / Self.layered)
      if step.index % stride == 0 || !step.events.isEmpty || !step.loss.isFinite {
        for (name, norms) in step.layers.all {
          let ratio = norms.updateNorm / norms.weightNorm
          scalars += [
            ("gradient-norm/\(name)", Float(norms.gradientNorm)),
            ("update-ratio/\(name)", Float(ratio)),
          ]
        }
      }
      state.withLock { state in
        state.events.add(scalars, step: step.index, time: time)
        let isDue =
          state.events.data.count > Self.most
          || ContinuousClock.now - state.written > Self.longest
        if isDue { write(&state) }
      }
    }
  }

  /// Adds what was measured in single steps.
  public func add(_ samples: [Run.Sample]) {
    let time = Date().timeIntervalSince1970
    queue.async { [self] in
      state.withLock { state in
        for sample in samples {
          let tag = sample.layer.isEmpty ? sample.name : "\(sample.name)/\(sample.layer)"
          state.events.add([(tag, Float(sample.value))], step: sample.step, time: time)
        }
      }
    }
  }

  private func write(_ state: inout State) {
    state.written = .now
    do {
      try state.file.write(contentsOf: state.events.takeData())
    } catch {
      state.failure =
        state.failure
        ?? KeelError(
          .unwritable, at: path, "is not whole (\(error.localizedDescription))",
          fix: "make room, and export the run: keel runs export RUN --as tensorboard -o FOLDER")
    }
  }

  /// Writes what is left.
  /// - Throws: `KeelError` where some of it could not be written.
  public func finish() throws {
    queue.sync {}
    let failure = state.withLock { state in
      write(&state)
      try? state.file.close()
      return state.failure
    }
    if let failure { throw failure }
  }
}
