import Foundation

/// Where the sources lie that these tests were built from.
public enum Checkout {
  public static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// A file or folder by its path from there.
  public static func path(_ name: String) -> String {
    folder.appendingPathComponent(name).standardizedFileURL.path
  }

  /// The command, beside the tests, where one build puts both.
  public static let executable: URL? = {
    let folders =
      [
        URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent(),
        Bundle.main.bundleURL, Bundle.main.bundleURL.deletingLastPathComponent(),
      ] + ["release", "debug"].map { folder.appendingPathComponent(".build/\($0)") }
    return folders.map { $0.appendingPathComponent("keel") }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
  }()
}
