import Foundation
import KeelAuthoring
import Testing

/// The folders against what CONTRIBUTING says of them: who lives where, and who may know whom.
struct StructureTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private static func swiftFiles(in folder: String, recursively: Bool = true) throws -> [String] {
    let path = root.appendingPathComponent(folder).path
    let names =
      recursively
      ? try FileManager.default.subpathsOfDirectory(atPath: path)
      : try FileManager.default.contentsOfDirectory(atPath: path)
    return names.filter { $0.hasSuffix(".swift") }.sorted()
  }

  private static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }

  // MARK: catalogues

  /// A folder, what it holds, and the protocol that all of them have in common.
  private struct Catalogue: Sendable, CustomTestStringConvertible {
    let folder: String
    let members: [String]
    let common: String
    /// Where no member may hide.
    let machinery: String
    var testDescription: String { folder }
  }

  private static func family<F: Family>(
    _ family: F.Type, _ folder: String, _ common: String,
    where isIn: (any Ingredient.Type) -> Bool = { _ in true }
  ) -> Catalogue {
    let isNetwork = folder != "Datasets"
    return Catalogue(
      folder: (isNetwork ? "Networks/" : "Recipes/") + folder,
      members: Catalog.standard.types(of: family).filter(isIn).map { "\($0)" }, common: common,
      machinery: isNetwork ? "Networks/Families" : "Recipes/Edits")
  }

  private static let catalogues: [Catalogue] = [
    family(Layers.self, "Layers", "Layer") { !($0 is any Activation.Type) },
    family(Layers.self, "Activations", "Activation") { $0 is any Activation.Type },
    family(Initializers.self, "Initializers", "Initializer"),
    family(Losses.self, "Losses", "Loss"),
    family(Optimizers.self, "Optimizers", "Optimizer"),
    family(Schedules.self, "Schedules", "Schedule"),
    family(Clips.self, "Clipping", "Clip"),
    family(Regularizers.self, "Regularizers", "Regularizer"),
    family(Datasets.self, "Datasets", "Dataset"),
    Catalogue(
      folder: "Training/Probes", members: ProbeCatalog.standard.probes.map { "\($0)" },
      common: "Probe", machinery: "Training/Monitor"),
    Catalogue(
      folder: "Training/SampledProbes",
      members: SampledProbeCatalog.standard.probes.map { "\($0)" }, common: "SampledProbe",
      machinery: "Training/Monitor"),
    Catalogue(
      folder: "Causes", members: CauseCatalog.standard.causes.map { "\($0)" }, common: "Cause",
      machinery: "Causes/Diagnosis"),
    Catalogue(
      folder: "Remedies", members: RemedyCatalog.standard.remedies.map { "\($0)" },
      common: "Remedy", machinery: "Remedies/Search"),
  ]

  /// A catalogue folder holds its members and nothing else (machinery lies in a folder of its own),
  /// and `make catalog` has been run. `A+B.swift` belongs to A.
  @Test(arguments: catalogues) private func theFolderIsTheCatalogue(_ catalogue: Catalogue) throws {
    let files = try Self.swiftFiles(in: "Sources/\(catalogue.folder)", recursively: false)
      .map { String($0.dropLast(6)) }
    let own = files.filter { !$0.contains("+") }
    #expect(
      own.sorted() == catalogue.members.sorted(), "run 'make catalog', or move what is no member")
    for file in files where file.contains("+") {
      #expect(own.contains(String(file.prefix { $0 != "+" })), "\(file) belongs to no member")
    }
  }

  /// No member lies among the machinery, where `make catalog` would not find it.
  @Test(arguments: catalogues) private func noMemberHides(_ catalogue: Catalogue) throws {
    let member = try Regex(
      "(?m)^(?:public )?(?:struct|enum|final class) \\w+: [^{]*\\b\(catalogue.common)\\b")
    for file in try Self.swiftFiles(in: "Sources/\(catalogue.machinery)") {
      let text = try Self.text("Sources/\(catalogue.machinery)/\(file)")
      #expect(text.firstMatch(of: member) == nil, "\(file) holds a member of \(catalogue.folder)")
    }
  }

  // MARK: imports

  /// Folders in the direction of imports: each may know those before it.
  private static let order = [
    "CKernels", "CProcesses", "Engine", "Settings", "Data", "Networks", "Recipes", "Training",
    "Forecast", "Causes", "Frameworks", "Remedies", "Authoring", "Keel", "Logs", "Runners",
    "Archive", "Report", "Dashboard", "Command",
  ]

  private static func module(_ folder: String) -> String {
    ["CKernels", "CProcesses", "Keel"].contains(folder) ? folder : "Keel\(folder)"
  }

  /// What a file imports of this package.
  private static func imports(_ path: String) throws -> Set<String> {
    let ours = Set(order.map(module))
    let lines = try text(path).split(separator: "\n").map { $0.split(separator: " ") }
    return Set(
      // `import KeelEngine`, `@_exported import struct KeelEngine.KeelError`.
      lines.filter { $0.contains("import") && $0.count <= 4 }.compactMap {
        $0.last.map { String($0.prefix { $0 != "." }) }
      }
    ).intersection(ours)
  }

  /// What Package.swift says the target of a folder depends on.
  private static func dependencies(of folder: String) throws -> Set<String> {
    let package = try text("Package.swift")
    let target = package.split(separator: /\.(?:executableTarget|testTarget|target)\(/)
      .first { $0.contains("path: \"Sources/\(folder)\"") }
    guard let list = target?.firstMatch(of: /dependencies: \[(.*?)\],?\s+path/.dotMatchesNewlines())
    else { return [] }
    return Set(list.1.matches(of: /"(\w+)"/).map { String($0.1) })
  }

  @Test(arguments: order.dropFirst()) func importsRunOneWay(_ folder: String) throws {
    let known = Set(Self.order.prefix { $0 != folder }.map(Self.module))
    let declared = try Self.dependencies(of: folder)
    var used: Set<String> = []
    for file in try Self.swiftFiles(in: "Sources/\(folder)") {
      let imports = try Self.imports("Sources/\(folder)/\(file)")
      #expect(
        imports.isSubset(of: known), "\(folder)/\(file) imports \(imports.subtracting(known))")
      used.formUnion(imports)
    }
    // What comes along with an umbrella needs no line of its own.
    let umbrella = Set(Self.order.prefix { $0 != "Authoring" }.map(Self.module))
    let granted = declared.contains("KeelAuthoring") ? declared.union(umbrella) : declared
    #expect(used.isSubset(of: granted), "\(folder): \(used.subtracting(granted)) undeclared")
    let idle = declared.intersection(umbrella).subtracting(used)
    #expect(idle.isEmpty, "\(folder): \(idle) declared and not imported")
  }

  /// What makes the faults of the benchmark knows nothing of what is to judge them.
  @Test func theGeneratorKnowsNoJudge() throws {
    let judge = Set(
      ["Forecast", "Causes", "Remedies", "Authoring", "Keel", "Archive", "Report", "Command"]
        .map(Self.module))
    for file in try Self.swiftFiles(in: "Benchmarks/Faults/Generator") {
      #expect(
        try Self.imports("Benchmarks/Faults/Generator/\(file)").isDisjoint(with: judge), "\(file)")
    }
  }

  /// Every folder has its place in that order.
  @Test func everyFolderIsKnown() throws {
    let folders = try FileManager.default.contentsOfDirectory(
      atPath: Self.root.appendingPathComponent("Sources").path)
    let libraries: Set = ["COpenBLAS", "CZlib"]
    #expect(Set(folders).subtracting(libraries) == Set(Self.order))
  }

  /// A folder of tests is called as the folder that it tests; the rest is what tests need.
  @Test func testsMirrorTheSources() throws {
    let needs: Set = ["Support", "Vectors", "Golden", "Allocations", "AppleNames"]
    // What is tested from outside is the whole.
    let whole = "Library"
    let files = try Self.swiftFiles(in: "Tests").filter { $0.hasSuffix("Tests.swift") }
    for folder in Set(files.map { ($0 as NSString).deletingLastPathComponent }) {
      let first = folder.split(separator: "/").first.map(String.init) ?? folder
      let tested =
        first == "Benchmarks" ? folder : "Sources/\(first == whole ? "Keel" : folder)"
      var isFolder: ObjCBool = false
      let path = Self.root.appendingPathComponent(tested).path
      #expect(
        FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
          && !needs.contains(first), "Tests/\(folder) tests no folder")
    }
  }

  // MARK: files

  private static let code = ["Sources", "Benchmarks"]

  /// A file that declares types declares the one that it is called after; `A+B.swift` adds to A,
  /// and a `Main.swift` is where a command begins.
  @Test(arguments: code) func aFileIsCalledAfterItsType(_ folder: String) throws {
    let declaration = try Regex<(Substring, Substring)>(
      #"(?m)^(?:@\w+ )*(?:public |package |final |indirect )*(?:struct|enum|class|actor|protocol) (\w+)"#
    )
    for file in try Self.swiftFiles(in: folder) where !file.hasSuffix("Main.swift") {
      let name = ((file as NSString).lastPathComponent as NSString).deletingPathExtension
      guard !name.contains("+") else { continue }
      let types = try Self.text("\(folder)/\(file)").matches(of: declaration).map { String($0.1) }
      #expect(types.isEmpty || types.contains(name), "\(folder)/\(file) declares \(types)")
    }
  }

  /// What is public is documented, but for initializers, and for what a protocol asks of whoever
  /// conforms: the protocol documents that.
  @Test func whatIsPublicIsDocumented() throws {
    let files = try Self.swiftFiles(in: "Sources").map { "Sources/\($0)" }
    let texts = try files.map { try Self.text($0).components(separatedBy: "\n") }
    let library: Set = [
      "encode", "description", "hash", "==", "<", "testDescription", "unownedExecutor", "next",
      "makeIterator", "makeAsyncIterator", "rawValue", "allCases",
    ]
    let asked = library.union(texts.flatMap(Self.requirements))
    let declaration =
      /^\s*(?:@\w+(?:\([^)]*\))? )*public (?:nonisolated |static |mutating |final |indirect |package\(set\) |private\(set\) |internal\(set\) )*(?:func|var|let|struct|enum|class|protocol|actor|typealias|subscript|associatedtype)\b ?([^\s(:<{]*)/
    for (file, lines) in zip(files, texts) {
      for (index, line) in lines.enumerated() {
        guard let name = line.firstMatch(of: declaration)?.1, !asked.contains(String(name)) else {
          continue
        }
        let above = lines[..<index].last { !$0.drop { $0 == " " }.hasPrefix("@") }
        let isDocumented = above.map { $0.drop { $0 == " " }.hasPrefix("///") } ?? false
        #expect(isDocumented, "\(file):\(index + 1) says nothing of '\(name)'")
      }
    }
  }

  /// The names that the protocols of a file ask for.
  private static func requirements(_ lines: [String]) -> [String] {
    let head = #/^(?:public |package )?protocol /#
    var names: [String] = []
    var isInside = false
    for line in lines {
      if line.contains(head) {
        isInside = !line.hasSuffix("}")
      } else if line == "}" {
        isInside = false
      } else if isInside,
        let match = line.firstMatch(
          of: /^  (?:static |mutating )*(?:var|func|let|associatedtype) (\w+)/)
      {
        names.append(String(match.1))
      }
    }
    return names
  }

  // MARK: text

  /// Every link from one page of the documentation to a file leads somewhere.
  @Test func linksLeadSomewhere() throws {
    let guides = try FileManager.default.subpathsOfDirectory(
      atPath: Self.root.appendingPathComponent("Guides").path)
    let pages =
      ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Benchmarks/README.md"]
      + guides.filter { $0.hasSuffix(".md") }.map { "Guides/\($0)" }
    for page in pages {
      for match in try Self.text(page).matches(of: /\]\(([^)#\s]+)[^)]*\)/) {
        let target = String(match.1)
        guard !target.contains("://") else { continue }
        let file = URL(fileURLWithPath: target, relativeTo: Self.root.appendingPathComponent(page))
        #expect(FileManager.default.fileExists(atPath: file.path), "\(page): \(target)")
      }
    }
  }

  private static let sources = ["Sources", "Tests", "Benchmarks"]

  /// C, which the formatter does not read, is held to as many columns in its code, too.
  @Test(arguments: sources) func linesFit(_ folder: String) throws {
    let files = try FileManager.default.subpathsOfDirectory(
      atPath: Self.root.appendingPathComponent(folder).path)
    for file in files where ["c", "h"].contains((file as NSString).pathExtension) {
      for (index, line) in try Self.text("\(folder)/\(file)").split(
        separator: "\n", omittingEmptySubsequences: false
      ).enumerated() {
        #expect(line.count <= 100, "\(folder)/\(file):\(index + 1) has \(line.count) columns")
      }
    }
    for file in files.filter({ $0.hasSuffix(".swift") }) {
      let lines = try Self.text("\(folder)/\(file)").split(
        separator: "\n", omittingEmptySubsequences: false)
      for (index, line) in lines.enumerated() where line.count > 100 {
        // A string that is longer cannot be broken by the formatter.
        let isComment = line.drop { $0 == " " }.hasPrefix("//")
        #expect(!isComment, "\(folder)/\(file):\(index + 1) has \(line.count) columns")
      }
    }
  }
}
