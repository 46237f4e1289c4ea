// On every page: load what plays, where the page asks for it, and only there.
// <div class="play" data-play="laboratory" data-state="collapse"> becomes a laboratory. A picture
// that is a link to a state of the laboratory gets a button that opens that state in its place.
(function () {
  "use strict";
  const FILES = { // in the order of loading; tools/play_stills.py reads it here
    laboratory: ["net", "panel", "game", "laboratory"],
    dirac: ["net", "panel", "game", "dirac"],
    digits: ["net", "panel", "digits-weights", "digits"],
  };
  const MAKERS = {
    laboratory: (host) => new globalThis.GanTutorPlay.Laboratory(host, host.dataset.state),
    dirac: (host) => new globalThis.GanTutorPlay.Dirac(host, host.dataset.state),
    digits: (host) => new globalThis.GanTutorPlay.Digits(host),
  };
  const PLACES = { // states of what is not the laboratory
    "the-dirac-gan": "dirac", "it-circles": "dirac", "it-leaves": "dirac", "it-comes-to-rest": "dirac",
    "the-digit-generator": "digits",
  };
  const own = new URL(document.currentScript.src);
  const loaded = {};

  function load(name) {
    loaded[name] = loaded[name] || new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = new URL(`${name}.js${own.search}`, own).href;
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

  function button(text, action) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "play-here";
    made.textContent = text;
    made.addEventListener("click", () => action(made));
    return made;
  }

  /** Behind a picture that leads to a state: a button that opens the state in the picture's place. */
  function offer(link) {
    const [page, state] = link.getAttribute("href").split("#");
    if (!page.endsWith("laboratory.html") || !link.querySelector("img")) return;
    link.after(button("Play here", async (pressed) => {
      pressed.disabled = true;
      const host = document.createElement("div");
      host.className = "play";
      host.dataset.play = PLACES[state] || "laboratory";
      host.dataset.state = state;
      const paragraph = link.closest("p");
      paragraph.after(host);
      await fill(host);
      paragraph.classList.add("play-replaced");
      host.querySelector("button").focus();
    }));
  }

  /** On the laboratory's own page: each section about a state has a button that loads it. */
  function offerStates(host) {
    const { states } = host.panel.constructor;
    const show = (state) => {
      host.panel.load(state);
      host.scrollIntoView();
    };
    for (const state of states) {
      const section = document.getElementById(state);
      if (section) section.append(button("Load this state", () => show(state)));
    }
    const arrived = location.hash.slice(1);
    if (states.includes(arrived)) show(arrived);
  }

  document.addEventListener("DOMContentLoaded", async () => {
    document.querySelectorAll("a[href*='laboratory.html#']").forEach(offer);
    const hosts = [...document.querySelectorAll(".play[data-play]")];
    await Promise.allSettled(hosts.map(fill));
    hosts.filter((host) => host.panel?.constructor.states).forEach(offerStates);
  });
})();
