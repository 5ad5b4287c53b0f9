import KeelData
import KeelRecipes
import KeelTraining
import Synchronization
import Testing

struct SamplingClockTests {
  private static func recipe(batchNorm: Bool) -> Recipe {
    Recipe(
      seed: 5, data: .teacher(samples: 2000, features: 20),
      model: [.dense(64)] + (batchNorm ? [.batchNorm()] : []) + [.relu, .dropout(0.2), .dense(1)],
      initializer: .he(), loss: .meanSquaredError, optimizer: .adam(learningRate: 0.01),
      clipping: [.globalNorm(1)], training: .init(epochs: 40, batch: 50))
  }

  /// Whatever is looked at, and however often.
  @Test(arguments: [false, true]) func nothingChangesWhatIsTrained(batchNorm: Bool) async throws {
    let recipe = Self.recipe(batchNorm: batchNorm)
    let plain = try Run(Problem(recipe))
    _ = await plain.train()
    let run = try Run(Problem(recipe))
    let seen = Mutex<[Run.Sample]>([])
    let training = await run.train(
      checkpointing: nil,
      sampling: SamplingPolicy(budget: 1) { samples in seen.withLock { $0 += samples } })
    let samples = seen.withLock { $0 }
    #expect(training.verdict == .healthy)
    #expect(await run.trace.bits == plain.trace.bits)
    for name in ["dense-1.weight", "dense-2.bias"] {
      let (sampled, own) = (await run[name], await plain[name])
      #expect(sampled == own && own != nil)
    }
    #expect(Set(samples.map(\.name)).isSuperset(of: ["sharpness", "activation-zeros"]))
    // As many as a curve shows, in steps of their own.
    let sharpness = samples.filter { $0.name == "sharpness" }.map(\.step)
    #expect(sharpness.count <= 256 && sharpness == sharpness.sorted())
    #expect(Set(sharpness).count == sharpness.count)
  }

  /// A budget that has no room for one look.
  @Test func aBudgetThatIsTooSmallBuysNothing() async throws {
    let run = try Run(Problem(Self.recipe(batchNorm: false)))
    let seen = Mutex(0)
    _ = await run.train(
      checkpointing: nil, sampling: SamplingPolicy(budget: 1e-12) { _ in seen.withLock { $0 += 1 } }
    )
    #expect(seen.withLock { $0 } == 0)
  }
}
