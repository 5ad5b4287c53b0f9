extension Palette {
  /// The style sheet of all pictures and their tables: light, dark where the reader's system is,
  /// and light again on paper.
  package static let style: String =
    shapes + colours(\.light) + "@media screen and (prefers-color-scheme:dark){\n"
    + colours(\.dark) + "}\n" + paper

  private static let shapes = """
    .keel{display:block;width:100%;min-width:620px;max-width:900px;height:auto}
    .keel text{font:13px/1 system-ui,-apple-system,"Segoe UI","Noto Sans","DejaVu Sans",sans-serif}
    .keel .h{font-size:16px;font-weight:600}
    .keel .b{font-weight:600}
    .keel .q{font-size:12px}
    .keel .middle{text-anchor:middle}
    .keel .end{text-anchor:end}
    .keel path{fill:none;stroke-linejoin:round}
    .keel .l{stroke-width:1.6;stroke-linecap:round}
    .keel .thick{stroke-width:3}
    .keel .wide{stroke-width:10}
    .keel .thin{stroke-width:1.2}
    .keel .k{stroke-width:2.2}
    .keel .m,.keel .rule{stroke-width:1.5}
    .keel .g{stroke-width:1}
    .keel .past{stroke-width:1.8;stroke-dasharray:1 2}
    .keel .dense{stroke-width:2.6}
    .keel .tag,.keel .over{paint-order:stroke;stroke-width:4px;stroke-linejoin:round}
    .keel .box{fill:none;stroke-width:2.5}
    .keel .halo{fill:none;stroke-width:6}
    .keel .cells path{stroke-width:1;shape-rendering:crispEdges}
    .keel .cells path.zero{stroke-width:.15}
    .keel .cell{shape-rendering:crispEdges}
    .keel-figure{margin:1.5em 0}
    .keel-scroll{overflow-x:auto}
    .keel-table table{border-collapse:collapse;font-size:.85em;font-variant-numeric:tabular-nums}
    .keel-table caption{text-align:left;padding:.4em 0}
    .keel-table th,.keel-table td{text-align:right;padding:.15em .7em;border-bottom:1px solid}
    .keel-table th:first-child{text-align:left;font-weight:600}

    """

  private static let paper = """
    @media screen and (max-width:651px){.keel-figure::before{font-size:.85em;
    content:"The picture goes on to the right \\2192"}}
    @media print{.keel{min-width:0;print-color-adjust:exact;-webkit-print-color-adjust:exact}
    .keel-figure{break-inside:avoid}.keel-scroll{overflow:visible}}

    """

  private static func colours(_ scheme: KeyPath<Pair, Colour>) -> String {
    func text(_ pair: Pair) -> String { pair[keyPath: scheme].text }
    let base = """
      .keel .bg{fill:\(text(background))}
      .keel text{fill:\(text(ink))}
      .keel .q{fill:\(text(quiet))}
      .keel .bad{fill:\(text(alarm))}
      .keel .tag{stroke:\(text(panel))}
      .keel .over{stroke:\(text(background))}
      .keel .panel{fill:\(text(panel));stroke:\(text(quiet))}
      .keel .band{fill:\(text(band))}
      .keel .g{stroke:\(text(grid))}
      .keel .axis{stroke:\(text(quiet))}
      .keel .ink{stroke:\(text(ink))}
      .keel .m.ink{fill:\(text(ink))}
      .keel .alarm{stroke:\(text(alarm))}
      .keel .surface{fill:\(text(quiet));fill-opacity:.35}
      .keel .halo{stroke:\(text(background))}
      .keel .cells .base{stroke:\(text(background))}
      .keel .cells .stripe{stroke:\(text(alarm))}
      .keel .cells .zero{stroke:\(text(quiet))}
      .keel .cell.base{fill:\(text(background));stroke:\(text(quiet))}
      .keel .cell.stripe{fill:\(text(alarm))}
      .keel .cell.zero{fill:\(text(quiet))}
      .keel .m.open{fill:\(text(panel))}
      .keel-table{color:\(text(ink))}
      .keel-table th,.keel-table td{border-color:\(text(grid))}

      """
    let series = lines.enumerated().map { index, line in
      """
      .keel .s\(index){stroke:\(text(line.colour))}
      .keel .l.s\(index),.keel .d\(index){stroke-dasharray:\(line.dash)}
      .keel .m.f\(index){fill:\(text(line.colour));stroke:\(text(line.colour))}
      .keel .bar\(index){fill:\(text(line.colour))}

      """
    }.joined()
    return base + series + surface
  }

  /// The levels of cividis, which are the same in the light and in the dark: they are values.
  private static let surface = (0..<levels).map { level in
    let colour = cividis((Double(level) + 0.5) / Double(levels)).text
    return ".keel .cells .c\(level){stroke:\(colour)}.keel .cell.c\(level){fill:\(colour)}\n"
  }.joined()
}
