import Foundation
import KeelArchive
import KeelAuthoring
import KeelTestSupport
import Testing

/// Files that are no recipe, or no YAML that recipes allow; refused in a moment, whatever they
/// hold.
@Suite struct BadYAMLTests {
  private static func not(_ what: String, _ fix: String) -> String {
    "bad.yaml: has \(what), which recipes do not allow; \(fix)"
  }
  private static let anchor = not("an anchor", "write the value out, or quote it if it is a text")
  private static let alias = not("an alias", "write the value out, or quote it if it is a text")
  private static let tag = not("a tag", "remove it, or quote it if it is a text")
  private static let open = not(
    "a text over several lines", "write the text in one line, in quotes")
  private static let continued = not(
    "a line that goes on with the text above it",
    "check the indentation, and that the line above ends in a colon")
  private static let brackets = not("more than 64 nested brackets", "nest less deeply")
  private static let levels = not("more than 64 nested levels", "nest less deeply")
  private static let key = not("a complex key", "write keys as plain words")
  private static let second = not("a second document", "keep each recipe in a file of its own")

  static let refused: [(text: String, message: String, source: String)] = [
    ("a: &x 1\n", anchor, "1:4"), ("a: *x\n", alias, "1:4"), ("*x : 1\n", alias, "1:1"),
    ("a: !!int 1\n", tag, "1:4"), ("- !x 1\n", tag, "1:3"), ("[a, &x b]", anchor, "1:5"),
    ("{a: *x}", alias, "1:5"), ("a: 1\n---\nb: 2\n", second, "2:1"), ("---\n---\n", second, "2:1"),
    ("a: 1\n...\n", not("a document end", "remove it"), "2:1"),
    ("%YAML 1.1\n---\na: 1\n", not("a directive", "remove it"), "1:1"),
    ("a: |\n  b\n", not("a block text", "write the text in one line, in quotes"), "1:4"),
    ("a: >-\n  b\n", not("a block text", "write the text in one line, in quotes"), "1:4"),
    ("? a\n: b\n", key, "1:1"), ("{? a : b}", key, "1:2"),
    (
      "- - - - - - - - - a\n", not("more than 8 nested lists in one line", "nest less deeply"),
      "1:17"
    ),
    ("a: \"b\n  c\"\n", open, "1:4"), ("a: 'b\n", open, "1:4"), ("a: b\n  c\n", continued, "2:3"),
    ("data: csv\n  file: a.csv\n", continued, "2:3"),
    ("a: 1\n\u{FEFF}b: 2\n", not("a byte-order mark inside", "remove it"), "2:1"),
    // What libyaml takes for an anchor although it hides: behind a tab, a quoted key, a bracket, a
    // document's beginning, a comment, an escaped quote, a text that goes on.
    ("a:\t&x 1\n", anchor, "1:4"), ("-\t&x 1\n", anchor, "1:3"),
    ("{\"a\":&x 1, \"b\":*x}", anchor, "1:6"), ("{[a]:&x 1}", anchor, "1:6"),
    ("[:&x 1]", anchor, "1:3"), ("{?&x a: 1}", key, "1:2"), ("--- &x\na: 1\n", anchor, "1:5"),
    ("--- !x {a: 1}\n", tag, "1:5"), ("a: [#, '\n &x 1,\n '']\n", anchor, "2:2"),
    ("a: 'b'' # c\n '\nd: &x 1\ne: 'f'\n", open, "1:7"),
    ("a: b\n  'c\nd: &x 1\ne: 'f'\n", continued, "2:3"),
    ("a: b\n  [ c\n- &x 1\n", continued, "2:3"), ("a: b\n  - [ c\n- &x 1\n", continued, "2:3"),
    ("a: [b\n 'c, &x 1, ']\n", anchor, "2:6"),
  ]

  private func error(_ text: String) throws -> KeelError {
    try failure { _ = try RecipeFile.settings(yaml: text, named: "bad.yaml") }
  }

  @Test(arguments: refused)
  func refuses(_ text: String, _ message: String, _ source: String) throws {
    let error = try error(text)
    #expect(error.description == message)
    #expect(error.source == "bad.yaml:\(source)")
    #expect(error.kind == .invalid)
  }

  /// Each of these would overflow the parser's stack, or keep it busy until the sun burns out.
  @Test func bombsAreRefusedWithinASecond() throws {
    let million = 1_000_000
    let billion = (1..<30).map {
      "\(name($0)): &\(name($0)) [*\(name($0 - 1)), *\(name($0 - 1))]\n"
    }
    for (text, message) in [
      (String(repeating: "[", count: million), Self.brackets),
      ("a: " + String(repeating: "{a: ", count: million / 4), Self.brackets),
      ("a:\t" + String(repeating: "[", count: million), Self.brackets),
      ("-\t" + String(repeating: "[", count: million), Self.brackets),
      ("--- " + String(repeating: "[", count: million), Self.brackets),
      (String(repeating: "[\n", count: million / 2), Self.brackets),
      ((0..<1400).map { String(repeating: " ", count: $0) + "a:\n" }.joined(), Self.levels),
      ((0..<1400).map { String(repeating: " ", count: $0) + "-\n" }.joined(), Self.levels),
      ("a0: &a0 x\n" + billion.joined() + "? *a29\n: 1\n", Self.anchor),
      ("{\"a\":&x [1], \"b\":*x}" + String(repeating: " ", count: million), Self.anchor),
    ] {
      let start = threadTime()
      #expect(try error(text).description == message)
      #expect(threadTime() - start < 1)
    }
  }

  private func name(_ index: Int) -> String { "a\(index)" }

  @Test(
    arguments: [
      ("a: [1, 2\nb: }", "did not find expected ',' or ']' in line 2, column 2"),
      ("a: 1\n b: 2\n", nil), ("a: 1\n\tb: 2\n", nil), ("a: @b\n", nil), ("a: b: c\n", nil),
      ("]", nil),
    ] as [(String, String?)])
  func refusesWhatIsNotYAML(_ text: String, _ problem: String?) throws {
    let error = try error(text)
    #expect(error.kind == .invalid)
    if let problem {
      #expect(
        error.description
          == "bad.yaml: is not YAML: \(problem); check indentation, colons and brackets there")
    }
  }

  @Test(arguments: [
    ("a: 1\nb: 2\na: 3\n", "bad.yaml: 'a' is there twice; keep one of them"),
    ("a: {b: 1, b: 2}\n", "bad.yaml: 'b' is there twice; keep one of them"),
    ("a: {b: 1, \"b\": 2}\n", "bad.yaml: 'b' is there twice; keep one of them"),
    ("[a]: 1\n", "bad.yaml: has a key that is not a word; write keys as plain words"),
    ("", "bad.yaml: is empty; write a recipe; 'keel show --template mlp' prints one"),
    ("# a\n\n# b\n", "bad.yaml: is empty; write a recipe; 'keel show --template mlp' prints one"),
    (
      "a: \u{1}\n",
      "bad.yaml: is not YAML: control characters are not allowed; save it as plain UTF-8 text"
    ),
  ])
  func refusesOtherwise(_ text: String, _ message: String) throws {
    #expect(try error(text).description == message)
  }

  @Test(arguments: ["hello", "- a\n- b\n", "3"])
  func refusesWhatIsNoMapping(_ text: String) throws {
    let error = try failure {
      _ = try Recipe(RecipeFile.settings(yaml: text, named: "bad.yaml"))
    }
    let found = text.hasPrefix("-") ? "a list" : "'\(text)'"
    #expect(
      error.description
        == "recipe: expected a mapping of settings, found \(found); "
        + "begin with data:, model:, loss:, optimizer: and training:")
  }

  @Test func allowsWhatOnlyLooksForbidden() throws {
    let text = """
      ---  # begun
      a: it's a&b *c !d # &x *y
      "b c": 'it''s: [ {, # &x'
      c: "\\"&x\\\\" # '
      d: [1,
        "&x", # ]
        y z
        &w]
      e:
        - {f: g#h, "i":1}
        - - - k
      l:
      - '--- &x'
      """.replacingOccurrences(of: "&w", with: "w")
    let settings = try RecipeFile.settings(yaml: text, named: "good.yaml")
    #expect(
      settings.line == #"{a: it's a&b *c !d, b c: "it's: [ {, # &x", c: "\"&x\\", "#
        + #"d: [1, "&x", y z w], e: [{f: g#h, i: 1}, [[k]]], l: ["--- &x"]}"#)
  }

  @Test func files() throws {
    let scratch = try Scratch()
    let large = try scratch.write("large.yaml", String(repeating: "#", count: (1 << 20) + 1))
    let binary = try scratch.write("binary.yaml", Data((0...255).map { UInt8($0) }))
    let nul = try scratch.write("nul.yaml", "data: \0\n")
    for (path, kind, message) in [
      (
        scratch("none.yaml"), KeelError.Kind.missing,
        "is not there; check the name of the recipe file"
      ),
      (scratch.path, .invalid, "is a folder; name a recipe file in it"),
      (
        large, .invalid,
        "is larger than 1 MiB; a recipe is a page of text; "
          + "put data into files of their own"
      ),
      (binary, .invalid, "is not a text file (UTF-8); name a recipe file"),
      (nul, .invalid, "is not a text file (UTF-8); name a recipe file"),
    ] {
      let error = try failure { _ = try RecipeFile.read(path) }
      #expect(error.description == "\(path): \(message)")
      #expect(error.kind == kind)
    }
    // One byte less is only a comment too many.
    let most = try scratch.write("most.yaml", String(repeating: "#", count: 1 << 20))
    #expect(try failure { _ = try RecipeFile.read(most) }.what == "is empty")
  }
}
