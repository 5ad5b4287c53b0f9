import Foundation
import KeelData
import KeelEngine
import KeelRecipes
import KeelSettings
import Testing

/// A folder of its own, removed with the value.
final class DataFolder {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("keel-datasets-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ name: String, _ bytes: some Sequence<UInt8>) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
  }

  /// What loading says is wrong, and of which kind.
  func error(_ dataset: Choice<Datasets>) -> KeelError? {
    #expect(throws: KeelError.self) { try dataset.member.load(from: self.path, seed: 0) }
  }
}

struct CSVTests {
  let folder: DataFolder

  init() throws { folder = try DataFolder() }

  func load(_ text: String, target: [String] = ["y"], test: TestPart = .none) throws -> DataSplit {
    try folder.write("t.csv", text.utf8)
    return try Choice<Datasets>.csv("t.csv", target: target, test: test)
      .member.load(from: folder.path, seed: 0)
  }

  // MARK: what is read

  @Test func numbersAndNames() throws {
    let rows = try load("x0,y,x1\n1,-2.5,3e2\n+.5,4.,-1E-1\n").train
    #expect(rows.inputs == [1, 300, 0.5, -0.1])
    #expect(rows.shape == Shape(2))
    #expect(rows.columns == ["x0", "x1"])
    #expect(!rows.isHomogeneous)
    #expect(rows.targets == Targets(values: .numbers([-2.5, 4]), columns: 1, names: ["y"]))
  }

  /// Plain numbers are read in one pass, all others in two: bit for bit the number that is written.
  @Test func everyNumberIsTheNearest() throws {
    var random = Random(seed: 7, stream: "csv")
    let digits = (0..<4000).map { _ in
      (0..<Int(1 + 20 * random.uniform())).map { _ in String(Int(10 * random.uniform())) }.joined()
    }
    let texts =
      digits.map { digits in
        let place = digits.index(
          digits.startIndex, offsetBy: Int(Double(digits.count + 1) * random.uniform()))
        let sign = ["", "", "-", "+"][Int(4 * random.uniform())]
        let tail = ["", "", "", "e-7", "E+05"][Int(5 * random.uniform())]
        return "\(sign)\(digits[..<place]).\(digits[place...])\(tail)"
      } + ["-0", "0", "000000000000000000012", "9007199254740993", "999999999999999", "0.1"]
    let rows = try load("x,y\n" + texts.map { "\($0),\"\($0)\"\n" }.joined()).train
    let right = texts.map { Float(Double($0).required("it is a number")).bitPattern }
    #expect(rows.inputs.map(\.bitPattern) == right)
    guard case .numbers(let targets) = rows.targets.values else { throw Fault.notNumbers }
    #expect(targets.map(\.bitPattern) == right)
  }

  private enum Fault: Error { case notNumbers }

  @Test(arguments: [
    "x,y\n1,2\n3,4\n", "x,y\n1,2\n3,4", "x,y\r\n1,2\r\n3,4\r\n", "x,y\r1,2\r3,4\r",
    "\u{FEFF}x,y\n1,2\n3,4\n", "x,y\n1,2\n3,4\n\n \t\n\r\n", " x , y\n1 ,\t2\n 3, 4 \n",
    "\"x\",\"y\"\n\"1\",\"2\"\n\" 3 \", \"4\" \n", "\u{FEFF}\"x\",y\r\n1,2\r\n3,4",
  ])
  func sameRowsHoweverWritten(_ text: String) throws {
    let rows = try load(text).train
    #expect(rows.inputs == [1, 3])
    #expect(rows.columns == ["x"])
    #expect(rows.targets == Targets(values: .numbers([2, 4]), columns: 1, names: ["y"]))
  }

  @Test func quotedCells() throws {
    let rows = try load(
      "\"a, b\",\"say \"\"x\"\"\",y\n1,2,\"one, \"\"two\"\"\nthree\"\n"
        + "3,4, plain \n5,6,\" plain \"\n"
    ).train
    #expect(rows.columns == ["a, b", "say \"x\""])
    #expect(rows.inputs == [1, 2, 3, 4, 5, 6])
    #expect(rows.targets.names == [" plain ", "one, \"two\"\nthree", "plain"])
    #expect(rows.targets.values == .classes([1, 2, 0]))
  }

  @Test func starNamesAllThatBegin() throws {
    let text = "y0,x,y10,z,y2\n1,2,3,4,5\n6,7,8,9,10\n"
    let targets = try load(text, target: ["y*"]).train.targets
    #expect(targets.names == ["y0", "y10", "y2"])
    #expect(targets.values == .numbers([1, 3, 5, 6, 8, 10]))
    #expect(targets.columns == 3)
    #expect(try load(text, target: ["y2", "y*"]).train.targets.names == ["y2", "y0", "y10"])
  }

  @Test func targetsKeepTheOrderOfTheirNames() throws {
    let rows = try load("a,b,c\n1,2,3\n4,5,6\n", target: ["c", "a"]).train
    #expect(
      rows.targets == Targets(values: .numbers([3, 1, 6, 4]), columns: 2, names: ["c", "a"]))
    #expect(rows.inputs == [2, 5])
  }

  @Test func starIsAlsoALetter() throws {
    #expect(try load("y,x,y*\n1,2,3\n4,5,6\n", target: ["y*"]).train.targets.names == ["y*"])
  }

  @Test func classesAreSortedOverAllRows() throws {
    let parts = try load("x,y\n1,pear\n2,fig\n3,pear\n4,apple\n", test: .count(1))
    #expect(parts.train.targets.names == ["apple", "fig", "pear"])
    #expect(parts.train.targets.values == .classes([2, 1, 2]))
    #expect(parts.test?.targets.values == .classes([0]))
    #expect(parts.test?.targets.names == ["apple", "fig", "pear"])
  }

  @Test func wholeNumbersBesideWordsAreClasses() throws {
    let targets = try load("x,y\n1,10\n2,9\n3,other\n").train.targets
    #expect(targets.names == ["10", "9", "other"])
    #expect(targets.values == .classes([0, 1, 2]))
  }

  @Test func lastRowsAreTheTestPart() throws {
    let text = "x,y\n" + (0..<10).map { "\($0),\($0 * 2)\n" }.joined()
    for test in [TestPart.fraction(0.2), .count(2)] {
      let parts = try load(text, test: test)
      #expect(parts.train.inputs == [0, 1, 2, 3, 4, 5, 6, 7])
      #expect(parts.test?.inputs == [8, 9])
      #expect(parts.test?.targets.values == .numbers([16, 18]))
    }
    #expect(try load(text).test == nil)
  }

  /// Against the standard library, whatever path the digits take.
  @Test func numbersAreRoundedAsByDouble() throws {
    let hard = [
      "0.1", "9007199254740993", "0.40015720836722329", "1e22", "1e23", "123456789e-30",
      "2.2250738585072011e-308", "4.9e-324", "1e-400", "00000000000000000000000001.5",
      "3.4028234663852886e38", "0.000000000000000000000000000001", "-0", "1e00000000000000000005",
      "8.5899345920000005e9", "16777217.0000000001", "12345678901234567890123e-3",
    ]
    var random = Random(seed: 1, stream: "csv")
    let drawn = (0..<2000).map { _ in
      let value = (random.uniform() - 0.5) * pow(10, 60 * random.uniform() - 30)
      return random.next() % 2 == 0 ? "\(value)" : String(format: "%.\(random.next() % 20)e", value)
    }
    let words = hard + drawn
    let rows = try load("x,y\n" + words.map { "\($0),1\n" }.joined()).train
    for (word, value) in zip(words, rows.inputs) {
      #expect(value.bitPattern == Float(Double(word)!).bitPattern, "\(word), seed 1")
    }
  }

  @Test func bareTargetInARecipe() throws {
    let reader = SettingsReader(catalog: Catalog([CSV.self]))
    func read(_ target: Settings) throws -> Choice<Datasets> {
      try Choice(
        .map([.init("csv", .map([.init("file", .scalar("t.csv")), .init("target", target)]))]),
        reader, .any)
    }
    #expect(try read(.text("y*")) == .csv("t.csv", target: ["y*"]))
    #expect(try read(.list([.scalar("a"), .scalar("b")])) == .csv("t.csv", target: ["a", "b"]))
    let written = try read(.scalar("y")).written?.line
    #expect(written == "{csv: {file: t.csv, target: [\"y\"], test: none}}")
    let error = #expect(throws: KeelError.self) { try read(.list([])) }
    #expect(
      error?.description
        == "csv.target: names no column; name the column to learn, or several: [y0, y1]")
  }

  @Test func renamesItsFile() {
    var csv = CSV()
    csv.file = "a.csv"
    #expect(csv.renamed { "up/\($0)" }.file == "up/a.csv")
  }

  @Test func absoluteNamesIgnoreTheFolder() throws {
    try folder.write("t.csv", "x,y\n1,2\n3,4\n".utf8)
    let csv = Choice<Datasets>.csv("\(folder.path)/t.csv", target: ["y"])
    #expect(try csv.member.load(from: "/nowhere", seed: 0).train.count == 2)
  }

  @Test func twentyThousandRows() throws {
    let text = "a,b,c,y\n" + (0..<20_000).map { "0.\($0),1.5,-\($0)e-3,\($0)\n" }.joined()
    let rows = try load(text).train
    #expect(rows.count == 20_000)
    #expect(rows.inputs[3 * 19_999..<3 * 20_000] == [0.19999, 1.5, -19.999])
  }

  // MARK: what is refused

  struct Refusal: CustomTestStringConvertible, Sendable {
    var text: String
    var target = ["y"]
    var message: String
    var testDescription: String { message }
  }

  static let many = (0..<20).map { "col\($0)" }.joined(separator: ",")

  @Test(arguments: [
    Refusal(text: "", message: "t.csv: the file is empty; name a file that holds data"),
    Refusal(text: " \r\n\n", message: "t.csv: the file is empty; name a file that holds data"),
    Refusal(
      text: "x,y\n",
      message: "t.csv: there is a header but no row; give at least 2 rows below the header"),
    Refusal(
      text: "x,y\n1,2\n",
      message: "t.csv: there is only one row; give at least 2 rows below the header"),
    Refusal(
      text: "x,y\n1,\0\n",
      message: "t.csv: is binary, not text: byte 6 is NUL; save the data as text in UTF-8"),
    Refusal(
      text: "x,y\n1,2\n3,\"4\n5,6\n",
      message: "t.csv, row 3, column 'y': the file ends inside a quoted cell; close the cell with "
        + "a \", or copy the file again if its end is missing"),
    Refusal(
      text: "x,\"y",
      message: "t.csv, row 1, column 2: the file ends inside a quoted cell; close the cell with "
        + "a \", or copy the file again if its end is missing"),
    Refusal(
      text: "x,y\n\"1\"2,3\n4,5\n",
      message: "t.csv, row 2, column 'x': something follows the closing quote; write a quote "
        + "inside a quoted cell twice: \"\""),
    Refusal(
      text: "x,z,y\n1,2,3\n4,5\n",
      message: "t.csv, row 3: has 2 cells, the header has 3; give every row the header's columns, "
        + "and quote a cell that holds a comma"),
    Refusal(
      text: "x,z,y\n\"1\n1\",2,3\n",
      message: "t.csv, row 2, column 'x': '1\\u{A}1' is not a number; write a number, or remove "
        + "the column: inputs are numbers"),
    Refusal(
      text: "x,y\n1,2,3,4\n",
      message: "t.csv, row 2: has 4 cells, the header has 2; give every row the header's columns, "
        + "and quote a cell that holds a comma"),
    Refusal(
      text: "x,y\n1\n",
      message: "t.csv, row 2: has 1 cell, the header has 2; give every row the header's columns, "
        + "and quote a cell that holds a comma"),
    Refusal(
      text: "x,y\n1,2\n\n3,4\n",
      message: "t.csv, row 3: the line is empty; remove it, or fill it in"),
    Refusal(
      text: "x,y\n1,2\n1:30,4\n",
      message: "t.csv, row 3, column 'x': '1:30' is not a number; write a number, or remove the "
        + "column: inputs are numbers"),
    Refusal(
      text: "x,y,y2\n1,2,3\n1,2,red\n", target: ["y*"],
      message: "t.csv, row 3, column 'y2': 'red' is not a number; write a number: only a target "
        + "that is the only one may hold text"),
    Refusal(
      text: "x,y\n1,2.5\n1,red\n",
      message:
        "t.csv, row 3, column 'y': 'red' is not a number, but row 2 holds 2.5; write numbers "
        + "only, or names of classes only"),
    Refusal(
      text: "x,y\n,2\n",
      message: "t.csv, row 2, column 'x': the cell is empty; fill it in, or remove the row"),
    Refusal(
      text: "x,y\n1,red\n1,\" \"\n",
      message: "t.csv, row 3, column 'y': the cell is empty; fill it in, or remove the row"),
    Refusal(
      text: "x,y\n1e39,2\n",
      message: "t.csv, row 2, column 'x': 1e39 does not fit float32 (±3.4e38); write a number in "
        + "that range, or rescale the column"),
    Refusal(
      text: "x,y\n1,-1e999\n",
      message: "t.csv, row 2, column 'y': -1e999 does not fit float32 (±3.4e38); write a number in "
        + "that range, or rescale the column"),
    Refusal(
      text: "x,y,x\n1,2,3\n",
      message: "t.csv, row 1: columns 1 and 3 are both called 'x'; give every column a name of its "
        + "own"),
    Refusal(
      text: ",x,y\n0,1,2\n",
      message: "t.csv, row 1, column 1: has no name; name it in the header, or remove the column"),
    Refusal(
      text: "x0;x1;y\n1;2;3\n",
      message: "t.csv, row 1: there is only one column, 'x0;x1;y'; separate cells by commas, not "
        + "by ';'"),
    Refusal(
      text: "x0\ty\n1\t2\n",
      message: "t.csv, row 1: there is only one column, 'x0\\u{9}y'; separate cells by commas, "
        + "not by tabs"),
    Refusal(
      text: "width,label\n1,2\n", target: ["lable"],
      message: "t.csv: there is no column 'lable'; did you mean 'label'?"),
    Refusal(
      text: "width,height\n1,2\n", target: ["outcome"],
      message: "t.csv: there is no column 'outcome'; choose one of: width, height"),
    Refusal(
      text: "\(many)\n", target: ["outcome"],
      message: "t.csv: there is no column 'outcome'; choose from the 20 columns, 'col0' to 'col19'"),
    Refusal(
      text: "width,height\n1,2\n", target: ["outcome*"],
      message:
        "t.csv: no column begins with 'outcome' (target \"outcome*\"); choose one of: width, "
        + "height"),
    Refusal(
      text: "y0,y1\n1,2\n", target: ["y*"],
      message: "t.csv: every column is a target, none is left as an input; name fewer columns as "
        + "targets, or add columns to learn from"),
    Refusal(
      text: "y\n1\n2\n",
      message: "t.csv: every column is a target, none is left as an input; name fewer columns as "
        + "targets, or add columns to learn from"),
    Refusal(
      text: "x,y\n1,2\n", target: [],
      message: "data.csv.target: names no column; name the column to learn, or several: [y0, y1]"),
  ])
  func refuses(_ refusal: Refusal) throws {
    let error = #expect(throws: KeelError.self) {
      _ = try load(refusal.text, target: refusal.target)
    }
    #expect(error?.description == refusal.message)
    #expect(error?.kind == .invalid)
  }

  @Test(arguments: ["nan", "NaN", "NAN", "inf", "-inf", "+Inf", "Infinity", "-Infinity", ".nan"])
  func refusesWhatIsNotFinite(_ word: String) throws {
    for (text, place) in [
      ("x,y\n1,2\n\(word),2\n", "t.csv, row 3, column 'x'"),
      ("x,y\n1,2\n3, \(word)\n", "t.csv, row 3, column 'y'"),
      ("x,y\n1,red\n3,\"\(word)\"\n", "t.csv, row 3, column 'y'"),
    ] {
      let error = #expect(throws: KeelError.self) { _ = try load(text) }
      #expect(
        error?.description
          == "\(place): \(word) is not a finite number; write a finite number, or remove the row")
    }
  }

  @Test func refusesWhatIsNotUTF8() throws {
    try folder.write("t.csv", Array("x,y\né,1\n".utf8) + [0x31, 0xe9, 0x2c, 0x32, 0x0a])
    #expect(
      folder.error(.csv("t.csv", target: ["y"]))?.description
        == "t.csv: is not text in UTF-8: byte 0xE9 on line 3; save the data as text in UTF-8")
    try folder.write("t.csv", Array("x,y\n1,".utf8) + [0xe9])
    #expect(
      folder.error(.csv("t.csv", target: ["y"]))?.description
        == "t.csv: is not text in UTF-8: byte 0xE9 on line 2; save the data as text in UTF-8")
  }

  @Test func refusesCompressedText() throws {
    try folder.write("t.csv.gz", [0x1f, 0x8b, 8, 0])
    #expect(
      folder.error(.csv("t.csv.gz", target: ["y"]))?.description
        == "t.csv.gz: is compressed with gzip; unpack it first: gunzip t.csv.gz")
  }

  @Test func refusesWhatIsNoFile() throws {
    let missing = folder.error(.csv("none.csv", target: ["y"]))
    #expect(missing?.kind == .missing)
    #expect(
      missing?.description
        == "none.csv: there is no such file; check the name; the file was looked "
        + "for at \(folder.path)/none.csv")
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/sub", withIntermediateDirectories: true)
    let directory = folder.error(.csv("sub", target: ["y"]))
    #expect(directory?.kind == .invalid)
    #expect(directory?.description == "sub: is a directory; name a file in it")
    #expect(
      folder.error(.csv("/dev/null", target: ["y"]))?.description
        == "/dev/null: is not a regular file; save the data to a file first")
    try folder.write("t.csv", "x,y\n1,2\n3,4\n".utf8)
    #expect(folder.error(.csv("t.csv/x", target: ["y"]))?.kind == .missing)
    #expect(folder.error(.csv("t.csv\0.gz", target: ["y"]))?.kind == .missing)
  }

  @Test func refusesATestPartThatTakesAll() throws {
    let error = #expect(throws: KeelError.self) {
      _ = try load("x,y\n1,2\n3,4\n", test: .count(2))
    }
    #expect(
      error?.description
        == "data.csv: test: 2 takes 2 of 2 rows; leave at least one row to test and one to train")
  }
}
