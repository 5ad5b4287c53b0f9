/// What is said of a result: the same for people, as text, and for machines, as one JSON object.
package protocol Page {
  associatedtype Body: Encodable
  /// For people. Colours are marks (`Style`), which a terminal shows and a file drops.
  var text: String { get }
  /// For machines; its keys are part of the command's contract.
  var body: Body { get }
}

extension Page {
  /// One JSON object, and a line's end.
  package var json: String { JSON.text(body) }

  /// The same with the id of the run that was kept of it.
  package func json(of run: String?) -> String {
    run.map { JSON.text(KeptBody(body: body, run: $0)) } ?? json
  }
}

/// A body, and under which id its run is in the archive.
private struct KeptBody<Body: Encodable>: Encodable {
  let body: Body
  let run: String

  private enum CodingKeys: CodingKey { case run }

  func encode(to encoder: any Encoder) throws {
    try body.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(run, forKey: .run)
  }
}
