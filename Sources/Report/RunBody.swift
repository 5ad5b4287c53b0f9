import KeelArchive

/// A run as machines read it.
package struct RunBody: Encodable {
  private let run: ArchivedRun

  init(_ run: ArchivedRun) { self.run = run }

  private enum CodingKeys: CodingKey {
    case run, parent, kind, name, command, engine, machine, version, model, began, ended, outcome
    case verdict, steps, loss, score, explosionStep, explosionPlace, cause, change
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(run.id, forKey: .run)
    try container.encode(run.parent, forKey: .parent)
    try container.encode(run.kind, forKey: .kind)
    try container.encode(run.name, forKey: .name)
    try container.encode(run.command, forKey: .command)
    try container.encode(run.engine, forKey: .engine)
    try container.encode(run.machine, forKey: .machine)
    try container.encode(run.version, forKey: .version)
    try container.encode(run.model, forKey: .model)
    try container.encode(run.began, forKey: .began)
    try container.encode(run.ended, forKey: .ended)
    try container.encode(run.standing, forKey: .outcome)
    try container.encode(run.verdict, forKey: .verdict)
    try container.encode(run.steps, forKey: .steps)
    try container.encode(run.finalLoss, forKey: .loss)
    try container.encode(run.finalScore, forKey: .score)
    try container.encode(run.explosionStep, forKey: .explosionStep)
    try container.encode(run.explosionPlace, forKey: .explosionPlace)
    try container.encode(run.cause, forKey: .cause)
    try container.encode(run.change, forKey: .change)
  }
}
