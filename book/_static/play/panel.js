// What all that plays in a page has: labelled controls, a run that can be paused, colours, canvases.
(function (root) {
  "use strict";
  const play = (root.GanTutorPlay = root.GanTutorPlay || {});

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key === "class") made.className = value;
      else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else made.setAttribute(key, value);
    }
    made.append(...children);
    return made;
  }

  let count = 0; // panels of this page, for the ids of their labels

  /** A subclass has `tick(budget)`, which computes for so many milliseconds, `picture`, `sentence`. */
  class Panel {
    constructor(host) {
      this.host = host;
      this.id = `play-${(count += 1)}`;
      this.controls = {};
      this.running = false;
      // Who asked for less motion gets a new picture every two seconds in place of a film.
      this.still = root.matchMedia("(prefers-reduced-motion: reduce)").matches;
      this.run = this.button("Run", () => this.toggle());
      this.status = element("p", { id: `${this.id}-status`, class: "play-status" });
      this.spoken = element("p", { class: "play-spoken", "aria-live": "polite" });
    }

    // ------------------------------------------------------------ controls

    button(text, action) {
      return element("button", { type: "button", onclick: action }, text);
    }

    field(name, label, input, ...more) {
      this.controls[name] = input;
      input.id = `${this.id}-${name}`;
      return element("div", {}, element("label", { for: input.id }, label), input, ...more);
    }

    choice(name, label, options) {
      const input = element("select", { onchange: () => this.change(name, input.value) });
      for (const [value, text] of options) input.append(element("option", { value }, text));
      return this.field(name, label, input);
    }

    slider(name, label, values) {
      const shown = element("output", {});
      const input = element("input", {
        type: "range", min: 0, max: values.length - 1, step: 1,
        oninput: () => this.change(name, values[input.value]),
      });
      input.show = (value) => {
        input.value = values.indexOf(value);
        input.setAttribute("aria-valuetext", String(value));
        shown.textContent = String(value);
      };
      return this.field(name, label, input, shown);
    }

    // ------------------------------------------------------------- running

    toggle() {
      if (this.running) return this.pause();
      this.running = true;
      this.run.textContent = "Pause";
      this.told = performance.now();
      return this.frame();
    }

    pause() {
      const ran = this.running;
      this.running = false;
      this.run.textContent = "Run";
      if (!ran) return;
      this.picture();
      this.speak();
    }

    frame() {
      if (!this.running) return;
      const now = performance.now();
      this.tick(30);
      const due = now - this.told > 2000;
      if (!this.still || due) this.picture();
      if (due) {
        this.told = now;
        this.speak();
      }
      root.requestAnimationFrame(() => this.frame());
    }

    speak() {
      this.spoken.textContent = this.sentence();
    }

    // ------------------------------------------------------------ pictures

    /** The colours of the page's theme, by name. */
    colors() {
      const style = root.getComputedStyle(this.host);
      return (name) => style.getPropertyValue(`--play-${name}`).trim();
    }

    /** The context of a canvas that is cleared, in units of a page's pixel. */
    context(canvas, width, height) {
      const ratio = root.devicePixelRatio || 1;
      if (canvas.width !== width * ratio) {
        canvas.width = width * ratio;
        canvas.height = height * ratio;
      }
      const context = canvas.getContext("2d");
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, width, height);
      return context;
    }

  }

  Object.assign(play, { Panel, element });
})(globalThis);
