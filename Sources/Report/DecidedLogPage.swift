import KeelAuthoring
import KeelLogs

/// What a log shows, and what experiments with its recipe say of that.
package struct DecidedLogPage: Page {
  private let log: LogPage
  private let logged: LogDiagnosis
  private let experiments: DiagnosisPage
  private let decided: Diagnosis

  /// - Parameters:
  ///   - name: the log as it stood on the command line.
  ///   - recipe: what was diagnosed beside it, and `line` how it stood there.
  package init(
    _ logged: LogDiagnosis, of name: String, decidedBy decided: Diagnosis, of recipe: Recipe,
    line: String, engine: EngineNote?
  ) {
    log = LogPage(logged, of: name)
    experiments = DiagnosisPage(decided, of: recipe, line: line, engine: engine)
    (self.logged, self.decided) = (logged, decided)
  }

  package var text: String {
    experiments.text
      + (["", Style.bold("the log"), "", log.seen, "", agreement].joined(separator: "\n") + "\n")
  }

  /// Where each was lost.
  private var agreement: String {
    func place(_ explosion: Explosion) -> String { "at step \(Text.count(explosion.step))" }
    switch (logged.explosion, decided.training.explosion) {
    case (let log?, let recipe?):
      return "the recipe explodes \(place(recipe)), the log \(place(log))"
    case (let log?, nil):
      return
        "the log explodes \(place(log)), the recipe does not: it may be of another training, or "
        + "another seed, or its cause is not in the recipe"
    case (nil, let recipe?):
      return "the recipe explodes \(place(recipe)), the log does not: it may be of another "
        + "training, or another seed"
    case (nil, nil): return "neither explodes"
    }
  }

  package var body: Content { Content(log: log.body, experiments: experiments.body) }

  /// The diagnosis, and under `log` what the log alone says.
  package struct Content: Encodable {
    let log: LogPage.Body
    let experiments: DiagnosisPage.Body

    private enum CodingKeys: CodingKey { case log }

    package func encode(to encoder: any Encoder) throws {
      try experiments.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(log, forKey: .log)
    }
  }
}
