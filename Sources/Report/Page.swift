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
}
