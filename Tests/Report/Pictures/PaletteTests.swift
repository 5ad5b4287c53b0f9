import Foundation
import KeelReport
import Testing

/// Contrast as WCAG 2.2 defines it: 4.5 for texts, 3 for lines, in the light and in the dark.
struct PaletteTests {
  private func luminance(_ colour: Palette.Colour) -> Double {
    func linear(_ part: UInt8) -> Double {
      let share = Double(part) / 255
      return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
    }
    return 0.2126 * linear(colour.red) + 0.7152 * linear(colour.green)
      + 0.0722 * linear(colour.blue)
  }

  private func contrast(_ left: Palette.Pair, _ right: Palette.Pair) -> Double {
    let schemes: [KeyPath<Palette.Pair, Palette.Colour>] = [\.light, \.dark]
    return schemes.map { scheme in
      let (one, other) = (luminance(left[keyPath: scheme]), luminance(right[keyPath: scheme]))
      return (max(one, other) + 0.05) / (min(one, other) + 0.05)
    }.min() ?? 0
  }

  private let grounds = [Palette.background, Palette.panel]

  @Test func textsCanBeRead() {
    for ground in grounds {
      for text in [Palette.ink, Palette.quiet, Palette.alarm] {
        #expect(contrast(text, ground) >= 4.5)
      }
    }
  }

  @Test func linesCanBeSeen() {
    for ground in grounds + [Palette.band] {
      for line in Palette.lines { #expect(contrast(line.colour, ground) >= 3) }
    }
  }

  @Test func noTwoLinesAreAlike() {
    #expect(Set(Palette.lines.map(\.dash)).count == Palette.lines.count)
    #expect(Set(Palette.lines.map(\.colour.light.text)).count == Palette.lines.count)
  }

  /// From dark to light, so that the order is there without any colour.
  @Test func cividisGrowsLighter() {
    let lights = (0...100).map { luminance(Palette.cividis(Double($0) / 100)) }
    #expect(zip(lights, lights.dropFirst()).allSatisfy { $0 < $1 })
    #expect(Palette.cividis(0).text == "#00204d" && Palette.cividis(1).text == "#ffea46")
    #expect(Palette.cividis(.nan) == Palette.cividis(0))
  }

  @Test func theStyleKnowsTheDarkAndPaper() {
    #expect(Palette.style.contains("@media screen and (prefers-color-scheme:dark)"))
    #expect(Palette.style.contains("@media print"))
  }

  /// Lines with corners, such as the one to the first offender, have no inside.
  @Test func onlyMarksAndSurfacesAreFilled() throws {
    for line in Palette.style.split(separator: "\n") where line.contains("{fill:") {
      for name in ["rule", "alarm", "thick", "axis", "past"] { #expect(!line.contains(".\(name)")) }
    }
  }

  /// A class that no rule knows would be drawn black, whatever the ground is.
  @Test func everyClassHasARule() throws {
    for picture in PictureExamples.all() {
      for element in try #require(Drawn(picture.svg)).elements {
        for name in element.classes where name != "cells" && name != "start" {
          #expect(Palette.style.contains(".\(name)"), "\(picture.title): \(name)")
        }
      }
    }
  }
}
