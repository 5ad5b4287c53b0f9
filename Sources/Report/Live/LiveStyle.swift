/// The style sheet of the live pages: that of a report and of its pictures, and what moves.
package enum LiveStyle {
  package static let sheet: String =
    ReportPage.style + Palette.style + """
      main{max-width:1080px}
      nav{display:flex;gap:1.5rem;justify-content:space-between;align-items:baseline;
      padding:.7rem 1rem;border-bottom:1px solid #dededa;font-size:.9rem}
      nav a{font-weight:600}
      a{color:#005a8f}
      a:focus-visible,button:focus-visible,input:focus-visible,summary:focus-visible,
      .keel-scroll:focus-visible{outline:3px solid #0072b2;outline-offset:2px}
      .skip{position:absolute;left:-999em}
      .skip:focus{left:.5rem;top:.5rem;background:#fff;padding:.3em .6em;z-index:2}
      .unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
      #link.bad{color:#b02a00;font-weight:700}
      #alarm{position:sticky;top:0;z-index:1;background:#a82900;color:#fff;font-weight:600}
      #alarm p{margin:0;padding:.6rem 1rem}
      #alarm p+p{padding-top:0}
      #alarm a{color:#fff}
      .runs{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
      .runs th,.runs td{text-align:left;vertical-align:top;padding:.45em .8em .45em 0;
      border-bottom:1px solid #dededa}
      .runs{min-width:46rem}
      .runs tbody th{font-weight:400;min-width:11em}
      .runs td.number,.runs th.number{text-align:right;white-space:nowrap}
      .runs .dim{font-size:.85rem}
      .runs :is(.red,.green,.yellow,.bold){white-space:nowrap}
      .runs :is(td,th){overflow-wrap:normal}
      .keel.spark{width:120px;min-width:120px;height:26px}
      progress{width:7em;height:.6em;accent-color:#0072b2}
      #verdict progress{width:100%;height:.8em}
      button{font:inherit;padding:.25em .9em}
      input[type=checkbox]{width:1.2em;height:1.2em;margin:.2em}
      .old{opacity:.55}
      @media screen and (prefers-color-scheme:dark){
      nav,.runs th,.runs td{border-color:#363c44}a{color:#7cc4f4}
      .skip:focus{background:#15181c}#link.bad{color:#ff8a5c}
      #alarm{background:#8f2400}}
      @media(max-width:651px){.runs .dim{overflow-wrap:normal}}

      """
}
