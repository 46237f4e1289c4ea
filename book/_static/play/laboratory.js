// The laboratory: a GAN of points that trains in the page, with its controls and pictures.
(function (root) {
  "use strict";
  const play = root.GanTutorPlay;
  const { element } = play;
  const VIEW = 3; // the plane is shown from −3 to 3 along both axes
  const SIZE = 360;
  const CELLS = 40; // of D's surface along one side
  const SHOWN = 200; // points of each kind in the picture

  // Everything that is said. The order is that of the page.
  const CHOICES = {
    preset: ["State", [
      ["default", "Default"], ["collapse", "Collapse"], ["cured-by-r1", "Cured by R1"],
      ["it-wanders", "It wanders"], ["d-too-strong", "D too strong"],
    ]],
    data: ["Data", [
      ["ring", "Ring of 8"], ["grid", "Grid of 25"], ["moons", "Two moons"],
      ["drawn", "Drawn by hand"],
    ]],
    loss: ["Loss", [
      ["minimax", "Minimax"], ["non_saturating", "Non-saturating"],
      ["least_squares", "Least squares"], ["wasserstein", "Wasserstein"], ["hinge", "Hinge"],
      ["relativistic", "Relativistic pairs"],
    ]],
  };
  const SLIDERS = {
    r1: ["R1 penalty γ", [0, 0.01, 0.03, 0.1, 0.3, 1, 3, 10]],
    r2: ["R2 penalty γ", [0, 0.01, 0.03, 0.1, 0.3, 1, 3, 10]],
    discriminatorRate: ["Learning rate of D", [2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02]],
    generatorRate: ["Learning rate of G", [2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02]],
    beta1: ["Adam's β₁", [0, 0.5, 0.9]],
    discriminatorSteps: ["Steps of D for one of G", [1, 2, 3, 5]],
    discriminatorWidth: ["Width of D", [8, 16, 32, 64]],
    width: ["Width of G", [8, 16, 32, 64]],
    packing: ["Points that D sees at once", [1, 2, 4]],
    seed: ["Seed", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
  };
  const HINTS = {
    default: "Press Run. Which of the eight groups are found first, and are they kept?",
    collapse: "All generated points soon sit in one group, and look right there. Find a change that frees them.",
    "cured-by-r1": "The same as Collapse, with an R1 penalty. Set it to 0 in the middle of the run: what happens?",
    "it-wanders": "Without a penalty the Wasserstein loss has no scale. Follow the points: do they come to rest?",
    "d-too-strong": "D learns fast and G slowly. What helps: another loss, or a lower rate of D?",
  };
  // These change the networks or what they have seen: training starts again.
  const STRUCTURE = new Set(["data", "width", "discriminatorWidth", "packing", "seed"]);
  const SPEEDS = { slow: [0.1, "Slow"], normal: [1, "Normal"], fast: [10, "Fast"] };

  class Laboratory extends play.Panel {
    constructor(host, preset = "default") {
      super(host);
      this.points = [];
      this.build();
      this.load(preset);
    }

    // ------------------------------------------------------------ controls

    build() {
      this.plane = element("canvas", {
        role: "img", tabindex: "0", "aria-describedby": `${this.id}-status`,
      });
      this.curve = element("canvas", { role: "img" });
      this.hint = element("p", { class: "play-hint" });
      const buttons = element(
        "div", { class: "play-buttons" }, this.run,
        this.button("One step of D", () => this.once("stepDiscriminator")),
        this.button("One step of G", () => this.once("stepGenerator")),
        this.button("2,000 steps", () => this.many(2000)),
        this.button("Start again", () => this.restart()),
      );
      const [first, rest] = [element("div", { class: "play-fields" }), element("div", { class: "play-fields" })];
      for (const name of Object.keys(CHOICES)) first.append(this.choice(name, ...CHOICES[name]));
      const speeds = Object.entries(SPEEDS).map(([key, [, text]]) => [key, text]);
      first.append(this.choice("speed", "Speed", speeds));
      this.controls.speed.value = "normal";
      for (const name of Object.keys(SLIDERS)) rest.append(this.slider(name, ...SLIDERS[name]));
      this.host.replaceChildren(
        element("div", { class: "play-pictures" },
          element("figure", {}, this.plane, element("figcaption", {},
            "○ data, × generated. Shade: what D thinks, blue for real, orange for generated. " +
            "Lines: where the loss moves the generated points.")),
          element("figure", {}, this.curve, element("figcaption", {},
            "Distance from the data over the steps, on a logarithmic scale."))),
        buttons, this.status, this.spoken, this.hint, first,
        element("details", {}, element("summary", {}, "Penalties, rates, networks"), rest),
      );
      this.plane.addEventListener("pointerdown", (event) => this.drawPoint(event));
      this.plane.addEventListener("pointermove", (event) => event.buttons && this.drawPoint(event));
      this.plane.addEventListener("keydown", (event) => this.drawByKey(event));
    }

    load(preset) {
      if (!(preset in play.PRESETS)) return;
      this.controls.preset.value = preset;
      this.hint.textContent = HINTS[preset];
      this.settings = { ...play.DEFAULTS, ...play.PRESETS[preset] };
      this.show();
      this.restart();
    }

    show() {
      this.controls.data.value = this.settings.data;
      this.controls.loss.value = this.settings.loss;
      for (const name of Object.keys(SLIDERS)) this.controls[name].show(this.settings[name]);
    }

    change(name, value) {
      if (name === "preset") return this.load(value);
      if (name === "speed") return undefined;
      this.settings[name] = value;
      this.show();
      if (STRUCTURE.has(name)) return this.restart();
      Object.assign(this.game.settings, { [name]: value });
      for (const adam of [this.game.generatorAdam, this.game.discriminatorAdam]) {
        adam.beta1 = this.settings.beta1;
      }
      return undefined;
    }

    // ------------------------------------------------------- data by hand

    drawPoint(event) {
      if (this.settings.data !== "drawn") return;
      const box = this.plane.getBoundingClientRect();
      const along = (event.clientX - box.left) / box.width;
      const down = (event.clientY - box.top) / box.height;
      this.addPoint(VIEW * (2 * along - 1), VIEW * (1 - 2 * down));
    }

    drawByKey(event) {
      const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
      if (this.settings.data !== "drawn") return;
      this.cursor = this.cursor || [0, 0];
      if (event.key in moves) {
        this.cursor = this.cursor.map((value, axis) =>
          Math.max(-VIEW, Math.min(VIEW, value + moves[event.key][axis] / 5)));
        this.picture();
      } else if (event.key === " ") this.addPoint(...this.cursor);
      else return;
      event.preventDefault();
    }

    addPoint(x, y) {
      this.points.push([x, y]);
      this.restart();
    }

    // ------------------------------------------------------------ training

    restart() {
      this.pause();
      this.waiting = 0;
      const drawn = this.settings.data === "drawn";
      const points = this.points.length ? this.points : [[0, 0]];
      this.game = new play.Game({ ...this.settings, data: drawn ? points : this.settings.data });
      const random = new play.Random(12345);
      this.sample = this.game.real(SHOWN, random);
      this.latents = this.game.latents(SHOWN, random);
      this.history = [];
      this.note();
      this.picture();
    }

    tick(budget) {
      const [perFrame] = SPEEDS[this.controls.speed.value];
      this.waiting += perFrame;
      const start = performance.now();
      while (this.waiting >= 1 && performance.now() - start < budget) {
        this.advance();
        this.waiting -= 1;
      }
      this.waiting = Math.min(this.waiting, 1);
    }

    advance() {
      this.game.step();
      if (this.game.steps % 50 === 0) this.note();
    }

    once(step) {
      this.pause();
      this.game[step]();
      this.note();
      this.picture();
      this.speak();
    }

    /** Train without pictures between, in pieces that leave the page alive. */
    async many(steps) {
      this.pause();
      const game = this.game;
      for (let i = 0; i < steps && game === this.game && !this.running; i += 50) {
        for (let k = 0; k < 50; k++) this.advance();
        this.status.textContent = this.sentence();
        await new Promise((resolve) => root.setTimeout(resolve));
      }
      this.picture();
      this.speak();
    }

    note() {
      this.scores = this.game.scores(300);
      this.history.push([this.game.steps, this.scores.distance]);
    }

    sentence() {
      const { found, modes, good, distance } = this.scores;
      const coverage = modes === null
        ? "" : ` Modes found: ${found} of ${modes}. Good points: ${Math.round(100 * good)} %.`;
      return `Step ${this.game.steps}.${coverage} Distance from the data: ${distance.toFixed(3)}.`;
    }

    // ------------------------------------------------------------ pictures

    picture() {
      this.status.textContent = this.sentence();
      this.plane.setAttribute("aria-label", `The plane with data and generated points. ${this.sentence()}`);
      this.curve.setAttribute("aria-label", `Curve of the distance. ${this.sentence()}`);
      const color = this.colors();
      this.drawPlane(color);
      this.drawCurve(color);
    }

    drawPlane(color) {
      const context = this.context(this.plane, SIZE, SIZE);
      const place = (x, y) => [(SIZE * (x + VIEW)) / (2 * VIEW), (SIZE * (VIEW - y)) / (2 * VIEW)];
      context.imageSmoothingEnabled = true;
      context.drawImage(this.surface(color), 0, 0, SIZE, SIZE);
      context.strokeStyle = color("real");
      context.lineWidth = 1.2;
      for (let i = 0; i < this.sample.length; i += 2) {
        const [x, y] = place(this.sample[i], this.sample[i + 1]);
        context.beginPath();
        context.arc(x, y, 3, 0, 2 * Math.PI);
        context.stroke();
      }
      const { points, atPoints } = this.game.generatorGradients(this.latents, this.sample);
      context.strokeStyle = color("fake");
      context.lineWidth = 1.6;
      context.beginPath();
      for (let i = 0; i < points.length; i += 2) {
        const [x, y] = place(points[i], points[i + 1]);
        context.moveTo(x - 3, y - 3);
        context.lineTo(x + 3, y + 3);
        context.moveTo(x - 3, y + 3);
        context.lineTo(x + 3, y - 3);
      }
      context.stroke();
      this.drawPushes(context, place, points, atPoints, color("text"));
      if (this.settings.data === "drawn" && this.cursor) {
        const [x, y] = place(...this.cursor);
        context.strokeStyle = color("text");
        context.strokeRect(x - 5, y - 5, 10, 10);
      }
    }

    /** Lines from some generated points along −∇ of G's loss; the longest has 24 pixels. */
    drawPushes(context, place, points, gradient, color) {
      const some = 2 * 25;
      let longest = 1e-12;
      for (let i = 0; i < some; i += 2) longest = Math.max(longest, Math.hypot(gradient[i], gradient[i + 1]));
      context.strokeStyle = color;
      context.lineWidth = 1;
      context.beginPath();
      for (let i = 0; i < some; i += 2) {
        const [x, y] = place(points[i], points[i + 1]);
        context.moveTo(x, y);
        context.lineTo(x - (24 * gradient[i]) / longest, y + (24 * gradient[i + 1]) / longest);
      }
      context.stroke();
    }

    /** D's opinion on a grid, as a small picture that is drawn larger. */
    surface(color) {
      const { packing, loss } = this.settings;
      const points = new Float64Array(CELLS * CELLS * 2 * packing);
      for (let i = 0; i < CELLS * CELLS; i++) {
        const x = VIEW * ((2 * ((i % CELLS) + 0.5)) / CELLS - 1);
        const y = VIEW * (1 - (2 * (Math.floor(i / CELLS) + 0.5)) / CELLS);
        for (let k = 0; k < packing; k++) points.set([x, y], 2 * (packing * i + k));
      }
      const logits = this.game.judge(points).output;
      // Where the losses know no absolute height, the middle of data and fakes counts as undecided.
      let middle = loss === "least_squares" ? 0.5 : 0;
      if (loss === "wasserstein" || loss === "relativistic") {
        const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
        const fake = this.game.generate(this.latents).output;
        middle = (mean(this.game.judge(this.sample).output) + mean(this.game.judge(fake).output)) / 2;
      }
      const [real, fake] = [rgb(color("real-shade")), rgb(color("fake-shade"))];
      const image = new ImageData(CELLS, CELLS);
      logits.forEach((logit, i) => {
        const share = 1 / (1 + Math.exp(middle - logit));
        for (let k = 0; k < 3; k++) image.data[4 * i + k] = share * real[k] + (1 - share) * fake[k];
        image.data[4 * i + 3] = 255;
      });
      const canvas = element("canvas", { width: CELLS, height: CELLS });
      canvas.getContext("2d").putImageData(image, 0, 0);
      return canvas;
    }

    drawCurve(color) {
      const [width, height] = [SIZE, 160];
      const [left, bottom] = [44, 26];
      const context = this.context(this.curve, width, height);
      const last = Math.max(500, this.game.steps);
      const [low, high] = [-2.5, 1.5]; // powers of ten
      const x = (step) => left + ((width - left - 8) * step) / last;
      const y = (power) => 8 + ((height - bottom - 8) * (high - power)) / (high - low);
      context.font = "12px system-ui, sans-serif";
      context.fillStyle = color("text");
      context.strokeStyle = color("grid");
      context.textAlign = "right";
      for (const power of [-2, -1, 0, 1]) {
        context.fillText(String(10 ** power), left - 6, y(power) + 4);
        context.beginPath();
        context.moveTo(left, y(power));
        context.lineTo(width - 8, y(power));
        context.stroke();
      }
      context.textAlign = "center";
      for (const share of [0, 0.5, 1]) {
        const step = Math.round(last * share);
        context.textAlign = share === 1 ? "right" : "center";
        context.fillText(step.toLocaleString("en"), x(step), height - 8);
      }
      context.strokeStyle = color("fake");
      context.lineWidth = 2;
      context.beginPath();
      for (const [step, distance] of this.history) {
        const power = Math.log10(Math.max(distance, 1e-9));
        context.lineTo(x(step), y(Math.max(low, Math.min(high, power))));
      }
      context.stroke();
    }
  }

  function rgb(hex) {
    return [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));
  }

  play.Laboratory = Laboratory;
})(globalThis);
