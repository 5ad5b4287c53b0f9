import Foundation
import KeelArchive
import KeelAuthoring
import Testing

/// What changed, as paths into the written recipe.
@Suite struct RecipeDiffTests {
  private func diff(_ key: String, _ old: String, _ new: String) throws -> [String] {
    let a = try Draft.plain.with(key, old).recipe()
    let b = try Draft.plain.with(key, new).recipe()
    // Insertions and removals are each other's reverse.
    #expect(
      b.diff(from: a).map { [$0.from, $0.to] }.sorted { "\($0)" < "\($1)" }
        == a.diff(from: b).map { [$0.to, $0.from] }.sorted { "\($0)" < "\($1)" })
    return try b.diff(from: a).map { change in
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      let data = try encoder.encode(change)
      let decoded = try JSONDecoder().decode(Change.self, from: data)
      #expect(try encoder.encode(decoded) == data)
      return String(decoding: data, as: UTF8.self)
    }
  }

  @Test func equalRecipesDoNotDiffer() throws {
    #expect(try diff("seed", "3", "3").isEmpty)
    #expect(try diff("name", "a", "b").isEmpty)
    #expect(try diff("optimizer", "sgd", "{sgd: {learning-rate: 0.01}}").isEmpty)
  }

  @Test func aSetting() throws {
    #expect(
      try diff("optimizer", "{sgd: 3}", "{sgd: 0.1}")
        == [#"{"from":3,"path":"optimizer.sgd.learning-rate","to":0.1}"#])
    #expect(
      try diff("training", "{epochs: 1, batch: 2}", "{epochs: 1, batch: 2, max-steps: 9}")
        == [#"{"from":"none","path":"training.max-steps","to":9}"#])
  }

  @Test func aSettingWithinContainers() throws {
    #expect(
      try diff(
        "model",
        "[{dense: 3}, {repeat: {times: 2, layers: [{dense: {units: 3, initializer: normal}}]}}]",
        "[{dense: 3}, {repeat: {times: 2, layers: "
          + "[{dense: {units: 3, initializer: {normal: 0.1}}}]}}]")
        == [
          #"{"from":1,"path":"model[1].repeat.layers[0].dense.initializer.normal.std","to":0.1}"#
        ])
  }

  @Test func anotherIngredient() throws {
    #expect(
      try diff("loss", "mean-squared-error", "softmax-cross-entropy")
        == [#"{"from":"mean-squared-error","path":"loss","to":"softmax-cross-entropy"}"#])
    #expect(
      try diff("clipping", "none", "{global-norm: 1}")
        == [#"{"from":"none","path":"clipping","to":{"global-norm":{"limit":1}}}"#])
    #expect(
      try diff("model", "[{dense: 3}, sigmoid, {dense: 3}]", "[{dense: 3}, relu, {dense: 3}]")
        == [#"{"from":"sigmoid","path":"model[1]","to":"relu"}"#])
  }

  @Test func insertions() throws {
    #expect(
      try diff(
        "model", "[{dense: 4}, relu, {dense: 3}]", "[{dense: 4}, batch-norm, relu, {dense: 3}]")
        == [
          #"{"from":null,"path":"model[1]","to":{"batch-norm":{"epsilon":1e-05,"momentum":0.1}}}"#
        ])
    #expect(
      try diff("model", "[{dense: 3}]", "[{dense: 3}, softmax]")
        == [#"{"from":null,"path":"model[1]","to":"softmax"}"#])
  }

  @Test func removals() throws {
    #expect(
      try diff("model", "[{dense: 4}, relu, tanh, {dense: 3}]", "[{dense: 4}, relu, {dense: 3}]")
        == [#"{"from":"tanh","path":"model[2]","to":null}"#])
  }

  @Test func severalAtOnceKeepTheirPlaces() throws {
    // A removal counts in the old recipe, an insertion and a change in the new one.
    #expect(
      try diff(
        "model", "[relu, {dense: 4}, tanh, {dense: 3}]", "[{dense: 5}, tanh, gelu, {dense: 3}]")
        == [
          #"{"from":"relu","path":"model[0]","to":null}"#,
          #"{"from":4,"path":"model[0].dense.units","to":5}"#,
          #"{"from":null,"path":"model[2]","to":"gelu"}"#,
        ])
  }

  @Test func fromOneToAList() throws {
    #expect(
      try diff("clipping", "{value: 1}", "[{value: 1}, {norm: 2}]")
        == [
          #"{"from":{"value":{"limit":1}},"path":"clipping","#
            + #""to":[{"value":{"limit":1}},{"norm":{"limit":2}}]}"#
        ])
  }

  @Test func printedAsADiff() throws {
    let a = try Draft.plain.with("optimizer", "{sgd: 3}").recipe()
    let b = try Draft.plain.with("optimizer", "{sgd: 0.1}").with("input", "[2]").recipe()
    #expect(
      b.diff(from: a).map(\.description) == [
        "- optimizer.sgd.learning-rate: 3\n+ optimizer.sgd.learning-rate: 0.1", "+ input: [2]",
      ])
  }
}
