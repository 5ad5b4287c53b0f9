import Foundation
import GRDB
import KeelArchive
import KeelAuthoring
import KeelReport
import KeelTestSupport
import Testing

/// A report says everything, needs nothing else, and does not run what a name says.
struct ReportPageTests {
  private let history: History

  init() throws { history = try History(":memory:") }

  private static func recipe(_ name: String = "three layers", rate: Double = 30) -> Recipe {
    Recipe(
      name: name,
      data: .moons(samples: 300, noise: 0.1, test: .fraction(0.2)),
      model: [.dense(8), .tanh, .dense(8), .tanh, .dense(2)], initializer: .xavier(),
      loss: .meanSquaredError, optimizer: .sgd(learningRate: rate),
      training: .init(epochs: 50, batch: 20))
  }

  /// A recipe cured and kept, and its report.
  private func cure(_ recipe: Recipe) async throws -> (CaseHistory, String) {
    let recorder = Recorder(
      ArchivedRun(.cure, of: recipe, problem: "r.yaml", command: "keel cure r.yaml", version: "1"),
      recipe: recipe.description, in: history
    ) { Issue.record("\($0)") }
    let cure = Cure(try Problem(recipe)) {
      switch $0 {
      case .diagnosis(.training(let step)), .retraining(let step): recorder.record(step)
      default: break
      }
    }
    let result = try await cure.run()
    let page = CurePage(
      result, of: recipe, line: "r.yaml", written: nil, wanted: nil, framework: nil,
      budget: SearchPolicy.budget, onlyExplosions: false)
    await recorder.finish(
      .init(
        result.outcome.rawValue, training: result.after ?? result.before,
        explosion: result.before.explosion, cause: result.findings.first?.cause, change: "x: 1",
        body: page.json))
    return (result, try report(recorder.id))
  }

  private func report(_ id: String) throws -> String {
    let run = try history.run(id)
    let problem = try history.recipe(of: run).map { try Problem($0) }
    return try ReportPage(run, in: history, forecast: problem?.quickForecast()).html
  }

  /// Where words stand in a text; nothing may be missing, and the order is a report's.
  private static func areInOrder(_ words: [String], in text: String) -> Bool {
    var rest = text[...]
    for word in words {
      guard let place = rest.range(of: word) else {
        Issue.record("'\(word)' is missing, or stands elsewhere")
        return false
      }
      rest = rest[place.upperBound...]
    }
    return true
  }

  @Test func aCureIsToldInItsOrder() async throws {
    let (result, html) = try await cure(Self.recipe())
    #expect(result.outcome == .cured)
    let words = [
      "✗ exploding", "✓ cured", "<h2>Cause</h2>", "Gradient norm by layer and step",
      "Loss and gradient norm by step", "Gain of each layer", "Truth table", "Trials of the search",
      "with the change", "<h2>Change</h2>", "In PyTorch", "In Keras", "<h2>Not known</h2>",
      "<h2>Next</h2>", "keel cure r.yaml",
    ]
    #expect(Self.areInOrder(words, in: html))
    #expect(html.contains(result.findings[0].cause) && html.utf8.count < 2_000_000)
  }

  /// One of every kind, whatever the cure made of the network: the picture of its layers has those
  /// of the training that failed.
  @Test(arguments: CauseCatalog.standard.causes.compactMap { $0.guilty.first })
  func everyCauseIsShown(_ recipe: Recipe) async throws {
    let (result, html) = try await cure(recipe)
    let heat = try #require(
      html.firstMatch(of: /<svg(?:(?!<\/svg>)[\s\S])*?Heat map of (\d+) layers?/))
    let plan = try Trainer(Problem(recipe)).trace.layers.count
    #expect(Int(heat.1) == plan, "\(recipe.name)")
    #expect(html.contains(result.findings.first?.cause ?? "not known"))
  }

  /// A map of its recipe stands in its report, with the place of the recipe in it.
  @Test func aMapIsShown() async throws {
    let recipe = Self.recipe()
    let map = try await MapSearch(
      MapAxis("optimizer.sgd.learning-rate=1e-3..1000", count: 3),
      MapAxis("initializer.xavier.scale=0.1..2", count: 2)
    ) { rate, std in
      try Problem(
        RecipeFile.change(
          recipe,
          setting: ["optimizer.sgd.learning-rate=\(rate)", "initializer.xavier.scale=\(std)"]))
    }.run(from: []) { _ in }
    try history.keep(map, of: recipe)
    try history.keep(map, of: Self.recipe("another"))
    let (_, html) = try await cure(recipe)
    #expect(html.matches(of: /Stability over optimizer\.sgd\.learning-rate<\/title>/).count == 1)
    #expect(html.contains("this recipe") && html.contains("The recipe is at"))
  }

  /// It is one file: no script, and nothing to fetch.
  @Test func nothingIsFetchedAndNothingRuns() async throws {
    let (_, html) = try await cure(Self.recipe())
    #expect(html.contains("default-src 'none'"))
    for word in ["<script", "src=", "href=", "@import", "url(", "http-equiv=\"refresh\""] {
      #expect(!html.contains(word), "\(word)")
    }
    let addresses = html.matches(of: /https?:\/\/[^"]*/).map { String($0.output) }
    // The name of a language, which nobody fetches.
    #expect(Set(addresses) == ["http://www.w3.org/2000/svg"])
  }

  /// A name is text, whatever it is.
  @Test(arguments: [
    "<script>alert(1)</script>", "\" onload=\"x", "\u{202E}gpj.exe", "\u{1B}[2J\u{7}",
    "a&b</title>",
    String(repeating: "long ", count: 2000),
  ])
  func namesAreText(_ name: String) async throws {
    let (_, html) = try await cure(Self.recipe(name))
    #expect(!html.contains("<script") && !html.contains("onload=\"x"))
    #expect(!html.unicodeScalars.contains { $0 == "\u{202E}" || $0 == "\u{1B}" || $0 == "\u{7}" })
    #expect(html.matches(of: /<\/title>/).count == html.matches(of: /<title>/).count)
    #expect(html.utf8.count < 500_000)
  }

  /// What another tool has logged is drawn as far as it goes: of one run no gradient was logged.
  @Test(arguments: ["sound", "too fast"]) func aLoggedRunIsShown(_ name: String) throws {
    let file = "\(NSTemporaryDirectory())keel-\(UUID().uuidString).db"
    defer { try? FileManager.default.removeItem(atPath: file) }
    let sql = try String(
      contentsOfFile: Checkout.path("Tests/Vectors/trackio.sql"), encoding: .utf8)
    try DatabaseQueue(path: file).write { try $0.execute(sql: sql) }
    _ = try #require(try TrackioProject(file)).merge(into: history)
    let run = try #require(try history.runs(named: name).first)
    let html = try ReportPage(history.run(run.id), in: history, forecast: nil).html
    #expect(html.contains("logged by trackio, project keel-"))
    #expect(html.contains(name == "sound" ? "<title>Loss by step" : "<title>Loss and gradient"))
  }

  /// The same values, the same text.
  @Test func isTheSameEachTime() async throws {
    let recipe = Self.recipe()
    let recorder = Recorder(
      ArchivedRun(.train, of: recipe, command: "keel train", version: "1"),
      recipe: recipe.description, in: history
    ) { Issue.record("\($0)") }
    let run = try Run(Problem(recipe))
    let training = await run.train { recorder.record($0) }
    await recorder.finish(
      .init(
        training.outcome.rawValue, training: training,
        body: try await TrainPage(training, of: run, line: "r.yaml", from: 0).json))
    let html = try report(recorder.id)
    #expect(try html == report(recorder.id))
    #expect(
      Self.areInOrder(
        [
          "✗ exploding", "Gradient norm by layer", "Loss and gradient", "Not known",
          "keel diagnose",
        ],
        in: html))
  }

  /// A healthy run has nothing to change, and is shown all the same.
  @Test func theHealthyAreShown() async throws {
    let (result, html) = try await cure(Self.recipe(rate: 0.1))
    #expect(result.outcome == .healthy)
    #expect(Self.areInOrder(["✓ healthy", "Loss and gradient norm by step", "Gain"], in: html))
    #expect(!html.contains("<h2>Change</h2>") && !html.contains("NaN first"))
  }

  /// A run that has not ended is shown as far as it has come.
  @Test func whatHasNotEndedIsShown() async throws {
    let recipe = Self.recipe()
    let recorder = Recorder(
      ArchivedRun(.train, of: recipe, command: "keel train r.yaml", version: "1"),
      recipe: recipe.description, in: history
    ) { Issue.record("\($0)") }
    var found: ArchivedRun?
    for _ in 0..<100 where found == nil {
      try await Task.sleep(for: .milliseconds(20))
      found = try history.runs().first
    }
    let run = try #require(found)
    #expect(try report(run.id).contains("! running"))
    await recorder.finish(.init("stopped", body: "{}"))
  }
}
