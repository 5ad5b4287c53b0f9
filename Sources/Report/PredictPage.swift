import KeelAuthoring

/// Predictions as CSV for people and other tools, or as JSON.
package struct PredictPage: Page, Encodable {
  /// What the columns of `outputs` are called: classes, target columns, or `output-0`, …; where an
  /// output has positions, with `@` and the position, from 0.
  let columns: [String]
  let outputs: [[Float]]
  /// The likeliest class of each row, where targets were classes; of each position, with spaces
  /// between.
  let classes: [String]?

  package init(network: NeuralNetwork, outputs: [[Float]]) {
    self.outputs = outputs
    let targets = network.targets
    let names = targets.names
    let width = targets.width
    columns = (0..<targets.columns).map { index in
      if let names, names.count == targets.columns { return names[index] }
      let column = index % width
      let place = targets.positions > 1 ? "@\(index / width)" : ""
      if let names, names.count == width { return names[column] + place }
      let kind = targets.areScoredAsClasses && width > 1 ? "class" : "output"
      return "\(kind)-\(column)\(place)"
    }
    guard targets.areScoredAsClasses else {
      classes = nil
      return
    }
    classes = outputs.map { row in
      stride(from: 0, to: row.count, by: width)
        .map { Self.likeliest(row[$0..<$0 + width], names) }.joined(separator: " ")
    }
  }

  private static func likeliest(_ vector: ArraySlice<Float>, _ names: [String]?) -> String {
    // Of what is no number nothing is the likeliest.
    guard vector.allSatisfy({ !$0.isNaN }) else { return "" }
    let first = vector.startIndex
    if vector.count == 1 {
      let index = vector[first] >= 0.5 ? 1 : 0
      return if let names, names.count == 2 { names[index] } else { String(index) }
    }
    let best = (vector.indices.max { vector[$0] < vector[$1] } ?? first) - first
    return names.map { best < $0.count ? $0[best] : String(best) } ?? String(best)
  }

  package var body: PredictPage { self }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(columns, forKey: .columns)
    try container.encode(outputs, forKey: .outputs)
    try container.encode(classes, forKey: .classes)
  }

  private enum CodingKeys: CodingKey {
    case columns, outputs, classes
  }

  /// CSV with a header: the class, if there is one, then every output.
  package var text: String {
    let header = (classes == nil ? [] : ["class"]) + columns
    let rows = outputs.indices.map { row in
      ((classes.map { [Self.cell($0[row])] } ?? []) + outputs[row].map { "\($0)" })
        .joined(separator: ",")
    }
    return ([header.map(Self.cell).joined(separator: ",")] + rows).joined(separator: "\n") + "\n"
  }

  private static func cell(_ name: String) -> String {
    let text = shown(name, limit: 1000)
    return text.contains { ",\"\n\r".contains($0) }
      ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
  }
}
