import Foundation
import KeelAuthoring
import KeelReport
import Testing

struct EdgeMapTests {
  /// Four columns and three rows: stable, then exploding; a row that learns nothing, one without
  /// gradient.
  private func map(_ path: String = "optimizer.sgd.learning-rate") throws -> StabilityMap {
    func cell(_ outcome: String, _ step: String = "null") -> String {
      "{\"outcome\": \"\(outcome)\", \"step\": \(step), \"isTrained\": true}"
    }
    let (stable, lost) = (cell("stable"), cell("exploding", "3"))
    let rows = [
      [cell("not-learning"), stable, stable, lost], [stable, stable, lost, lost],
      [cell("vanishing"), cell("not-made"), lost, cell("exploding", "900")],
    ]
    let cells = rows.map { "[" + $0.joined(separator: ",") + "]" }.joined(separator: ",")
    let text = """
      {"x": {"path": "\(path)", "scale": "logarithmic", "values": [0.001, 0.1, 10, 1000]},
       "y": {"path": "model[0].dense.initializer.normal.std", "scale": "linear", "values": [0, 1, 2]},
       "cells": [\(cells)], "trained": 12, "steps": 3000,
       "edges": [{"measured": 100, "forecast": 120}, {"measured": 1, "forecast": null},
                 {"measured": null, "forecast": null}]}
      """
    return try JSONDecoder().decode(StabilityMap.self, from: Data(text.utf8))
  }

  @Test func edgesAndLegendAreThere() throws {
    let picture = EdgeMap(try map())
    let drawn = try #require(Drawn(picture.svg))
    for text in ["stable", "learns nothing", "no gradient arrives", "as forty steps forecast it"] {
      #expect(drawn.texts.contains(text))
    }
    #expect(drawn.outside.isEmpty)
    #expect(picture.table.rows.map { $0[1] } == ["100", "1", "–"])
    #expect(picture.description.contains("exploding: 5"))
    #expect(picture.svg == EdgeMap(try map()).svg)
  }

  @Test func longPathsFit() throws {
    let path = "model[3]." + String(repeating: "residual.layers[0].", count: 12) + "dropout.rate"
    #expect(try #require(Drawn(EdgeMap(try map(path)))).outside.isEmpty)
  }

  @Test func pageTellsHowFarOffTheForecastIs() throws {
    var recipe = Recipe()
    recipe.name = "edge"
    let page = MapPage(try map(), of: recipe, written: ["map.svg"])
    #expect(page.text.contains("12 of them trained"))
    #expect(page.text.contains("map.svg"))
    #expect(page.text.contains("0.07918 decades from the measured one"))
  }
}
