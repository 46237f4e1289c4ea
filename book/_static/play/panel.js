// What all that plays in a page has: labelled controls, colours, canvases, and a run that can be paused.
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

  /** Controls and pictures. A subclass has `change(name, value)`, `picture()` and `sentence()`. */
  class Panel {
    constructor(host) {
      this.host = host;
      this.id = `play-${(count += 1)}`;
      this.controls = {};
      this.status = element("p", { id: `${this.id}-status`, class: "play-status" });
      this.spoken = element("p", { class: "play-spoken", "aria-live": "polite" });
      new MutationObserver(() => this.picture()).observe(
        document.documentElement, { attributeFilter: ["data-theme"] },
      );
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
      if (canvas.width !== Math.round(width * ratio)) {
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(height * ratio);
      }
      const context = canvas.getContext("2d");
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, width, height);
      return context;
    }
  }

  /**
   * A panel with a button that runs and pauses.
   *
   * A subclass has `tick(budget)`, which computes for so many milliseconds and returns whether
   * there is more to do.
   */
  class Runner extends Panel {
    constructor(host) {
      super(host);
      this.running = false;
      // Readers who asked for less motion get a new picture every two seconds in place of a film.
      this.still = root.matchMedia("(prefers-reduced-motion: reduce)").matches;
      this.run = this.button("Run", () => (this.running ? this.pause() : this.start()));
    }

    start() {
      this.running = true;
      this.run.textContent = "Pause";
      this.told = performance.now();
      this.pending = root.requestAnimationFrame(() => this.frame());
    }

    pause() {
      if (!this.running) return;
      this.running = false;
      this.run.textContent = "Run";
      root.cancelAnimationFrame(this.pending);
      this.picture();
      this.speak();
    }

    frame() {
      const now = performance.now();
      if (!this.tick(30)) return this.pause();
      const due = now - this.told > 2000;
      if (!this.still || due) this.picture();
      if (due) {
        this.told = now;
        this.speak();
      }
      this.pending = root.requestAnimationFrame(() => this.frame());
    }
  }

  /** Where a point of the plane from −view to view lies in a picture of so many pixels. */
  function placer(view, size) {
    return (x, y) => [(size * (x + view)) / (2 * view), (size * (view - y)) / (2 * view)];
  }

  Object.assign(play, { Panel, Runner, element, placer });
})(globalThis);
