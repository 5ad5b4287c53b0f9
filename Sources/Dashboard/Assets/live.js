// Puts what has changed in the place of what stood there, and connects again where nothing is heard;
// what somebody has marked, opened or reached stays so.
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
  const lose = () => {
    const since = heard ? `: as of ${new Date(heard).toLocaleTimeString()}` : "";
    say(`not connected${since}`, true);
  };

  // Rows move: what can be reached is known by what it is.
  const reachable = (place) => [...place.querySelectorAll("a,button,input,summary,[tabindex]")];
  const key = (one) => one.tagName + (one.value || one.getAttribute("href") || "")
    + one.textContent;
  // What a part has that its text does not say.
  const marks = (place) => ({
    checked: [...place.querySelectorAll("input:checked")].map((box) => box.value),
    open: [...place.querySelectorAll("details")].map((one) => one.open),
    left: [...place.querySelectorAll(".keel-scroll")].map((one) => one.scrollLeft),
    focus: place.contains(document.activeElement) ? key(document.activeElement) : null,
  });
  const restore = (place, old) => {
    place.querySelectorAll("input").forEach((box) => {
      box.checked = old.checked.includes(box.value);
    });
    place.querySelectorAll("details").forEach((one, i) => { one.open = !!old.open[i]; });
    place.querySelectorAll(".keel-scroll").forEach((one, i) => {
      one.scrollLeft = old.left[i] || 0;
    });
    const same = reachable(place).find((one) => key(one) === old.focus);
    if (same) same.focus({ preventScroll: true });
  };

  const waiting = new Map();
  const take = (event) => {
    heard = Date.now();
    const part = JSON.parse(event.data);
    if (part.id === "title") { document.title = part.text; return; }
    const place = document.getElementById(part.id);
    // A page that had nothing to show has something now.
    if (!place) { location.reload(); return; }
    // What somebody is selecting stands still until that is over.
    const selection = getSelection();
    if (!selection.isCollapsed && place.contains(selection.anchorNode)) {
      waiting.set(part.id, event);
      return;
    }
    const old = marks(place);
    place.innerHTML = part.text;
    restore(place, old);
  };

  const others = new Map();
  const crowd = new BroadcastChannel("keel");
  crowd.onmessage = (event) => others.set(event.data, Date.now());
  const self = Math.random();
  const isIdle = () => {
    const pages = [...others.values()].filter((at) => Date.now() - at < 10000).length;
    return pages >= 4 && (document.hidden || !document.hasFocus());
  };

  const close = () => { if (source) source.close(); source = null; };
  const connect = () => {
    close();
    opened = Date.now();
    source = new EventSource(where);
    source.addEventListener("part", take);
    source.addEventListener("heartbeat", () => {
      heard = Date.now();
      say("live", false);
      crowd.postMessage(self);
      // A browser has six connections: where pages are many, those that nobody is at look now and
      // then.
      if (isIdle() && Date.now() - opened > 2000) close();
    });
    source.onerror = () => {
      lose();
      // A server that began anew knows this browser no longer.
      fetch("/live.js", { method: "HEAD" }).then((answer) => {
        if (answer.status === 403) say("open the newest link that keel serve has printed", true);
      }, () => {});
    };
  };
  setInterval(() => {
    const quiet = Date.now() - Math.max(heard, opened);
    if (source === null) {
      if (quiet > 10000 || !isIdle()) connect();
    } else if (quiet > 15000) {
      lose();
      connect();
    }
  }, 3000);
  document.addEventListener("selectionchange", () => {
    if (!getSelection().isCollapsed || waiting.size === 0) return;
    const events = [...waiting.values()];
    waiting.clear();
    events.forEach(take);
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && source === null) connect();
  });
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
  connect();
})();
