import Foundation

/// Numbers that a script of `Tests/Vectors` made.
public enum ReferenceVectors {
  /// The contents of a file; nil, after a line that says why, where it cannot be read. A test that
  /// counts the cases then fails.
  public static func read<Vectors: Decodable>(_ name: String) -> Vectors? {
    let file = URL(fileURLWithPath: Checkout.path("Tests/Vectors/\(name)"))
    do {
      return try JSONDecoder().decode(Vectors.self, from: Data(contentsOf: file))
    } catch {
      print("\(file.path): \(error)")
      return nil
    }
  }
}
