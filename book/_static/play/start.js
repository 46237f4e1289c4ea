// On every page: load what plays, where the page asks for it, and only there.
// <div class="play" data-play="laboratory" data-preset="collapse"> becomes a laboratory. A picture
// that is a link to a state of the laboratory gets a button that opens that state in its place.
(function () {
  "use strict";
  const FILES = {
    laboratory: ["net", "panel", "game", "laboratory"],
    dirac: ["net", "panel", "game", "dirac"],
    digits: ["net", "panel", "digits-weights", "digits"],
  };
  const MAKERS = {
    laboratory: (host) => new globalThis.GanTutorPlay.Laboratory(host, host.dataset.preset),
    dirac: (host) => new globalThis.GanTutorPlay.Dirac(host),
    digits: (host) => new globalThis.GanTutorPlay.Digits(host),
  };
  const PLACES = { "the-dirac-gan": "dirac", "the-digit-generator": "digits" }; // other than states
  const folder = new URL(".", document.currentScript.src).href;
  const loaded = {};

  function load(name) {
    loaded[name] = loaded[name] || new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = `${folder}${name}.js`;
      script.onload = resolve;
      script.onerror = () => reject(new Error(`${name}.js was not found`));
      document.head.append(script);
    });
    return loaded[name];
  }

  /** Fill a host; its content, a still picture or a sentence, stays until everything is loaded. */
  async function fill(host) {
    for (const name of FILES[host.dataset.play]) await load(name);
    host.panel = MAKERS[host.dataset.play](host);
  }

  function hostFor(link) {
    const [page, state] = link.getAttribute("href").split("#");
    if (!page.endsWith("laboratory.html") || !link.querySelector("img")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "play-here";
    button.textContent = "Play here";
    button.addEventListener("click", async () => {
      const host = document.createElement("div");
      host.className = "play";
      host.dataset.play = PLACES[state] || "laboratory";
      host.dataset.preset = state;
      link.closest("p").after(host);
      await fill(host);
      link.closest("p").remove();
      host.querySelector("button").focus();
    });
    link.after(button);
  }

  /** The state that the address names goes into the page's own laboratory. */
  function follow() {
    const host = document.querySelector(".play[data-play=laboratory]");
    const state = location.hash.slice(1);
    if (!host || !host.panel || !(state in globalThis.GanTutorPlay.PRESETS)) return;
    host.panel.load(state);
    host.scrollIntoView();
  }

  document.addEventListener("DOMContentLoaded", async () => {
    await Promise.all([...document.querySelectorAll(".play[data-play]")].map(fill));
    document.querySelectorAll("a[href*='laboratory.html#']").forEach(hostFor);
    follow();
    window.addEventListener("hashchange", follow);
  });
})();
