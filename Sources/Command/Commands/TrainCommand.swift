import ArgumentParser
import Foundation
import KeelAuthoring
import KeelArchive
import KeelLogs
import KeelReport
import Synchronization

struct TrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train a recipe, watching every layer.")

  @OptionGroup var source: RecipeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var machine: MachineOptions
  @OptionGroup var archive: ArchiveOptions

  @Option(
    help: ArgumentHelp(
      "Keep the network there (safetensors): now and then, at the end, and on Ctrl-C.",
      valueName: "model"))
  var save: String?

  @Option(
    help: ArgumentHelp(
      "Go on with the training kept there, and keep it there unless --save says where. The recipe is "
        + "the one it began with; its name, and how long it trains, may be others.",
      valueName: "model"))
  var resume: String?

  @Option(
    help: ArgumentHelp(
      "Steps between two saves; if not given, a hundredth of the time is spent on them.",
      valueName: "steps"))
  var saveEvery: Int?

  @Flag(help: "When it explodes, go back to before that, find out what holds, and go on.")
  var heal = false

  @Option(
    help: ArgumentHelp("Write TensorBoard's events there while it trains.", valueName: "folder"))
  var tensorboard: String?

  @Option(
    help: ArgumentHelp(
      "Have what is too dear for every step looked at now and then, for that share of the time (2%): "
        + "activations, attention's scores, sharpness, the exponents of gradients.",
      valueName: "share"))
  var monitorBudget: TimeShare?

  func validate() throws {
    if let saveEvery, saveEvery < 1 { throw ValidationError("--save-every takes steps, 1 or more") }
    if saveEvery != nil, save == nil, resume == nil {
      throw ValidationError("--save-every needs --save or --resume")
    }
  }

  func run() async throws {
    machine.apply()
    let recipe = try source.read()
    let target = save ?? resume
    if let target {
      try source.checkTarget(target, recipe)
      try archive.check(target, beside: source.recipe)
    }
    let bar = ProgressBar(isWanted: output.wantsProgress)
    // For as long as the run: two that keep themselves in one file would lose one of them.
    let saving = try target.map {
      try Saving($0, every: saveEvery, isOwn: $0 == resume, bar: bar)
    }
    bar.say("reading the rows, building the network")
    let run = try begin(recipe)
    let first = await run.trace.count
    let events = try tensorboard.map { try EventWriter(in: $0) }
    let recorder = try archive.begin(
      .train, of: recipe, beside: source.recipe, line: source.line, rows: run.problem.checksum,
      model: target, resumed: resume)
    let samples = Samples()
    let sampling = monitorBudget.map {
      SamplingPolicy(budget: $0.share) { seen in
        samples.add(seen)
        recorder?.record(seen)
        events?.add(seen)
      }
    }
    let (training, page) = try await keeping(recorder) {
      let training = try await interruptible {
        let show: @Sendable (Run.Step) -> Void = { step in
          recorder?.record(step)
          events?.add(step)
          if step.index + 1 == step.total { return bar.say("scoring") }
          bar.show("training", step)
        }
        return heal
          ? await run.train(
            healing: HealingPolicy(), checkpointing: saving?.checkpointing, sampling: sampling, show
          )
          : await run.train(checkpointing: saving?.checkpointing, sampling: sampling, show)
      }
      bar.clear()
      return (
        training,
        try await TrainPage(
          training, of: run, line: source.line, from: first,
          samples: monitorBudget == nil ? nil : samples.all, heals: heal)
      )
    }
    await recorder?.end(
      .init(training.outcome.rawValue, training: training, body: page.json))
    var kept: TrainPage.Kept?
    var failure: (any Error)?
    do { try events?.finish() } catch { failure = error }
    do {
      kept = try await saving?.finish(run, training)
    } catch {
      failure = failure ?? error
    }
    // Of JSON one object: the error, where there is one. People are told the rest, too.
    if failure == nil || !output.json {
      output.show(page.telling(kept, at: archive.place(of: recorder)), keptAs: recorder)
    }
    if let failure { throw failure }
    switch training.outcome {
    case .trained: return
    case .exploded: throw ExitCode(1)
    case .stopped: throw ExitCode(130)
    }
  }

  /// What was sampled on the run's own thread.
  private final class Samples: Sendable {
    private let kept = Mutex<[Run.Sample]>([])
    var all: [Run.Sample] { kept.withLock { $0 } }
    func add(_ samples: [Run.Sample]) { kept.withLock { $0 += samples } }
  }

  private func begin(_ recipe: Recipe) throws -> Run {
    guard let resume else { return try Run(Problem(recipe)) }
    do {
      // The checkpoint first: rows may take long to read.
      let checkpoint = try CheckpointFile.read(resume)
      return try Run(resuming: checkpoint, of: try Problem(recipe))
    } catch var error as KeelError where error.place == "checkpoint" {
      error.place = resume
      throw error
    }
  }
}
