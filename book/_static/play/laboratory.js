// The laboratory: a GAN of points that trains in the page, with its controls and pictures.
(function (root) {
  "use strict";
  const play = root.GanTutorPlay;
  const { element } = play;
  const VIEW = 3; // the plane is shown from −3 to 3 along both axes
  const SIZE = 360;
  const CELLS = 40; // of D's surface along one side
  const SHOWN = 200; // points of each kind in the picture

  const CHOICES = {
    state: ["State", [
      ...Object.entries(play.STATES).map(([name, { title }]) => [name, title]), ["own", "Your own"],
    ]],
    data: ["Data", [
      ["ring", "Ring of 8"], ["grid", "Grid of 25"], ["moons", "Two moons"],
      ["drawn", "Drawn by hand"],
    ]],
    loss: ["Loss", Object.entries(play.LOSSES).map(([name, { label }]) => [name, label])],
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
  const OWN = "Your own settings. The list of states leads back.";
  const DRAWN = "Click or drag in the picture, or focus it and use the arrow keys and the space bar. " +
    "Training starts from these points.";
  // These change the networks or the data: training starts anew.
  const STRUCTURE = new Set(["data", "width", "discriminatorWidth", "packing", "seed"]);
  const SPEEDS = { slow: [0.1, "Slow"], normal: [1, "Normal"], fast: [10, "Fast"] };

  class Laboratory extends play.Runner {
    static states = Object.keys(play.STATES);

    constructor(host, state) {
      super(host);
      this.points = [];
      this.cursor = [0, 0]; // where the keys draw
      this.build();
      this.load(Object.hasOwn(play.STATES, state) ? state : "default");
    }

    // ------------------------------------------------------------ controls

    build() {
      this.plane = element("canvas", { "aria-describedby": this.status.id });
      this.curve = element("canvas", { role: "img" });
      this.hint = element("p", {});
      this.steps = [
        this.run,
        this.button("One step of D", () => this.once("stepDiscriminator")),
        this.button("One step of G", () => this.once("stepGenerator")),
        this.button("2,000 steps", () => this.many(2000)),
      ];
      this.erase = this.button("Erase", () => this.keep([]));
      const [first, rest] = [1, 2].map(() => element("div", { class: "play-fields" }));
      for (const name of Object.keys(CHOICES)) first.append(this.choice(name, ...CHOICES[name]));
      const speeds = Object.entries(SPEEDS).map(([key, [, text]]) => [key, text]);
      first.append(this.choice("speed", "Speed", speeds));
      this.controls.speed.value = "normal";
      for (const name of Object.keys(SLIDERS)) rest.append(this.slider(name, ...SLIDERS[name]));
      this.host.replaceChildren(
        element("div", { class: "play-pictures" },
          element("figure", {}, this.plane, element("figcaption", {},
            "○ data, × generated. Shade: D's output, bluer where it is higher; with the Wasserstein " +
            "loss and with pairs, compared with its mean over both kinds. Lines: for 25 points the " +
            "direction in which G's loss falls; the longest is always equally long.")),
          element("figure", {}, this.curve, element("figcaption", {},
            "Distance from the data against the step, on a logarithmic scale."))),
        element("div", { class: "play-buttons" }, ...this.steps,
          this.button("Start again", () => this.restart()), this.erase),
        this.status, this.spoken, this.hint, first,
        element("details", {}, element("summary", {}, "Penalties, rates, networks"), rest),
      );
      this.plane.addEventListener("pointerdown", (event) => this.draw(event));
      this.plane.addEventListener("pointermove", (event) => event.buttons && this.draw(event));
      this.plane.addEventListener("pointerup", () => this.keep(this.points));
      this.plane.addEventListener("keydown", (event) => this.drawByKey(event));
    }

    load(state) {
      this.settings = { ...play.DEFAULTS, ...play.STATES[state].settings };
      this.controls.state.value = state;
      this.hint.textContent = play.STATES[state].hint;
      this.show();
      this.pause();
      this.restart();
    }

    show() {
      this.controls.data.value = this.settings.data;
      this.controls.loss.value = this.settings.loss;
      for (const name of Object.keys(SLIDERS)) this.controls[name].show(this.settings[name]);
    }

    change(name, value) {
      if (name === "speed" || value === "own") return;
      if (name === "state") {
        this.load(value);
        return;
      }
      this.settings[name] = value;
      this.controls.state.value = "own";
      this.hint.textContent = this.drawn ? DRAWN : OWN;
      this.show();
      if (STRUCTURE.has(name)) this.restart();
      else this.game.settings[name] = value;
    }

    // ------------------------------------------------------- data by hand

    get drawn() {
      return this.settings.data === "drawn";
    }

    draw(event) {
      if (!this.drawn) return;
      const box = this.plane.getBoundingClientRect();
      const along = (event.clientX - box.left) / box.width;
      const down = (event.clientY - box.top) / box.height;
      this.add(VIEW * (2 * along - 1), VIEW * (1 - 2 * down));
    }

    drawByKey(event) {
      const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
      if (!this.drawn) return;
      if (event.key in moves) {
        this.cursor = this.cursor.map((value, axis) =>
          Math.max(-VIEW, Math.min(VIEW, value + moves[event.key][axis] / 5)));
        this.spoken.textContent = `At ${this.cursor.map((value) => value.toFixed(1)).join(", ")}.`;
        this.picture();
      } else if (event.key === " ") {
        this.add(...this.cursor);
        this.keep(this.points);
      } else return;
      event.preventDefault();
    }

    /** A point of a stroke; points closer than 0.1 to the one before are left out. */
    add(x, y) {
      const last = this.points[this.points.length - 1];
      if (last && Math.hypot(x - last[0], y - last[1]) < 0.1) return;
      this.points.push([x, y]);
      this.sample = Float64Array.from(this.points.flat());
      this.picture();
    }

    keep(points) {
      if (!this.drawn) return;
      this.points = points;
      this.restart();
    }

    // ------------------------------------------------------------ training

    /** New networks with the settings; a run goes on with them. */
    restart() {
      const ready = !this.drawn || this.points.length > 0;
      if (!ready) this.pause();
      this.waiting = 0;
      this.goal = Infinity;
      const data = this.drawn ? (ready ? this.points : [[0, 0]]) : this.settings.data;
      this.game = new play.Game({ ...this.settings, data });
      const random = new play.Random(12345);
      this.real = this.game.real(SHOWN, random); // one sample of the data for all pictures
      this.sample = ready ? this.real : new Float64Array(0);
      this.latents = this.game.latents(SHOWN, random);
      this.history = [];
      for (const button of this.steps) button.disabled = !ready;
      this.erase.hidden = !this.drawn;
      this.plane.setAttribute("role", this.drawn ? "application" : "img");
      this.plane.setAttribute("tabindex", this.drawn ? "0" : "-1");
      this.plane.style.touchAction = this.drawn ? "none" : "";
      this.note();
      this.picture();
    }

    start() {
      this.goal = Infinity;
      super.start();
    }

    tick(budget) {
      const [perFrame] = SPEEDS[this.controls.speed.value];
      this.waiting += this.goal < Infinity ? Infinity : perFrame;
      const start = performance.now();
      while (this.waiting >= 1 && this.game.steps < this.goal && performance.now() - start < budget) {
        this.advance();
        this.waiting -= 1;
      }
      this.waiting = Math.min(this.waiting, 1);
      return this.game.steps < this.goal;
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

    /** So many steps, as fast as the machine can, or until somebody presses Pause. */
    many(steps) {
      this.pause();
      this.start();
      this.goal = this.game.steps + steps;
    }

    note() {
      this.scores = this.game.scores(300);
      const last = this.history[this.history.length - 1];
      if (last && last[0] === this.game.steps) this.history.pop();
      this.history.push([this.game.steps, this.scores.distance]);
    }

    sentence() {
      const { found, modes, good, distance } = this.scores;
      const coverage = modes === null
        ? "" : ` Groups found: ${found} of ${modes}. Good points: ${Math.round(100 * good)} %.`;
      return `Step ${this.game.steps.toLocaleString("en")}.${coverage} Distance from the data: ${distance.toFixed(3)}.`;
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
      const place = play.placer(VIEW, SIZE);
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
      const { points, atPoints } = this.game.generatorGradients(this.latents, this.real);
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
      if (this.drawn) {
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
      const share = this.shares(loss);
      const [real, fake] = [rgb(color("real-shade")), rgb(color("fake-shade"))];
      const image = new ImageData(CELLS, CELLS);
      logits.forEach((logit, i) => {
        const blue = share(logit);
        for (let k = 0; k < 3; k++) image.data[4 * i + k] = blue * real[k] + (1 - blue) * fake[k];
        image.data[4 * i + 3] = 255;
      });
      const canvas = element("canvas", { width: CELLS, height: CELLS });
      canvas.getContext("2d").putImageData(image, 0, 0);
      return canvas;
    }

    /** How blue a logit is, from 0 to 1. */
    shares(loss) {
      if (loss === "least_squares") return (logit) => Math.max(0, Math.min(1, logit));
      if (loss !== "wasserstein" && loss !== "relativistic") return (logit) => 1 / (1 + Math.exp(-logit));
      // These losses know no absolute height and no unit: the two kinds' own mean and spread.
      const fake = this.game.generate(this.latents).output;
      const logits = [this.real, fake].flatMap((points) => [...this.game.judge(points).output]);
      const mean = logits.reduce((sum, value) => sum + value, 0) / logits.length;
      const square = logits.reduce((sum, value) => sum + (value - mean) ** 2, 0) / logits.length;
      const unit = Math.sqrt(square) / 2 + 1e-12;
      return (logit) => 1 / (1 + Math.exp((mean - logit) / unit));
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
