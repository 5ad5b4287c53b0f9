import Foundation
import KeelReport

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// A picture as a reader of XML takes it: its elements, with their attributes and texts.
final class Drawn: NSObject, XMLParserDelegate {
  struct Element {
    let name: String
    let attributes: [String: String]
    var text = ""

    var classes: [Substring] { attributes["class"]?.split(separator: " ") ?? [] }
  }

  private(set) var elements: [Element] = []
  private var open: [Int] = []

  /// - Returns: nil where the text is not well-formed.
  init?(_ xml: String) {
    super.init()
    let parser = XMLParser(data: Data(xml.utf8))
    parser.delegate = self
    guard parser.parse() else { return nil }
  }

  /// - Returns: nil where there is no picture, or it is not well-formed.
  convenience init?(_ picture: (any Picture)?) {
    guard let picture else { return nil }
    self.init(picture.svg)
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String]
  ) {
    open.append(elements.count)
    elements.append(Element(name: name, attributes: attributes))
  }

  func parser(_ parser: XMLParser, foundCharacters text: String) {
    if let last = open.last { elements[last].text += text }
  }

  func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) { open.removeLast() }

  func all(_ name: String) -> [Element] { elements.filter { $0.name == name } }

  func all(class name: String) -> [Element] {
    elements.filter { $0.classes.contains(Substring(name)) }
  }

  /// All that is written in the drawing.
  var texts: [String] { all("text").map(\.text) }

  func says(_ text: String) -> Bool { texts.contains { $0.contains(text) } }

  /// Texts that leave the drawing at the left or the right, by the least that their letters take.
  var outside: [String] {
    all("text").filter { element in
      guard let x = element.attributes["x"].flatMap(Double.init) else { return false }
      let width = SVG.width(of: element.text, size: element.classes.contains("q") ? 12 : 13) * 0.85
      let start =
        element.classes.contains("end")
        ? x - width : element.classes.contains("middle") ? x - width / 2 : x
      return start < 0 || start + width > SVG.width
    }.map(\.text)
  }

  /// Attributes in which a number is none.
  var brokenAttributes: [String] {
    elements.flatMap { element in
      element.attributes.values.filter {
        $0.lowercased().contains("nan") || $0.lowercased().contains("inf")
      }
    }
  }
}
