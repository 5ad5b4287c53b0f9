import KeelArchive
import KeelAuthoring
import Testing

/// Numbers that are none, or lie where the setting has no use for them.
@Suite struct BadNumberTests {
  /// What a setting is said not to be, in every place a number can stand.
  @Test(arguments: [
    ("0", "0 is out of range; write a whole number of at least 1"),
    ("-3", "-3 is out of range; write a whole number of at least 1"),
    ("1.5", "'1.5' is not a whole number; write a whole number of at least 1"),
    ("1e18", "'1e18' is not a whole number; write a whole number of at least 1"),
    ("sixteen", "'sixteen' is not a number; write a whole number of at least 1"),
    ("\"16\"", "\"16\" is a text, not a number; remove the quotes"),
    ("'16'", "\"16\" is a text, not a number; remove the quotes"),
    ("1:30", "'1:30' is not a number; write a whole number of at least 1"),
    ("0x10", "'0x10' is not a number; write a whole number of at least 1"),
    ("0o17", "'0o17' is not a number; write a whole number of at least 1"),
    ("1_000", "'1_000' is not a number; write a whole number of at least 1"),
    ("١٦", "'١٦' is not a number; write a whole number of at least 1"),
    ("1e", "'1e' is not a number; write a whole number of at least 1"),
    ("~", "'~' is not a number; write a whole number of at least 1"),
    ("yes", "'yes' is not a number; write a whole number of at least 1"),
    ("nan", "nan is not a finite number; write a whole number of at least 1"),
    (".NaN", ".NaN is not a finite number; write a whole number of at least 1"),
    ("-.inf", "-.inf is not a finite number; write a whole number of at least 1"),
    ("Infinity", "Infinity is not a finite number; write a whole number of at least 1"),
    ("[1]", "expected a number, found a list; write a whole number of at least 1"),
    ("{a: 1}", "expected a number, found a mapping; write a whole number of at least 1"),
  ])
  func refusesAsACount(_ value: String, _ message: String) throws {
    for (key, line, place) in [
      ("model", "[{dense: {units: \(value)}}]", "model[0].dense.units"),
      ("training", "{epochs: \(value), batch: 1}", "training.epochs"),
      ("training", "{epochs: 1, batch: \(value)}", "training.batch"),
      ("schedule", "{step: {every: \(value)}}", "schedule.step.every"),
    ] {
      let error = try failure { _ = try Draft.plain.with(key, line).recipe() }
      #expect(error.description == "\(place): \(message)")
      #expect(error.kind == .invalid)
    }
  }

  @Test(arguments: [
    (
      "optimizer", "{sgd: {learning-rate: -1}}",
      "optimizer.sgd.learning-rate: -1 is out of range; write a number of at least 0"
    ),
    (
      "optimizer", "{sgd: {learning-rate: NaN}}",
      "optimizer.sgd.learning-rate: NaN is not a finite number; write a number of at least 0"
    ),
    (
      "optimizer", "{sgd: {learning-rate: 1e39}}",
      "optimizer.sgd.learning-rate: 1e39 does not fit float32 (±3.4e38); "
        + "write a number of at least 0"
    ),
    (
      "optimizer", "{sgd: {learning-rate: 1e400}}",
      "optimizer.sgd.learning-rate: 1e400 does not fit float32 (±3.4e38); "
        + "write a number of at least 0"
    ),
    (
      "optimizer", "{sgd: {momentum: 1.5}}",
      "optimizer.sgd.momentum: 1.5 is out of range; write a number from 0 to 1"
    ),
    (
      "clipping", "{global-norm: 0}",
      "clipping.global-norm.limit: 0 is out of range; write a number above 0"
    ),
    (
      "clipping", "[{value: 1}, {norm: -2}]",
      "clipping[1].norm.limit: -2 is out of range; write a number above 0"
    ),
    (
      "model", "[{dropout: 1}]",
      "model[0].dropout.rate: 1 is out of range; write a number from 0 to below 1"
    ),
    (
      "model", "[{batch-norm: {momentum: 2}}]",
      "model[0].batch-norm.momentum: 2 is out of range; write a number from 0 to 1"
    ),
    (
      "initializer", "{normal: {std: .inf}}",
      "initializer.normal.std: .inf is not a finite number; write a number of at least 0"
    ),
    (
      "data", "{spirals: {test: 0}}",
      "data.spirals.test: 0 is out of range; write a number above 0"
    ),
    (
      "data", "{spirals: {test: 1.5}}",
      "data.spirals.test: '1.5' is neither a fraction nor a count; "
        + "write a fraction below 1, or a whole number of rows"
    ),
    ("input", "[0]", "input[0]: 0 is out of range; write a whole number of at least 1"),
    ("seed", "-1", "seed: '-1' is not a seed; write a whole number from 0 to 18446744073709551615"),
    (
      "seed", "18446744073709551616",
      "seed: '18446744073709551616' is not a seed; "
        + "write a whole number from 0 to 18446744073709551615"
    ),
    (
      "training", "{epochs: 1, batch: 1, shuffle: yes}",
      "training.shuffle: 'yes' is not a truth value; write true or false"
    ),
    (
      "training", "{epochs: 1, batch: 1, shuffle: True}",
      "training.shuffle: 'True' is not a truth value; write true or false"
    ),
    (
      "training", "{epochs: 1, batch: 1, shuffle: \"true\"}",
      "training.shuffle: 'true' is not a truth value; write true or false"
    ),
    (
      "training", "{epochs: 1, batch: 1, bad-steps: ignore}",
      "training.bad-steps: 'ignore' is not a choice here; write one of: stop, skip"
    ),
  ])
  func refusesOutOfRange(_ key: String, _ value: String, _ message: String) throws {
    let error = try failure { _ = try Draft.plain.with(key, value).recipe() }
    #expect(error.description == message)
    #expect(error.kind == .invalid)
  }
}
