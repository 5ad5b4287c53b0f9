import Foundation
import KeelLogs
import Testing

struct EventFileTests {
  /// The bytes that TensorBoard's own writer makes of the same: `Tests/Vectors/make_events.py`.
  @Test func isWhatTensorBoardWrites() {
    var file = EventFile(time: 1_700_000_000.5)
    file.add([("loss", 1.5), ("dense-1/gradient-norm", .nan)], step: 300, time: 1_700_000_001)
    #expect(file.data.base64EncodedString() == Self.expected)
    #expect(
      EventFile.name(time: 1_700_000_000.5, source: "ab") == "events.out.tfevents.1700000000.ab")
  }

  private static let expected =
    "GAAAAAAAAACjf0siCQAAIED8VNlBGg1icmFpbi5FdmVudDoyKzUxEDkAAAAAAAAAiwc38QkAAEBA/FTZQRCs"
    + "AiorCgsKBGxvc3MVAADAPwocChVkZW5zZS0xL2dyYWRpZW50LW5vcm0VAADAf3baUu8="
}
