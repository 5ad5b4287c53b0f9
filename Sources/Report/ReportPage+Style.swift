extension ReportPage {
  /// Of everything but the pictures, which have their own.
  static let style: String = """
    :root{color-scheme:light dark}
    body{margin:0;background:#fff;color:#1b1b1b;overflow-wrap:anywhere;
    font:16px/1.5 system-ui,-apple-system,"Segoe UI","Noto Sans","DejaVu Sans",sans-serif}
    main{max-width:900px;margin:0 auto;padding:1.5rem 1rem 3rem}
    h1{font-weight:400;font-size:1.5rem;line-height:1.3;margin:0 0 .3em}
    p{margin:.2em 0}
    h2{font-size:1.15rem;margin:2em 0 .5em}
    h3{font-size:1rem;margin:1.2em 0 .4em}
    pre{font:13px/1.5 ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;
    white-space:pre-wrap;overflow-wrap:anywhere;background:#f4f4f1;padding:.8em 1em;
    border-radius:6px;margin:.4em 0}
    .bold{font-weight:700}.red{color:#b02a00}.green{color:#0a6b48}.yellow{color:#7a5200}
    .dim{color:#565656}
    footer{margin-top:3em;border-top:1px solid #dededa;padding-top:1em;font-size:.85rem}
    .about th{text-align:left;font-weight:600;padding:.1em 1em .1em 0;vertical-align:top;white-space:nowrap}
    .about td{overflow-wrap:anywhere}
    summary{cursor:pointer}
    @media screen and (prefers-color-scheme:dark){
    body{background:#15181c;color:#ececec}pre{background:#1d2126}
    .red{color:#ff8a5c}.green{color:#4fd6a8}.yellow{color:#f0b64a}.dim{color:#b4b4b4}
    footer{border-color:#363c44}}
    @media print{main{max-width:none;padding:0}pre{border:1px solid #dededa}h2{break-after:avoid}
    details:not([open]){display:none}}

    """
}
