/// Colours of the pictures, and the one style sheet that says which class has which.
///
/// Lines and marks take the colours of Okabe and Ito, darker where those are too pale for white,
/// and a dash pattern each; surfaces take cividis. Both can be told apart with any colour vision.
///
/// **References** M. Okabe, K. Ito, *Color Universal Design*, 2008. J. Nuñez, C. Anderton,
/// R. Renslow, *Optimizing colormaps with consideration for color vision deficiency to enable
/// accurate interpretation of scientific data*, PLoS ONE 13(7), 2018 (cividis).
package enum Palette {
  package struct Colour: Equatable, Sendable {
    package let red: UInt8
    package let green: UInt8
    package let blue: UInt8

    package init(_ rgb: UInt32) {
      (red, green, blue) = (
        UInt8(rgb >> 16 & 0xFF), UInt8(rgb >> 8 & 0xFF), UInt8(rgb & 0xFF)
      )
    }

    /// As a style sheet writes it: `#0072b2`.
    package var text: String {
      "#"
        + [red, green, blue].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
  }

  /// A colour on white paper, and the one on a dark screen.
  package struct Pair: Equatable, Sendable {
    package let light: Colour
    package let dark: Colour

    init(_ light: UInt32, _ dark: UInt32) { (self.light, self.dark) = (.init(light), .init(dark)) }
  }

  package static let background = Pair(0xFFFFFF, 0x15181C)
  /// Behind the curves.
  package static let panel = Pair(0xF7F7F5, 0x1D2126)
  package static let ink = Pair(0x1B1B1B, 0xECECEC)
  /// Of texts that say less.
  package static let quiet = Pair(0x565656, 0xB4B4B4)
  package static let grid = Pair(0xDEDEDA, 0x363C44)
  /// What went wrong; always together with a word or a cross.
  package static let alarm = Pair(0xB83200, 0xFF8A5C)
  package static let band = Pair(0xDDEBE4, 0x213A31)

  /// A line's colour and its dash pattern.
  package struct Line: Equatable, Sendable {
    package let colour: Pair
    package let dash: String
  }

  /// Blue, vermilion, bluish green, reddish purple, orange, sky blue, black.
  package static let lines = [
    Line(colour: Pair(0x0072B2, 0x56B4E9), dash: "none"),
    Line(colour: Pair(0xC44F00, 0xF28A3C), dash: "7 3"),
    Line(colour: Pair(0x00835F, 0x2CC295), dash: "2 3"),
    Line(colour: Pair(0xA8447A, 0xE09CC4), dash: "9 3 2 3"),
    Line(colour: Pair(0x966800, 0xE69F00), dash: "12 4"),
    Line(colour: Pair(0x1F7FB5, 0x8CCDF2), dash: "4 2 1 2 1 2"),
    Line(colour: Pair(0x1B1B1B, 0xECECEC), dash: "1 2"),
  ]

  /// In how many levels a surface is coloured.
  package static let levels = 24

  /// Cividis at 0, 1/9, … 1.
  private static let cividisPoints = [
    0x00204D, 0x00336F, 0x39486B, 0x575C6D, 0x707173, 0x8A8779, 0xA69D75, 0xC4B56C, 0xE4CF5B,
    0xFFEA46,
  ].map { Colour(UInt32($0)) }

  /// A colour of cividis, dark blue at 0 and yellow at 1.
  package static func cividis(_ share: Double) -> Colour {
    let last = cividisPoints.count - 1
    let place = min(max(share.isNaN ? 0 : share, 0), 1) * Double(last)
    let lower = min(Int(place), last - 1)
    let (from, to) = (cividisPoints[lower], cividisPoints[lower + 1])
    func between(_ part: KeyPath<Colour, UInt8>) -> UInt32 {
      let (low, high) = (Double(from[keyPath: part]), Double(to[keyPath: part]))
      return UInt32((low + (high - low) * (place - Double(lower))).rounded())
    }
    return Colour(between(\.red) << 16 | between(\.green) << 8 | between(\.blue))
  }

  /// The level of a share between 0 and 1.
  static func level(_ share: Double) -> Int {
    min(max(0, Int(min(max(share, 0), 1) * Double(levels))), levels - 1)
  }
}
