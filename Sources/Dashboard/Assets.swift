import KeelReport

/// What pages are made with, beside their HTML.
enum Assets {
  static let style = LiveStyle.sheet
  /// A curve that leaves.
  static let icon = text(PackageResources.icon_svg)
  static let script = text(PackageResources.live_js)

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
