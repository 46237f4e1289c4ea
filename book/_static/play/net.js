// Dense networks in the plane, written out: forward pass, backward pass, the gradient of R1, Adam.
// All numbers are float64. A batch is one array, row after row. No dependency.
(function (root) {
  "use strict";
  const play = (root.GanTutorPlay = root.GanTutorPlay || {});

  /** Random numbers that a seed repeats (mulberry32), and normal ones (Box and Muller). */
  class Random {
    constructor(seed) {
      this.state = seed >>> 0;
      this.spare = null;
    }

    uniform() {
      this.state = (this.state + 0x6d2b79f5) >>> 0;
      let t = this.state;
      t = Math.imul(t ^ (t >>> 15), t | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    }

    below(count) {
      return Math.floor(this.uniform() * count);
    }

    normal() {
      if (this.spare !== null) {
        const value = this.spare;
        this.spare = null;
        return value;
      }
      const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
      const angle = 2 * Math.PI * this.uniform();
      this.spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    }

    normals(count) {
      return Float64Array.from({ length: count }, () => this.normal());
    }
  }

  /**
   * Add rows of b to the row of `out` that begins at `to`; the factor of row k is a[from + k · step].
   *
   * Four rows at a time: each number of `out` is read and written once for four products.
   */
  function addRows(out, to, a, from, step, b, rows, columns) {
    let k = 0;
    for (; k + 4 <= rows; k += 4) {
      const at = from + k * step;
      const [a0, a1, a2, a3] = [a[at], a[at + step], a[at + 2 * step], a[at + 3 * step]];
      const row0 = k * columns;
      const [row1, row2, row3] = [row0 + columns, row0 + 2 * columns, row0 + 3 * columns];
      for (let j = 0; j < columns; j++) {
        out[to + j] =
          out[to + j] + a0 * b[row0 + j] + a1 * b[row1 + j] + a2 * b[row2 + j] + a3 * b[row3 + j];
      }
    }
    for (; k < rows; k++) {
      const factor = a[from + k * step];
      for (let j = 0; j < columns; j++) out[to + j] += factor * b[k * columns + j];
    }
  }

  /** out += a · b for a [rows × inner] and b [inner × columns]. */
  function multiply(a, b, out, rows, inner, columns) {
    for (let i = 0; i < rows; i++) addRows(out, i * columns, a, i * inner, 1, b, inner, columns);
  }

  /** out += aᵀ · b for a [rows × inner] and b [rows × columns]: the gradient of a weight. */
  function multiplyTransposed(a, b, out, rows, inner, columns) {
    for (let k = 0; k < inner; k++) addRows(out, k * columns, a, k, inner, b, rows, columns);
  }

  /**
   * A multilayer perceptron.
   *
   * sizes: units of each layer, the input first. slope: of the hidden activation below 0
   * (0 is ReLU, 0.2 the LeakyReLU of the book's discriminators). The weights start as
   * Glorot's uniform numbers and the biases at 0, as in the book's package.
   * parameters: [weight, bias, weight, bias, …], a weight as [inputs × outputs].
   */
  class Network {
    constructor(sizes, slope, random) {
      this.sizes = sizes;
      this.slope = slope;
      this.parameters = [];
      for (let layer = 0; layer + 1 < sizes.length; layer++) {
        const [inputs, outputs] = [sizes[layer], sizes[layer + 1]];
        const limit = Math.sqrt(6 / (inputs + outputs));
        this.parameters.push(
          Float64Array.from({ length: inputs * outputs }, () => limit * (2 * random.uniform() - 1)),
          new Float64Array(outputs),
        );
      }
    }

    get depth() {
      return this.sizes.length - 1;
    }

    zeros() {
      return this.parameters.map((values) => new Float64Array(values.length));
    }

    /** inputs [rows × sizes[0]] → what the backward pass needs, and the output. */
    forward(inputs, rows) {
      const activations = [inputs];
      const slopes = [];
      for (let layer = 0; layer < this.depth; layer++) {
        const [from, to] = [this.sizes[layer], this.sizes[layer + 1]];
        const [weight, bias] = [this.parameters[2 * layer], this.parameters[2 * layer + 1]];
        const out = new Float64Array(rows * to);
        for (let i = 0; i < rows; i++) out.set(bias, i * to);
        multiply(activations[layer], weight, out, rows, from, to);
        if (layer + 1 < this.depth) slopes.push(this.activate(out));
        activations.push(out);
      }
      return { rows, activations, slopes, output: activations[this.depth] };
    }

    /** Apply the activation in place; return its derivative at each place. */
    activate(values) {
      const slopes = new Float64Array(values.length);
      for (let i = 0; i < values.length; i++) {
        slopes[i] = values[i] > 0 ? 1 : this.slope;
        values[i] *= slopes[i];
      }
      return slopes;
    }

    /**
     * Send the gradient of the output back.
     *
     * Returns the gradient of the input and of each layer's sum before its activation. With
     * `gradients` the parameters' gradients are added there.
     */
    backward(trace, outputGradient, gradients = null) {
      const deltas = new Array(this.depth);
      let delta = outputGradient;
      for (let layer = this.depth - 1; layer >= 0; layer--) {
        const [from, to] = [this.sizes[layer], this.sizes[layer + 1]];
        deltas[layer] = delta;
        if (gradients) {
          multiplyTransposed(
            trace.activations[layer], delta, gradients[2 * layer], trace.rows, from, to,
          );
          const bias = gradients[2 * layer + 1];
          for (let i = 0; i < trace.rows; i++) {
            for (let j = 0; j < to; j++) bias[j] += delta[i * to + j];
          }
        }
        delta = this.throughWeight(delta, layer, trace.rows);
        if (layer > 0) {
          const slopes = trace.slopes[layer - 1];
          for (let i = 0; i < delta.length; i++) delta[i] *= slopes[i];
        }
      }
      return { input: delta, deltas };
    }

    /** delta · weightᵀ: the gradient of what went into a layer. */
    throughWeight(delta, layer, rows) {
      const [from, to] = [this.sizes[layer], this.sizes[layer + 1]];
      const weight = this.parameters[2 * layer];
      const turned = new Float64Array(from * to);
      for (let k = 0; k < from; k++) {
        for (let j = 0; j < to; j++) turned[j * from + k] = weight[k * to + j];
      }
      const out = new Float64Array(rows * from);
      multiply(delta, turned, out, rows, to, from);
      return out;
    }

    /**
     * ½ · mean ‖∇D(x)‖² of a network with one output, and `factor` times its gradient.
     *
     * The gradient of ½‖g‖² with g = ∇D(x) is that of g · v at v = g, held fixed, and g · v is the
     * change of the output when the input moves along v. The activation is piecewise linear, so
     * that this change passes the layers as the input does, with the same slopes; the backward
     * pass through it is the one that gave g. A bias changes no slope: its gradient is 0.
     */
    squaredSlope(trace, factor, gradients) {
      const rows = trace.rows;
      const { input: slope, deltas } = this.backward(trace, new Float64Array(rows).fill(1));
      let value = 0;
      for (const entry of slope) value += (entry * entry) / (2 * rows);
      let moved = slope.map((entry) => (entry * factor) / rows);
      for (let layer = 0; layer < this.depth; layer++) {
        const [from, to] = [this.sizes[layer], this.sizes[layer + 1]];
        multiplyTransposed(moved, deltas[layer], gradients[2 * layer], rows, from, to);
        if (layer + 1 === this.depth) break;
        const next = new Float64Array(rows * to);
        multiply(moved, this.parameters[2 * layer], next, rows, from, to);
        const slopes = trace.slopes[layer];
        for (let i = 0; i < next.length; i++) next[i] *= slopes[i];
        moved = next;
      }
      return value;
    }
  }

  /** Adam with the usual correction of its first averages (Kingma and Ba 2015). */
  class Adam {
    constructor(parameters, beta2 = 0.9, epsilon = 1e-8) {
      this.parameters = parameters;
      Object.assign(this, { beta2, epsilon });
      this.first = parameters.map((values) => new Float64Array(values.length));
      this.second = parameters.map((values) => new Float64Array(values.length));
      this.steps = 0;
    }

    update(gradients, rate, beta1) {
      this.steps += 1;
      const { beta2, epsilon } = this;
      const [correct1, correct2] = [1 - beta1 ** this.steps, 1 - beta2 ** this.steps];
      this.parameters.forEach((values, place) => {
        const [first, second, gradient] = [this.first[place], this.second[place], gradients[place]];
        for (let i = 0; i < values.length; i++) {
          first[i] = beta1 * first[i] + (1 - beta1) * gradient[i];
          second[i] = beta2 * second[i] + (1 - beta2) * gradient[i] * gradient[i];
          const size = Math.sqrt(second[i] / correct2) + epsilon;
          values[i] -= (rate * first[i]) / correct1 / size;
        }
      });
    }
  }

  Object.assign(play, { Random, Network, Adam });
})(globalThis);
