import Foundation
import Testing

/// From training over a saved network to new rows.
@Suite struct PredictTests {
  /// Three kinds of flowers whose names want quotes, told apart by either number.
  private func flowers() throws -> Tool {
    let tool = try Tool()
    let kinds = ["rose", "\"lily, white\"", "\"ox \"\"eye\"\"\""]
    let rows = (0..<120).map { row in
      "\(Double(row % 3) + Double(row % 7) / 50),\(-Double(row % 3) + Double(row % 5) / 50),"
        + kinds[row % 3]
    }
    try tool.write("flowers.csv", "length,width,kind\n" + rows.joined(separator: "\n") + "\n")
    try tool.write(
      "flowers.yaml",
      """
      data: {csv: {file: flowers.csv, target: kind, test: 0.2}}
      standardize: inputs
      model: [{dense: 16}, batch-norm, relu, {dense: 3}]
      loss: softmax-cross-entropy
      optimizer: {adam: 0.01}
      training: {epochs: 40, batch: 16}
      """)
    #expect(try tool.run("train", "flowers.yaml", "--save", "model").code == 0)
    return tool
  }

  @Test func classesByName() throws {
    let tool = try flowers()
    // Columns in another order, and one that training did not know.
    try tool.write("new.csv", "id,width,length\na,0.0,0.0\nb,-1,1\nc,-2,2\n")
    let result = try tool.run("predict", "model", "new.csv")
    #expect(result.code == 0)
    #expect(result.err.isEmpty)
    #expect(result.lines.count == 5)
    #expect(result.lines[0] == "class,\"lily, white\",\"ox \"\"eye\"\"\",rose")
    #expect(result.lines[1].hasPrefix("rose,"))
    #expect(result.lines[2].hasPrefix("\"lily, white\",0."))
    #expect(result.lines[3].hasPrefix("\"ox \"\"eye\"\"\","))

    let page = try tool.run("predict", "model", "new.csv", "--json").json
    #expect(page["classes"] as? [String] == ["rose", "lily, white", "ox \"eye\""])
    #expect(page["columns"] as? [String] == ["lily, white", "ox \"eye\"", "rose"])
    for row in try #require(page["outputs"] as? [[Double]]) {
      #expect(abs(row.reduce(0, +) - 1) < 1e-5)
    }
  }

  @Test func whatIsWrong() throws {
    let tool = try flowers()
    try tool.write("missing.csv", "width,x\n0,1\n")
    try tool.write("text.csv", "width,length\n0,long\n")
    try tool.write("header.csv", "width,length\n")
    try tool.write("nan.csv", "width,length\n0,1\n1,NaN\n")
    for (arguments, code, message) in [
      (["model", "missing.csv"], 65, "missing.csv: there is no column 'length'"),
      (["model", "text.csv"], 65, "text.csv, row 2, column 'length': 'long' is not a number"),
      (["model", "header.csv"], 65, "header.csv: there is a header but no row"),
      (["model", "nan.csv"], 65, "nan.csv, row 3, column 'length': NaN is not a finite number"),
      (["model", "none.csv"], 66, "none.csv: there is no such file"),
      (["model", "."], 65, ".: is a directory"),
      (
        ["none", "text.csv"], 66,
        "none: is not there; write one with 'keel train RECIPE --save MODEL'"
      ),
      (["flowers.yaml", "text.csv"], 65, "flowers.yaml: is not a safetensors file"),
      ([".", "text.csv"], 65, ".: is a folder; name a model file in it"),
      (["model"], 64, ""),
    ] as [([String], Int32, String)] {
      let result = try tool.run(["predict"] + arguments)
      #expect(result.code == code)
      #expect(result.out.isEmpty)
      if !message.isEmpty { #expect(result.err.hasPrefix("error: \(message)")) }
    }
  }

  /// A regression answers in the units of its targets, under their names.
  @Test func numbersInTheirOwnUnits() throws {
    let tool = try Tool()
    let rows = (0..<60).map { "\($0),\(Double($0) * 10 + 1000),\(500 - $0)" }
    try tool.write("line.csv", "x,y0,y1\n" + rows.joined(separator: "\n") + "\n")
    try tool.write(
      "line.yaml",
      """
      data: {csv: {file: line.csv, target: ["y*"]}}
      standardize: both
      model: [{dense: 2}]
      loss: mean-squared-error
      optimizer: {sgd: 0.1}
      training: {epochs: 200, batch: 20}
      """)
    #expect(try tool.run("train", "line.yaml", "--save", "model").code == 0)
    try tool.write("new.csv", "x\n0\n59\n")
    let result = try tool.run("predict", "model", "new.csv")
    #expect(result.lines[0] == "y0,y1")
    for (line, expected) in zip(result.lines[1...2], [[1000.0, 500], [1590, 441]]) {
      let values = line.split(separator: ",").compactMap { Double($0) }
      #expect(values.count == 2)
      for (value, truth) in zip(values, expected) { #expect(abs(value - truth) < 1) }
    }
    let page = try tool.run("predict", "model", "new.csv", "--json").json
    #expect(page["classes"] is NSNull)
    #expect(page["columns"] as? [String] == ["y0", "y1"])
  }

  @Test func yesOrNoFromOneOutput() throws {
    let tool = try Tool()
    let rows = (0..<40).map { "\(Double($0) / 20 - 1),\($0 < 20 ? "no" : "yes")" }
    try tool.write("d.csv", "x,y\n" + rows.joined(separator: "\n") + "\n")
    try tool.write(
      "d.yaml",
      """
      data: {csv: {file: d.csv, target: "y"}}
      model: [{dense: 1}]
      loss: sigmoid-cross-entropy
      optimizer: {sgd: 1}
      training: {epochs: 50, batch: 10}
      """)
    #expect(try tool.run("train", "d.yaml", "--save", "model").code == 0)
    try tool.write("new.csv", "x\n-0.9\n0.9\n")
    let page = try tool.run("predict", "model", "new.csv", "--json").json
    #expect(page["classes"] as? [String] == ["no", "yes"])
    let outputs = try #require(page["outputs"] as? [[Double]])
    #expect(outputs.allSatisfy { $0.count == 1 && (0...1).contains($0[0]) })
  }

  @Test func images() throws {
    let tool = try Tool()
    // Twenty images of 2 × 2: class 0 is dark, class 1 bright.
    let classes = (0..<20).map { UInt8($0 % 2) }
    let pixels = classes.flatMap { [UInt8](repeating: $0 == 0 ? 20 : 230, count: 4) }
    try tool.write("images", Data([0, 0, 8, 3, 0, 0, 0, 20, 0, 0, 0, 2, 0, 0, 0, 2] + pixels))
    try tool.write("labels", Data([0, 0, 8, 1, 0, 0, 0, 20] + classes))
    try tool.write(
      "new", Data([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2] + pixels.prefix(8)))
    try tool.write(
      "wide", Data([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 4] + pixels.prefix(8)))
    try tool.write(
      "i.yaml",
      """
      data: {idx: {images: images, labels: labels, divide: 255}}
      model: [{dense: 2}]
      loss: softmax-cross-entropy
      optimizer: {sgd: 1}
      training: {epochs: 50, batch: 10}
      """)
    #expect(try tool.run("train", "i.yaml", "--save", "model").code == 0)
    let result = try tool.run("predict", "model", "new")
    #expect(result.lines[0] == "class,class-0,class-1")
    #expect(result.lines[1].hasPrefix("0,0."))
    #expect(result.lines[2].hasPrefix("1,0."))
    let wide = try tool.run("predict", "model", "wide")
    #expect(wide.code == 65)
    #expect(
      wide.err
        == "error: row 0: has 8 numbers, the network takes 4; "
        + "give 4 numbers a row, in the order of training\n")
  }
}
