import KeelReport

/// What pages are made with, beside their HTML.
enum Assets {
  static let style = LiveStyle.sheet

  /// A curve that leaves.
  static let icon = """
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="6" \
    fill="#0072b2"/><path d="M5 23c9 0 14-3 16-17" fill="none" stroke="#fff" stroke-width="3.5" \
    stroke-linecap="round"/><path d="M5 27h22" stroke="#fff" stroke-width="2"/></svg>
    """

  /// Puts what has changed in the place of what stood there, and connects again where nothing is
  /// heard; what somebody has marked, opened or reached stays so.
  static let script = """
    "use strict";
    (() => {
      const where = document.body.dataset.events;
      const link = document.getElementById("link");
      if (!where) return;
      let source = null, heard = 0, opened = 0;

      const say = (text, isBad) => {
        if (link.textContent !== text) link.textContent = text;
        link.className = isBad ? "bad" : "";
        document.getElementById("content").className = isBad ? "old" : "";
      };
      const time = (at) => new Date(at).toLocaleTimeString();

      // What a part has that its text does not say.
      const marks = (place) => ({
        checked: [...place.querySelectorAll("input:checked")].map((box) => box.value),
        open: [...place.querySelectorAll("details")].map((one) => one.open),
        left: [...place.querySelectorAll(".keel-scroll")].map((one) => one.scrollLeft),
        focus: [...place.querySelectorAll("a,button,input,summary,[tabindex]")]
          .indexOf(document.activeElement),
      });
      const restore = (place, old) => {
        place.querySelectorAll("input").forEach((box) => {
          box.checked = old.checked.includes(box.value);
        });
        place.querySelectorAll("details").forEach((one, i) => { one.open = !!old.open[i]; });
        place.querySelectorAll(".keel-scroll").forEach((one, i) => {
          one.scrollLeft = old.left[i] || 0;
        });
        const all = place.querySelectorAll("a,button,input,summary,[tabindex]");
        if (old.focus >= 0 && all[old.focus]) all[old.focus].focus({ preventScroll: true });
      };

      const take = (event) => {
        heard = Date.now();
        const part = JSON.parse(event.data);
        if (part.id === "title") { document.title = part.text; return; }
        const place = document.getElementById(part.id);
        if (!place) return;
        const old = marks(place);
        place.innerHTML = part.text;
        restore(place, old);
      };

      const close = () => { if (source) source.close(); source = null; };
      const connect = () => {
        close();
        opened = Date.now();
        source = new EventSource(where);
        source.addEventListener("part", take);
        source.addEventListener("beat", () => {
          heard = Date.now();
          say("live", false);
          // A window that nobody sees looks now and then: a browser has few connections.
          if (document.hidden && Date.now() - opened > 60000) close();
        });
        source.onerror = () => {
          say(heard ? `not connected: as of ${time(heard)}` : "not connected", true);
        };
      };
      setInterval(() => {
        const quiet = Date.now() - Math.max(heard, opened);
        if (document.hidden && source === null) {
          if (quiet > 20000) connect();
        } else if (quiet > 15000) {
          say(heard ? `not connected: as of ${time(heard)}` : "not connected", true);
          connect();
        }
      }, 3000);
      document.addEventListener("visibilitychange", () => {
        if (!document.hidden && source === null) connect();
      });
      window.addEventListener("pagehide", close);
      window.addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
      connect();
    })();
    """
}
