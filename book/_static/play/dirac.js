// The Dirac-GAN: one generated point, a linear D, the data at 0 (Mescheder et al. 2018).
(function (root) {
  "use strict";
  const play = root.GanTutorPlay;
  const { element } = play;
  const VIEW = 2;
  const SIZE = 360;
  const GONE = 100; // a path that is further away than this has left for good
  const DEFAULTS = { loss: "minimax", gamma: 0, rate: 0.2, updates: "alternating" };
  const MOTIONS = { // by their addresses on the laboratory's page
    "it-circles": {},
    "it-leaves": { updates: "together" },
    "it-comes-to-rest": { gamma: 1 },
  };

  /**
   * Directions of descent of G's θ and of D's ψ: one generated point θ, the data at 0.
   *
   * D(x) = m + ψx, where m is the undecided value of the loss: ½ for least squares with its labels
   * 0 and 1, else 0. R1 is γψ²/2.
   */
  function directions(loss, gamma, theta, psi) {
    const middle = loss === "least_squares" ? 0.5 : 0;
    const [fake, real] = [Float64Array.of(middle + psi * theta), Float64Array.of(middle)];
    const ofD = play.discriminatorLoss(loss, real, fake).atFake[0];
    const ofG = play.generatorLoss(loss, fake, real).atFake[0];
    return [-ofG * psi, -ofD * theta - gamma * psi];
  }

  class Dirac extends play.Runner {
    static states = Object.keys(MOTIONS);

    constructor(host, state) {
      super(host);
      this.plane = element("canvas", { role: "img", "aria-describedby": this.status.id });
      const buttons = element("div", { class: "play-buttons" }, this.run,
        this.button("One step", () => this.once()), this.button("Start again", () => this.restart()));
      const fields = element("div", { class: "play-fields" },
        this.choice("loss", "Loss", Object.entries(play.LOSSES).map(([name, { label }]) => [name, label])),
        this.choice("updates", "Updates", [["alternating", "D, then G"], ["together", "Both at once"]]),
        this.slider("gamma", "R1 penalty γ", [0, 0.1, 0.3, 0.5, 1, 2, 5]),
        this.slider("rate", "Learning rate", [0.02, 0.05, 0.1, 0.2, 0.5, 1]),
        this.slider("angle", "Starting angle in degrees", [0, 45, 90, 135, 180, 225, 270, 315]));
      this.host.replaceChildren(
        element("div", { class: "play-pictures" }, element("figure", {}, this.plane,
          element("figcaption", {}, "Across: the generated point θ. Up: D's slope ψ. Lines: the direction of a " +
            "small step from each dot. The equilibrium is in the middle."))),
        buttons, this.status, this.spoken, fields);
      this.load(state);
    }

    load(state) {
      this.settings = { ...DEFAULTS, ...MOTIONS[state] }; // any other name: the default
      this.show();
      this.change("angle", 0);
    }

    show() {
      this.controls.loss.value = this.settings.loss;
      this.controls.updates.value = this.settings.updates;
      this.controls.gamma.show(this.settings.gamma);
      this.controls.rate.show(this.settings.rate);
    }

    change(name, value) {
      if (name === "angle") {
        this.controls.angle.show(value);
        this.first = [Math.cos((value * Math.PI) / 180), Math.sin((value * Math.PI) / 180)];
        return this.restart();
      }
      this.settings[name] = value;
      this.show();
      return this.picture();
    }

    restart() {
      this.pause();
      this.path = [this.first];
      this.picture();
    }

    advance() {
      const { loss, gamma, rate, updates } = this.settings;
      let [theta, psi] = this.path[this.path.length - 1];
      const [ofTheta, ofPsi] = directions(loss, gamma, theta, psi);
      psi += rate * ofPsi;
      theta += rate * (updates === "together" ? ofTheta : directions(loss, gamma, theta, psi)[0]);
      this.path.push([theta, psi]);
    }

    /** How far the path has come from the equilibrium. */
    get distance() {
      return Math.hypot(...this.path[this.path.length - 1]);
    }

    tick() {
      if (this.distance < GONE) this.advance();
      return this.distance < GONE && this.path.length <= 2000;
    }

    once() {
      this.pause();
      this.tick();
      this.picture();
      this.speak();
    }

    sentence() {
      const [theta, psi] = this.path[this.path.length - 1];
      if (this.distance >= GONE) return `Step ${this.path.length - 1}. The path has left for good.`;
      return `Step ${this.path.length - 1}. θ = ${theta.toFixed(2)}, ψ = ${psi.toFixed(2)}; ` +
        `${this.distance.toFixed(2)} from the equilibrium, ${Math.hypot(...this.first).toFixed(2)} at the start.`;
    }

    picture() {
      this.status.textContent = this.sentence();
      this.plane.setAttribute("aria-label", `The plane of θ and ψ with the path. ${this.sentence()}`);
      const color = this.colors();
      const context = this.context(this.plane, SIZE, SIZE);
      const place = play.placer(VIEW, SIZE);
      const line = (...points) => {
        context.beginPath();
        for (const [x, y] of points) context.lineTo(...place(x, y));
        context.stroke();
      };
      context.lineWidth = 1;
      context.strokeStyle = color("grid");
      line([-VIEW, 0], [VIEW, 0]);
      line([0, -VIEW], [0, VIEW]);
      context.strokeStyle = color("text");
      for (let theta = -1.8; theta < VIEW; theta += 0.3) {
        for (let psi = -1.8; psi < VIEW; psi += 0.3) {
          const [x, y] = directions(this.settings.loss, this.settings.gamma, theta, psi);
          const size = 0.12 / Math.max(0.3, Math.hypot(x, y));
          line([theta, psi], [theta + size * x, psi + size * y]);
          context.fillStyle = color("text");
          context.fillRect(place(theta, psi)[0] - 1, place(theta, psi)[1] - 1, 2, 2);
        }
      }
      context.strokeStyle = color("fake");
      context.lineWidth = 2;
      line(...this.path);
      context.fillStyle = color("fake");
      const [x, y] = place(...this.path[this.path.length - 1]);
      context.beginPath();
      context.arc(x, y, 5, 0, 2 * Math.PI);
      context.fill();
    }
  }

  Object.assign(play, { Dirac, directions });
})(globalThis);
