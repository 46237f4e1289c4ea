// A GAN of points in the plane: data, the six losses, one step of D, one step of G, scores.
(function (root) {
  "use strict";
  const play = root.GanTutorPlay;

  // ------------------------------------------------------------------ data

  const CENTRES = {
    ring: Array.from({ length: 8 }, (_, k) => [
      2 * Math.cos((k * Math.PI) / 4),
      2 * Math.sin((k * Math.PI) / 4),
    ]),
    grid: Array.from({ length: 25 }, (_, k) => [(k % 5) - 2, Math.floor(k / 5) - 2]),
  };
  const STD = 0.05;

  /** Kinds of data. Each draws one point; `centres` are its modes, where it has any. */
  const DATA = {
    ring: { centres: CENTRES.ring, draw: (random) => around(CENTRES.ring, random) },
    grid: { centres: CENTRES.grid, draw: (random) => around(CENTRES.grid, random) },
    moons: {
      centres: null,
      draw(random) {
        const [upper, angle] = [random.uniform() < 0.5, Math.PI * random.uniform()];
        const [x, y] = [Math.cos(angle), Math.sin(angle)];
        const point = upper ? [1.4 * x - 0.7, 1.4 * y - 0.35] : [1.4 * x + 0.7, 0.35 - 1.4 * y];
        return point.map((value) => value + STD * random.normal());
      },
    },
  };

  function around(centres, random) {
    return centres[random.below(centres.length)].map((value) => value + STD * random.normal());
  }

  /** Data out of points that somebody drew, each with a little noise. */
  function drawn(points) {
    return { centres: null, draw: (random) => around(points, random) };
  }

  // ---------------------------------------------------------------- losses

  const sigmoid = (a) => 1 / (1 + Math.exp(-a));
  const softplus = (a) => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a)));
  // Functions of a logit: [value, derivative].
  const cost = {
    ofLow: [(a) => softplus(-a), (a) => -sigmoid(-a)], // −log σ(a)
    ofHigh: [softplus, sigmoid], // −log(1 − σ(a))
    minimax: [(a) => -softplus(a), (a) => -sigmoid(a)],
    toOne: [(a) => (a - 1) ** 2 / 2, (a) => a - 1],
    toZero: [(a) => a ** 2 / 2, (a) => a],
    raise: [(a) => -a, () => -1],
    lower: [(a) => a, () => 1],
    aboveOne: [(a) => Math.max(0, 1 - a), (a) => (a < 1 ? -1 : 0)],
    belowMinusOne: [(a) => Math.max(0, 1 + a), (a) => (a > -1 ? 1 : 0)],
  };

  /** The book's six pairs: what D pays for real and for fake logits, and G for the fake ones. */
  const LOSSES = {
    minimax: { label: "Minimax", real: cost.ofLow, fake: cost.ofHigh, generator: cost.minimax },
    non_saturating: {
      label: "Non-saturating",
      real: cost.ofLow, fake: cost.ofHigh, generator: cost.ofLow,
    },
    least_squares: {
      label: "Least squares",
      real: cost.toOne, fake: cost.toZero, generator: cost.toOne,
    },
    wasserstein: {
      label: "Wasserstein",
      real: cost.raise, fake: cost.lower, generator: cost.raise,
    },
    hinge: { label: "Hinge", real: cost.aboveOne, fake: cost.belowMinusOne, generator: cost.raise },
    relativistic: { label: "Relativistic pairs", paired: cost.ofLow }, // of a pair's difference
  };

  /** D's loss on logits, with its derivative by each of them. */
  function discriminatorLoss(name, real, fake) {
    const count = real.length;
    const [atReal, atFake] = [new Float64Array(count), new Float64Array(count)];
    const loss = LOSSES[name];
    let value = 0;
    for (let i = 0; i < count; i++) {
      if (loss.paired) {
        const [price, slope] = loss.paired;
        value += price(real[i] - fake[i]) / count;
        atReal[i] = slope(real[i] - fake[i]) / count;
        atFake[i] = -atReal[i];
      } else {
        value += (loss.real[0](real[i]) + loss.fake[0](fake[i])) / count;
        atReal[i] = loss.real[1](real[i]) / count;
        atFake[i] = loss.fake[1](fake[i]) / count;
      }
    }
    return { value, atReal, atFake };
  }

  /** G's loss on logits, with its derivative by each fake one. */
  function generatorLoss(name, fake, real) {
    const count = fake.length;
    const atFake = new Float64Array(count);
    const loss = LOSSES[name];
    const [price, slope] = loss.paired || loss.generator;
    let value = 0;
    for (let i = 0; i < count; i++) {
      const logit = loss.paired ? fake[i] - real[i] : fake[i];
      value += price(logit) / count;
      atFake[i] = slope(logit) / count;
    }
    return { value, atFake };
  }

  // ------------------------------------------------------------------ game

  const DEFAULTS = {
    data: "ring",
    loss: "non_saturating",
    r1: 0,
    r2: 0,
    generatorRate: 0.002,
    discriminatorRate: 0.002,
    beta1: 0.5,
    width: 32,
    discriminatorWidth: 32,
    discriminatorSteps: 1,
    packing: 1,
    batch: 64,
    latent: 8,
    seed: 0,
  };

  /** States that the text links to: what differs from the defaults, and what one is to look at. */
  const STATES = {
    default: {
      title: "Default",
      hint: "Press Run. Which of the eight groups are found first, and are they kept?",
      settings: {},
    },
    collapse: {
      title: "Collapse",
      hint: "All generated points soon sit in one group, and look right there. What frees them?",
      settings: { discriminatorSteps: 5, discriminatorRate: 0.01 },
    },
    "cured-by-r1": {
      title: "Cured by R1",
      hint: "Collapse with an R1 penalty. Once all groups are found, set it to 0: do they stay?",
      settings: { discriminatorSteps: 5, discriminatorRate: 0.01, r1: 0.1 },
    },
    "it-wanders": {
      title: "It wanders",
      hint: "Nothing bounds the critic's slope. Follow the points: do they settle?",
      settings: { loss: "wasserstein" },
    },
    "d-too-strong": {
      title: "D too strong",
      hint: "D learns fast and G slowly. What helps: another loss, or a lower rate of D?",
      settings: { loss: "minimax", discriminatorRate: 0.01, generatorRate: 0.0002 },
    },
  };

  class Game {
    constructor(settings = {}) {
      this.settings = { ...DEFAULTS, ...settings };
      const { data, width, discriminatorWidth, packing, latent, seed } = this.settings;
      this.data = typeof data === "string" ? DATA[data] : drawn(data);
      this.random = new play.Random(seed);
      this.generator = new play.Network([latent, width, width, 2], 0, this.random);
      const sizes = [2 * packing, discriminatorWidth, discriminatorWidth, 1];
      this.discriminator = new play.Network(sizes, 0.2, this.random);
      this.generatorAdam = new play.Adam(this.generator.parameters);
      this.discriminatorAdam = new play.Adam(this.discriminator.parameters);
      this.steps = 0;
    }

    /** Real points [count × 2]. */
    real(count = this.settings.batch, random = this.random) {
      const points = new Float64Array(2 * count);
      for (let i = 0; i < count; i++) points.set(this.data.draw(random), 2 * i);
      return points;
    }

    latents(count = this.settings.batch, random = this.random) {
      return random.normals(count * this.settings.latent);
    }

    /** Generated points [count × 2] of latents, with what a backward pass needs. */
    generate(latents) {
      return this.generator.forward(latents, latents.length / this.settings.latent);
    }

    /** Logits of points, `packing` of which lie in one row. */
    judge(points) {
      return this.discriminator.forward(points, points.length / (2 * this.settings.packing));
    }

    /** D's loss with its penalties, and the gradients of both, on a batch. */
    discriminatorGradients(real, fake) {
      const { loss, r1, r2 } = this.settings;
      const gradients = this.discriminator.zeros();
      const [onReal, onFake] = [this.judge(real), this.judge(fake)];
      const { value, atReal, atFake } = discriminatorLoss(loss, onReal.output, onFake.output);
      this.discriminator.backward(onReal, atReal, gradients);
      this.discriminator.backward(onFake, atFake, gradients);
      let total = value;
      if (r1 > 0) total += r1 * this.discriminator.squaredSlope(onReal, r1, gradients);
      if (r2 > 0) total += r2 * this.discriminator.squaredSlope(onFake, r2, gradients);
      return { value: total, gradients };
    }

    /** G's loss, its gradients, and the gradient of the loss at each generated point. */
    generatorGradients(latents, real) {
      const made = this.generate(latents);
      const onFake = this.judge(made.output);
      const { value, atFake } = generatorLoss(
        this.settings.loss, onFake.output, this.judge(real).output,
      );
      const { input: atPoints } = this.discriminator.backward(onFake, atFake);
      const gradients = this.generator.zeros();
      this.generator.backward(made, atPoints, gradients);
      return { value, gradients, atPoints, points: made.output };
    }

    stepDiscriminator() {
      const fake = this.generate(this.latents()).output;
      const { gradients } = this.discriminatorGradients(this.real(), fake);
      this.discriminatorAdam.update(gradients, this.settings.discriminatorRate, this.settings.beta1);
    }

    stepGenerator() {
      const { gradients } = this.generatorGradients(this.latents(), this.real());
      this.generatorAdam.update(gradients, this.settings.generatorRate, this.settings.beta1);
      this.steps += 1;
    }

    step() {
      for (let i = 0; i < this.settings.discriminatorSteps; i++) this.stepDiscriminator();
      this.stepGenerator();
    }

    /** Scores of newly drawn points; the game's own random numbers stay where they are. */
    scores(count = 500) {
      const random = new play.Random(this.settings.seed + 1e6);
      const fake = this.generate(this.latents(count, random)).output;
      const real = this.real(count, random);
      return { ...coverage(fake, this.data.centres), distance: energyDistance(real, fake) };
    }
  }

  // ---------------------------------------------------------------- scores

  /** Modes with a good point, and the share of good points: within 3 deviations of a centre. */
  function coverage(points, centres) {
    if (!centres) return { modes: null, found: null, good: null };
    const found = new Set();
    let good = 0;
    for (let i = 0; i < points.length; i += 2) {
      const distances = centres.map(([x, y]) => Math.hypot(points[i] - x, points[i + 1] - y));
      const nearest = distances.indexOf(Math.min(...distances));
      if (distances[nearest] > 3 * STD) continue;
      good += 1;
      found.add(nearest);
    }
    return { modes: centres.length, found: found.size, good: good / (points.length / 2) };
  }

  /** The mean distance of points of two samples, or of two different points of one. */
  function meanDistance(a, b) {
    let sum = 0;
    for (let i = 0; i < a.length; i += 2) {
      for (let j = 0; j < b.length; j += 2) sum += Math.hypot(a[i] - b[j], a[i + 1] - b[j + 1]);
    }
    const [rows, columns] = [a.length / 2, b.length / 2];
    return sum / (a === b ? rows * (rows - 1) : rows * columns);
  }

  /**
   * 2 E‖x − y‖ − E‖x − x′‖ − E‖y − y′‖, estimated without bias from two samples.
   *
   * It is 0 for equal distributions, else positive; an estimate can fall a little below 0.
   */
  function energyDistance(a, b) {
    return 2 * meanDistance(a, b) - meanDistance(a, a) - meanDistance(b, b);
  }

  Object.assign(play, {
    DATA, LOSSES, DEFAULTS, STATES, Game, coverage, energyDistance,
    discriminatorLoss, generatorLoss,
  });
})(globalThis);
