import Foundation
import KeelAuthoring
import KeelArchive

/// A run as one HTML file that needs nothing else: what happened in words, in pictures and as
/// numbers, what changes it, what is not known, and what to type next.
package struct ReportPage {
  private let run: ArchivedRun
  /// Nil where another tool has logged it.
  private let recipe: Recipe?
  private let words: Words
  private let pictures: [any Picture]
  /// What was measured in some steps.
  private var sampled: [String] = []

  /// What a run came to, as its own page says it.
  struct Words {
    var verdict: [String]
    var cause: [String] = []
    var change: [String] = []
    /// What has been tried, of a run that has come to no answer yet.
    var soFar: [String] = []
    /// The change as lines of code, by framework.
    var code: [(framework: String, lines: [String])] = []
    var unknown: [String] = []
    var next: [String] = []
  }

  /// - Parameters:
  ///   - forecast: of the run's recipe, for the gains of its layers; nil where there is none.
  ///   - exponents: of its numbers before it exploded; nil where nobody has looked.
  ///   - most: values of each series at the most; nil: as many as a report has.
  ///   - isDrawn: whether it has pictures at all.
  /// - Throws: `KeelError` where the archive cannot be read, or the run has no answer yet.
  package init(
    _ run: ArchivedRun, in history: History, forecast: Forecast?, exponents: Exponents? = nil,
    atMost most: Int? = nil, isDrawn: Bool = true
  ) throws {
    self.run = run
    guard !run.isLogged else {
      (recipe, words) = (nil, Self.words(ofLogged: run))
      pictures =
        try isDrawn
        ? KeptSeries(run, in: history, atMost: most ?? KeptSeries.most).pictures(
          of: nil, drawn: (nil, nil)) : []
      return
    }
    guard let recipe = try history.recipe(of: run) else {
      throw KeelError(
        .invalid, at: run.id, "has no recipe on record",
        fix: "type its command again: \(run.command)")
    }
    self.recipe = recipe
    let maps = try isDrawn ? history.maps(of: run).map { EdgeMap($0, of: recipe) } : []
    let kept =
      try isDrawn ? KeptSeries(run, in: history, atMost: most ?? KeptSeries.most) : KeptSeries()
    guard run.body != nil else {
      words = Self.words(ofOpen: run, from: kept.first)
      pictures = kept.pictures(of: nil, drawn: (Self.gains(forecast), nil)) + maps
      return
    }
    switch run.kind {
    case .train:
      let training = try run.answer(Training.self)
      words = Self.words(of: training, run, isKept: history.path.hasSuffix("/.keel/keel.sqlite"))
      pictures = kept.pictures(of: training, drawn: (Self.gains(forecast), exponents)) + maps
      sampled = SampledSeries.lines(try run.answer(Sampled.self).samples ?? [])
    case .forecast:
      words = Self.words(ofForecast: run)
      pictures = (Self.gains(forecast).map { [$0] } ?? []) + maps
    case .diagnose:
      let diagnosis = try run.answer(Diagnosis.self)
      words = Self.words(of: diagnosis, recipe, run)
      pictures =
        kept.pictures(
          of: diagnosis.training, findings: diagnosis.findings,
          drawn: (Self.gains(forecast), exponents),
          table: diagnosis.truthTable) + maps
    case .cure:
      let cure = try run.answer(CaseHistory.self)
      words = Self.words(of: cure, recipe, run)
      pictures =
        kept.pictures(
          of: cure.before, findings: cure.findings, drawn: (Self.gains(forecast), exponents),
          table: cure.truthTable, trials: cure) + maps
    }
  }

  package var html: String {
    let name = SVG.escaped(shown(run.name, limit: 80))
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="generator" content="keel">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta http-equiv="Content-Security-Policy" content="\(Self.policy)">
      <meta name="color-scheme" content="light dark">
      <title>\(name): \(SVG.escaped(run.standing))</title>
      <style>
      \(Self.style)\(Palette.style)</style>
      </head>
      <body>
      <main>
      <header>
      \(verdict)</header>
      \(cause)\(figures)\(change)\(unknown)\(next)\(about)</main>
      </body>
      </html>

      """
  }

  // MARK: its parts

  var verdict: String { Markup.paragraphs(words.verdict, isHeaded: true) }

  var cause: String {
    section("Cause", Markup.block(words.cause)) + section("So far", Markup.block(words.soFar))
  }

  var unknown: String { section("Not known", Markup.paragraphs(words.unknown)) }

  var next: String { section("Next", Markup.block(words.next)) }

  var figures: String {
    pictures.map { "<section>\n\($0.figure)</section>\n" }.joined()
      + section("Sampled", Markup.block(sampled))
  }

  private struct Sampled: Decodable { let samples: [SampledSeries]? }

  var change: String {
    let code = words.code.map { framework, lines in
      "<h3>In \(SVG.escaped(framework))</h3>\n" + Markup.block(lines)
    }.joined()
    return section("Change", Markup.block(words.change) + code)
  }

  private func section(_ title: String, _ content: String) -> String {
    content.isEmpty ? "" : "<section>\n<h2>\(title)</h2>\n\(content)</section>\n"
  }

  var about: String {
    let began = Date(timeIntervalSince1970: run.began).formatted(.iso8601)
    let rows = [
      ("run", run.id), ("goes on from", run.parent),
      ("typed", run.isLogged ? nil : run.command), ("began", began),
      ("trained by", run.engine), ("machine", run.system), ("keel", run.version),
      ("network", run.model),
    ].compactMap { title, text in
      // Of what another tool has logged less is known.
      text.flatMap { $0.isEmpty ? nil : (title, $0) }
    }.map { title, text in
      "<tr><th scope=\"row\">\(title)</th><td>\(SVG.escaped(shown(text, limit: 300)))</td></tr>\n"
    }.joined()
    let text =
      recipe.map { recipe in
        "<details><summary>Recipe</summary>\n"
          + Markup.block(recipe.description.split(separator: "\n").map(String.init))
          + "</details>\n"
      } ?? ""
    return "<footer>\n<table class=\"about\">\n\(rows)</table>\n\(text)</footer>\n"
  }

  /// Nothing is fetched, and nothing runs.
  private static let policy =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

  private static func gains(_ forecast: Forecast?) -> Gains? {
    forecast.flatMap { forecast in
      Gains(
        forecast.layers.map {
          Gains.Layer(
            $0.name, forward: $0.forwardGain, backward: $0.backwardGain,
            forwardTheory: $0.theory?.forwardGain, backwardTheory: $0.theory?.backwardGain)
        })
    }
  }
}
