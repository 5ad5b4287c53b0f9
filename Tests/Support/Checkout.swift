import Foundation

/// Where the sources lie that these tests were built from.
public enum Checkout {
  public static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// A file or folder by its path from there.
  public static func path(_ name: String) -> String {
    folder.appendingPathComponent(name).standardizedFileURL.path
  }
}
