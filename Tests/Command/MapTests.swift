import Foundation
import Testing

/// A map at the command line: what is printed, drawn and kept.
@Suite struct MapTests {
  private static let recipe = """
    data: {regression: {samples: 64, features: 4, noise: 0.1}}
    model: [{dense: {units: 8, initializer: {normal: {std: 0.3}}}}, relu, {dense: 1}]
    loss: mean-squared-error
    optimizer: {sgd: {learning-rate: 0.01}}
    training: {epochs: 25, batch: 16}
    """

  private static let axes = [
    "--x", "optimizer.sgd.learning-rate=1e-4..100",
    "--y", "model[0].dense.initializer.normal.std=0.01..3",
  ]

  private func tool() throws -> Tool {
    let tool = try Tool()
    try tool.write("edge.yaml", Self.recipe)
    return tool
  }

  @Test func isDrawnAndGoneOnWith() throws {
    let tool = try tool()
    let command = ["map", "edge.yaml", "--size", "12x10"] + Self.axes
    let page = try tool.run(command + ["-o", "map.svg"])
    #expect(page.code == 0)
    #expect(page.lines.allSatisfy { $0.count <= 80 })
    #expect(page.lines.count { $0.contains("|") } >= 8)
    #expect(try tool.read("map.svg").contains("as forty steps forecast it"))
    let map = try tool.run(command + ["--json"]).json
    #expect((map["cells"] as? [[Any]])?.count == 10)
    #expect((map["edges"] as? [[String: Any]])?.count == 10)
    // The second has trained nothing: all of the first is kept.
    let kept = try FileManager.default.contentsOfDirectory(atPath: "\(tool.folder)/.keel/maps")
    #expect(kept.count == 1)
    let lines = try tool.read(".keel/maps/\(kept[0])").split(separator: "\n")
    #expect(lines.count == map["trained"] as? Int)
  }

  /// A program in another language, over two settings of its study: a line is the edge.
  @Test func aStudyHasAMap() throws {
    let tool = try Tool()
    try tool.write(
      "train.awk",
      """
      BEGIN {
        loss = 1
        for (step = 0; step < steps; step++) {
          loss *= (lr * scale > 2) ? 4 : 0.95
          print "loss=" loss + 0.01
        }
      }
      """)
    try tool.write(
      "study.yaml",
      """
      program: [awk, -v, "lr={lr}", -v, "scale={scale}", -v, "steps={steps}", -v, "seed={seed}", -f, train.awk]
      settings: {lr: {value: 3, reference: 0.1}, scale: {value: 1, reference: 1}}
      loss: {pattern: 'loss=(\\S+)'}
      steps: 60
      """)
    let command = [
      "map", "study.yaml", "--x", "settings.lr=0.1..100", "--y", "scale=0.1..10", "--size", "8x6",
      "--jobs", "2",
    ]
    let map = try tool.run(command + ["--json"]).json
    let cells = try #require(map["cells"] as? [[[String: Any]]])
    for (row, scale) in zip(cells, [0.1, 0.2512, 0.631, 1.585, 3.981, 10]) {
      for (cell, rate) in zip(row, [0.1, 0.2683, 0.7197, 1.931, 5.179, 13.89, 37.28, 100]) {
        #expect(cell["outcome"] as? String == (scale * rate > 2 ? "exploding" : "stable"))
      }
    }
    #expect((map["edges"] as? [[String: Any]])?.allSatisfy { $0["forecast"] is NSNull } == true)
    let page = try tool.run(command)
    #expect(page.code == 0 && !page.out.contains("forty steps"))
    let wrong = try tool.run(["map", "study.yaml", "--x", "rate=1..2", "--y", "lr=1..2"])
    #expect(wrong.code == 65 && wrong.err.contains("name one of: lr, scale"))
  }

  @Test(arguments: [
    (["--size", "1000x1000"], 64, "more than 65536 cells"),
    (["--size", "8"], 64, "is no size"),
    (["--x", "optimizer.sgd.learning-rate=1..1"], 64, "is empty"),
    (["--x", "optimizer.sgd.learning-rate=-1..1"], 64, "begins above 0"),
    (["--x", "optimizer.adam.learning-rate=1..2"], 65, "a map is over two settings"),
    (["--x", "training.batch=8..64"], 65, "that are real numbers"),
    (["--x", "model[1]=1..2"], 65, "a map is over two settings"),
    (["--x", "model[0].dense.initializer.normal.std=0.1..2"], 64, "is on both axes"),
    (["-o", "edge.yaml"], 64, "write to another file"),
  ]) func isRefused(options: [String], code: Int32, message: String) throws {
    var axes = Self.axes
    if options[0] == "--x" { axes.removeFirst(2) }
    let result = try tool().run(["map", "edge.yaml"] + axes + options)
    #expect(result.code == code)
    #expect(result.err.contains(message), "\(result.err)")
  }
}
