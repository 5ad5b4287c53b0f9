import Foundation
import Testing

/// What a person in trouble reads.
///
/// Numbers of a training depend on the machine, so words and places are compared, not numbers.
@Suite struct PageTests {
  private func page(
    _ recipe: String, _ arguments: String..., named name: String = "page"
  ) throws -> [String] {
    let tool = try Tool()
    try tool.write("\(name).yaml", recipe)
    let words = [arguments[0], "\(name).yaml"] + arguments.dropFirst()
    let result = try tool.run(words + ["--archive", "none"])
    #expect(result.err.isEmpty)
    #expect(!result.out.contains("\u{1B}"))
    #expect(result.out.hasSuffix("\n") && !result.out.hasSuffix("\n\n"))
    for line in result.lines {
      #expect(line.count <= 100, "\(line)")
      #expect(line.last?.isWhitespace != true, "'\(line)'")
    }
    return result.lines.dropLast()
  }

  /// The line, with every number as `#`.
  private func shape(_ line: String) -> String {
    line.replacing(/[-+]?[0-9]+(,[0-9]{3})*(\.[0-9]+)?(e[-+]?[0-9]+)?/, with: "#")
      .replacing(/[▁▂▃▄▅▆▇█×]+/, with: "▁")
      .replacing("# ms", with: "# s")
  }

  @Test func aHealthyTraining() throws {
    let lines = try page(Sample.healthy, "train")
    #expect(
      lines.map(shape) == [
        "page  # parameters · # rows to train on, # to test · # steps of #", "",
        "✓ healthy  # steps in # s (# a second)", "", "  loss        ▁",
        "              # at the end; # untrained, # for the best constant: skill #",
        "  accuracy    # % on the training part, # % on the test part",
        "  gradient    median #, largest # at step #", "", "next",
        "  keel train page.yaml --save model.safetensors  # keep the network",
      ])
    #expect(
      lines[0].hasPrefix("page  99 parameters · 240 rows to train on, 60 to test · 160 steps"))
  }

  @Test func anExplodingTraining() throws {
    let lines = try page(Sample.exploding, "train", "--seed", "1")
    #expect(lines.count <= 24)
    #expect(lines[0].hasPrefix("page  161 parameters · 205 rows to train on, 51 to test · "))
    #expect(shape(lines[2]) == "✗ exploding at step #")
    #expect(lines[3].contains(" is the first to be non-finite, in the "))
    #expect(lines.contains("    step        loss    gradient"))
    #expect(
      lines.suffix(3) == [
        "next",
        "  keel cure page.yaml --seed 1  # find the smallest change that works, and prove it",
        "  keel train page.yaml --seed 1 --heal  # go back to before it, and on",
      ])
  }

  @Test func aTrainingThatLearnsNothing() throws {
    let lines = try page(Sample.stalled, "train")
    #expect(lines[2].hasPrefix("! stalled  "))
  }

  @Test func aCuredRecipe() throws {
    let lines = try page(Sample.exploding, "cure")
    let screen = lines.prefix(24)
    #expect(lines[0].hasPrefix("page  ✗ exploding at step "))
    #expect(lines[1].contains(" is the first to be non-finite, in the "))
    // The cause, the change and what comes out then: all on the first screen.
    let cause = try #require(screen.firstIndex { $0.hasPrefix("cause   ") })
    let change = try #require(screen.firstIndex { $0.hasPrefix("change  ") })
    let then = try #require(screen.firstIndex { $0.hasPrefix("✓ cured  ") })
    #expect(cause < change && change < then)
    #expect(lines[cause] == "cause   large-learning-rate")
    #expect(lines[cause + 1].contains("without it the recipe trains"))
    #expect(lines[change] == "change  lower-learning-rate")
    #expect(lines[change + 1] == "  - optimizer.sgd.learning-rate: 10")
    #expect(lines[change + 2].hasPrefix("  + optimizer.sgd.learning-rate: "))
    #expect(
      lines.contains { $0.hasPrefix("trials  ") } && lines.contains { $0.hasPrefix("not known  ") })
    #expect(lines.count <= 32)
    #expect(lines.last == "  keel cure page.yaml -o fixed.yaml  # write the cured recipe")
  }

  /// An experiment that took longer than the recipe has says so.
  @Test func aDiagnosisThatNeedsMoreEpochs() throws {
    let tool = try Tool()
    try tool.write(
      "short.yaml",
      """
      data: {regression: {samples: 800, features: 3, noise: 0.1, test: 0.2}}
      standardize: both
      model: [{dense: 64}, relu, {dense: 64}, relu, {dense: 1}]
      initializer: he
      loss: mean-squared-error
      optimizer: {adam: 0.0003}
      training: {epochs: 1, batch: 64}
      """)
    let lines = try tool.run("diagnose", "short.yaml").lines
    #expect(lines.contains { $0.contains("trains, given more epochs") })
    #expect(lines.contains { $0.contains("--set 'training.epochs=") })
  }

  /// Forty steps and theory: suspects, and that they are no more.
  @Test func aQuickDiagnosis() throws {
    let tool = try Tool()
    try tool.write("page.yaml", Sample.exploding)
    let result = try tool.run("diagnose", "page.yaml", "--archive", "none", "--quick")
    #expect(result.code == 1)
    #expect(result.lines.contains { $0.hasPrefix("cause   large-learning-rate") })
    #expect(result.lines.contains { $0.contains("--quick is theory and forty steps") })
    try tool.write("page.yaml", Sample.healthy)
    let healthy = try tool.run("diagnose", "page.yaml", "--archive", "none", "--quick")
    #expect(healthy.code == 0)
    #expect(healthy.lines[0] == "page  no explosion in 40 steps; --quick looks no further")
  }

  @Test(arguments: [("pytorch", "torch.optim.SGD("), ("keras", "keras.optimizers.SGD(")])
  func aCureForAnotherFramework(_ framework: String, _ line: String) throws {
    let tool = try Tool()
    try tool.write("page.yaml", Sample.exploding)
    let result = try tool.run("cure", "page.yaml", "--archive", "none", "--as", framework)
    #expect(result.code == 0)
    let head = try #require(result.lines.firstIndex(of: "in \(framework)"))
    #expect(result.lines[(head + 1)...].contains { $0.contains(line) })
    #expect(try tool.run("cure", "page.yaml", "--archive", "none", "--as", "mxnet").code == 64)
  }

  /// Nothing is convicted; what is usual is put back all the same, and trained.
  @Test func aBudgetThatConvictsNobody() throws {
    let tool = try Tool()
    try tool.write("page.yaml", Sample.exploding)
    let result = try tool.run("cure", "page.yaml", "--archive", "none", "--budget", "0")
    #expect(result.code == 0)
    #expect(result.out.contains("cause   large-learning-rate"))
    #expect(result.out.contains("no experiment has decided"))
    #expect(!result.out.contains("times in 100"))
    #expect(result.out.contains("change  restore-setting"))
    // What writes the cure decides as this one did.
    #expect(
      result.lines.last { !$0.isEmpty }
        == "  keel cure page.yaml --budget 0 -o fixed.yaml  # write the cured recipe")
    #expect(try tool.run("cure", "page.yaml", "--archive", "none", "--budget=-1").code == 64)
  }

  /// The command that an exhibit names reproduces what it says.
  @Test func theCommandOfAnExhibitRuns() throws {
    let tool = try Tool()
    try tool.write("it's here.yaml", Sample.exploding)
    let page = try tool.run("cure", "it's here.yaml").out
    let command = try #require(page.firstMatch(of: /keel train (.*)--set '?([^' \n]+)/))
    #expect(command.1.trimmingCharacters(in: .whitespaces) == #"'it'\''s here.yaml'"#)
    #expect(try tool.run("train", "it's here.yaml", "--set", String(command.2)).code == 0)
  }

  @Test func whatIsWrittenTrains() throws {
    let tool = try Tool()
    try tool.write("page.yaml", Sample.exploding)
    let result = try tool.run("cure", "page.yaml", "--archive", "none", "-o", "fixed.yaml")
    #expect(result.code == 0)
    #expect(result.lines.dropLast().last == "  keel train fixed.yaml  # train the cured recipe")
    #expect(try tool.run("train", "fixed.yaml").code == 0)
    // Only what the page says was changed, was changed.
    let old = try tool.run("show", "page.yaml").lines
    let new = try tool.read("fixed.yaml").split(
      separator: "\n", omittingEmptySubsequences: false
    ).map(String.init)
    #expect(zip(old, new).filter { $0 != $1 }.count == 1)
    #expect(old.count == new.count)
  }

  @Test func nothingToCure() throws {
    let healthy = try page(Sample.healthy, "cure")
    #expect(healthy.count == 1)
    #expect(healthy[0].hasPrefix("page  ✓ healthy: nothing to cure, nothing changed (score 0."))
    let stalled = try page(Sample.stalled, "cure", "--only-explosions")
    #expect(stalled.count == 2 && stalled[1].hasPrefix("  keel diagnose "))
    #expect(stalled[0].hasPrefix("page  ! stalled: it does not learn (skill "))
    #expect(stalled[0].hasSuffix("), but it does not explode; nothing changed"))
    let tool = try Tool()
    try tool.write("page.yaml", Sample.healthy)
    #expect(try tool.run("cure", "page.yaml", "--archive", "none", "-o", "fixed.yaml").code == 0)
    #expect(try tool.contents == ["page.yaml"])
  }

  @Test func theTemplateIsARecipeThatTrains() throws {
    let tool = try Tool()
    let template = try tool.run("show", "--template", "mlp").out
    try tool.write("mlp.yaml", template)
    #expect(try tool.run("show", "mlp.yaml").out == template)
    let result = try tool.run("train", "mlp.yaml", "--set", "training.epochs=3", "--quiet")
    #expect(result.code == 0)
  }

  @Test func theSameSeedIsTheSamePage() throws {
    let a = try page(Sample.healthy, "train", "--threads", "1")
    let b = try page(Sample.healthy, "train", "--threads", "1")
    let c = try page(Sample.healthy, "train", "--threads", "1", "--seed", "1")
    let time = 2
    #expect(
      a.enumerated().filter { $0.offset != time }.map(\.element)
        == b.enumerated().filter { $0.offset != time }.map(\.element))
    #expect(a[5] != c[5])
  }
}
