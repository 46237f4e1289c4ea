// The book's digit generator in the page: a dense layer and two transposed convolutions.
(function (root) {
  "use strict";
  const play = root.GanTutorPlay;
  const { element } = play;
  const [LATENT, CLASSES, FIRST, SECOND] = [64, 10, 64, 32];
  const SIZE = 28;

  function bytes(text) {
    return Uint8Array.from(root.atob(text), (letter) => letter.charCodeAt(0));
  }

  const floats = (text) => new Float32Array(bytes(text).buffer);

  /** Whole numbers times the scale of their channel; `channel` gives the channel of a place. */
  function unpack({ numbers, scale }, channel) {
    const scales = floats(scale);
    return Float32Array.from(new Int8Array(bytes(numbers).buffer), (n, i) => n * scales[channel(i)]);
  }

  class DigitGenerator {
    constructor(weights = play.digitWeights) {
      const inputs = LATENT + CLASSES;
      this.dense = unpack(weights.dense, (i) => Math.floor(i / inputs) % FIRST);
      this.middle = unpack(weights.middle, (i) => Math.floor(i / 16) % SECOND);
      this.last = unpack(weights.last, () => 0);
      this.denseBias = floats(weights.denseBias);
      this.middleBias = floats(weights.middleBias);
      this.lastBias = floats(weights.lastBias);
      this.directions = {};
      for (const name of Object.keys(weights.directions)) {
        this.directions[name] = floats(weights.directions[name]);
      }
      this.judge = unpack(weights.judge, (i) => Math.floor(i / (SIZE * SIZE)));
      this.judgeBias = floats(weights.judgeBias);
    }

    /** A latent vector, and a share of each class, → 28 × 28 numbers in [−1, 1]. */
    draw(latent, classes) {
      const inputs = [...latent, ...classes];
      const first = new Float32Array(7 * 7 * FIRST);
      for (let unit = 0; unit < first.length; unit++) {
        let sum = this.denseBias[unit % FIRST];
        const start = unit * inputs.length;
        for (let k = 0; k < inputs.length; k++) sum += this.dense[start + k] * inputs[k];
        first[unit] = Math.max(0, sum);
      }
      const second = this.double(first, 7, FIRST, SECOND, this.middle, this.middleBias);
      for (let i = 0; i < second.length; i++) second[i] = Math.max(0, second[i]);
      return this.double(second, 14, SECOND, 1, this.last, this.lastBias).map(Math.tanh);
    }

    /** A transposed convolution, kernel 4, stride 2, padding 1: [s, s, from] → [2s, 2s, to]. */
    double(input, side, from, to, weight, bias) {
      const out = new Float32Array(4 * side * side * to);
      for (let i = 0; i < out.length; i++) out[i] = bias[i % to];
      for (let y = 0; y < side; y++) {
        for (let x = 0; x < side; x++) {
          for (let c = 0; c < from; c++) {
            const value = input[(y * side + x) * from + c];
            if (value === 0) continue;
            for (let ky = 0; ky < 4; ky++) {
              const row = 2 * y - 1 + ky;
              if (row < 0 || row >= 2 * side) continue;
              for (let kx = 0; kx < 4; kx++) {
                const column = 2 * x - 1 + kx;
                if (column < 0 || column >= 2 * side) continue;
                const place = (row * 2 * side + column) * to;
                const start = c * to * 16 + 4 * ky + kx;
                for (let o = 0; o < to; o++) out[place + o] += value * weight[start + 16 * o];
              }
            }
          }
        }
      }
      return out;
    }

    /** The class that a linear classifier reads. */
    read(image) {
      let [best, highest] = [0, -Infinity];
      for (let k = 0; k < CLASSES; k++) {
        let score = this.judgeBias[k];
        for (let i = 0; i < image.length; i++) score += this.judge[k * image.length + i] * image[i];
        if (score > highest) [best, highest] = [k, score];
      }
      return best;
    }
  }

  const oneHot = (digit) => Array.from({ length: CLASSES }, (_, k) => Number(k === digit));

  class Digits extends play.Panel {
    constructor(host) {
      super(host);
      this.generator = new DigitGenerator();
      this.random = new play.Random(0);
      this.latent = this.random.normals(LATENT);
      this.settings = { digit: 3, other: 8, walk: 0 };
      for (const name of Object.keys(this.generator.directions)) this.settings[name] = 0;
      this.build();
      this.show();
    }

    build() {
      this.canvas = element("canvas", { role: "img" });
      this.crowd = element("canvas", { role: "img", hidden: "" });
      this.crowdButton = this.button("Draw me a thousand", () => this.thousand());
      this.counts = element("p", { "aria-live": "polite" });
      this.digits = Array.from({ length: CLASSES }, (_, digit) =>
        this.button(String(digit), () => this.change("digit", digit)));
      const fields = element("div", { class: "play-fields" });
      const steps = Array.from({ length: 13 }, (_, k) => (k - 6) / 2);
      for (const name of Object.keys(this.generator.directions)) {
        fields.append(this.slider(name, name[0].toUpperCase() + name.slice(1), steps));
      }
      fields.append(
        this.choice("other", "Walk to", Array.from({ length: CLASSES }, (_, k) => [String(k), String(k)])),
        this.slider("walk", "How far", Array.from({ length: 11 }, (_, k) => k / 10)),
      );
      this.host.replaceChildren(
        element("div", { class: "play-pictures" },
          element("figure", { class: "play-digit" }, this.canvas),
          element("div", {}, element("div", { class: "play-buttons", role: "group", "aria-label": "Digit" }, ...this.digits),
            element("div", { class: "play-buttons" },
              this.button("New noise", () => this.renew()),
              this.crowdButton),
            fields)),
        this.status, this.spoken, this.crowd, this.counts,
      );
    }

    change(name, value) {
      this.settings[name] = name === "other" ? Number(value) : value;
      this.show();
      this.speak();
    }

    renew() {
      this.latent = this.random.normals(LATENT);
      this.show();
      this.speak();
    }

    show() {
      this.digits.forEach((button, digit) =>
        button.setAttribute("aria-pressed", String(digit === this.settings.digit)));
      for (const name of [...Object.keys(this.generator.directions), "walk"]) {
        this.controls[name].show(this.settings[name]);
      }
      this.controls.other.value = String(this.settings.other);
      this.picture();
    }

    /** The latent vector with the sliders' parts along their directions, and the classes' shares. */
    inputs() {
      const latent = Float64Array.from(this.latent);
      for (const [name, direction] of Object.entries(this.generator.directions)) {
        direction.forEach((part, i) => { latent[i] += this.settings[name] * part; });
      }
      const [here, there] = [oneHot(this.settings.digit), oneHot(this.settings.other)];
      const share = this.settings.walk;
      return [latent, here.map((value, k) => (1 - share) * value + share * there[k])];
    }

    sentence() {
      const { digit, other, walk } = this.settings;
      const way = walk ? `, ${Math.round(100 * walk)} % of the way to ${other}` : "";
      return `Digit ${digit}${way}. A linear classifier reads ${this.generator.read(this.image)}.`;
    }

    picture() {
      this.image = this.generator.draw(...this.inputs());
      this.status.textContent = this.sentence();
      this.canvas.setAttribute("aria-label", `A generated digit. ${this.sentence()}`);
      const context = this.context(this.canvas, 280, 280);
      context.imageSmoothingEnabled = true;
      context.drawImage(this.paint([this.image], 1), 0, 0, 280, 280);
    }

    /** Images side by side, so many in a row, as a canvas of their own pixels. */
    paint(images, columns) {
      const rows = Math.ceil(images.length / columns);
      const canvas = element("canvas", { width: columns * SIZE, height: rows * SIZE });
      const context = canvas.getContext("2d");
      images.forEach((image, place) => {
        const data = new ImageData(SIZE, SIZE);
        image.forEach((value, i) => data.data.set([...Array(3).fill(127.5 * (value + 1)), 255], 4 * i));
        context.putImageData(data, (place % columns) * SIZE, Math.floor(place / columns) * SIZE);
      });
      return canvas;
    }

    /** A thousand digits of classes drawn by chance, in pieces that leave the page alive. */
    async thousand() {
      this.crowdButton.disabled = true;
      const [asked, read, images] = [new Array(CLASSES).fill(0), new Array(CLASSES).fill(0), []];
      for (let i = 0; i < 1000; i++) {
        const digit = this.random.below(CLASSES);
        const image = this.generator.draw(this.random.normals(LATENT), oneHot(digit));
        images.push(image);
        asked[digit] += 1;
        read[this.generator.read(image)] += 1;
        if (i % 25 === 24) {
          this.status.textContent = `${i + 1} digits`;
          await new Promise((resolve) => root.setTimeout(resolve));
        }
      }
      this.crowd.hidden = false;
      const context = this.context(this.crowd, 40 * SIZE, 25 * SIZE);
      context.drawImage(this.paint(images, 40), 0, 0);
      this.crowd.setAttribute("aria-label", "A thousand generated digits in 25 rows.");
      const parts = read.map((count, digit) => `${digit}: ${count} (${asked[digit]})`);
      this.counts.textContent = `Read by the classifier (asked for): ${parts.join(", ")}.`;
      this.status.textContent = this.sentence();
      this.crowdButton.disabled = false;
    }
  }

  Object.assign(play, { DigitGenerator, Digits });
})(globalThis);
