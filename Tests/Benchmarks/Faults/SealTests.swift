import Foundation
import KeelEngine
import KeelFaultJudge
import Testing

@Suite struct SealTests {
  /// FIPS 180-4, the examples of its appendix, and the empty text.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func hashIsThatOfTheStandard(_ text: String, _ hash: String) {
    #expect(SHA256.hex(of: Array(text.utf8)) == hash)
  }

  @Test func changedLineIsSeen() throws {
    let (first, second) = ("{\"a\":1}", "{\"a\":2}")
    let one = SHA256.hex(of: Array(first.utf8))
    let two = SHA256.hex(of: Array((one + second).utf8))
    let text = "\(one) \(first)\n\(two) \(second)\n"
    #expect(Seal.isIntact(text))
    #expect(!Seal.isIntact(text.replacing("\"a\":1", with: "\"a\":3")))
    #expect(!Seal.isIntact("\(two) \(second)\n"))

    let path = "\(NSTemporaryDirectory())keel-seal-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    #expect(try Seal(path).hash == two)
    try text.replacing("\"a\":2", with: "\"a\":3")
      .write(toFile: path, atomically: true, encoding: .utf8)
    #expect(throws: KeelError.self) { try Seal(path) }
  }
}
