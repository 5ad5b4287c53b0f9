import KeelAuthoring

/// An error as people and machines see it.
package struct ErrorPage: Page {
  package struct Body: Encodable {
    let error: Entry
  }

  struct Entry: Encodable {
    let place: String
    let what: String
    let fix: String
    let source: String?
    enum CodingKeys: String, CodingKey {
      case place = "where"
      case what, fix, source
    }
  }
  private let error: Entry

  package init(_ error: KeelError) {
    self.error = Entry(place: error.place, what: error.what, fix: error.fix, source: error.source)
  }

  package var body: Body { Body(error: error) }

  package var text: String {
    let head = Style.red("error:")
    let place = error.source.map { "\n  in \(shown($0, limit: 400))" } ?? ""
    let parts = [error.place, error.what, error.fix].map { shown($0, limit: 1000) }
    return "\(head) \(parts[0]): \(parts[1]); \(parts[2])\(place)\n"
  }
}
