// Networks: the steps that graphs.py traces, computed one row at a time in float32.
// Arrays of images are in the order of Keras: rows, columns, channels.

function erf(x) {
  // Rational approximation of erfc from Numerical Recipes: relative error below 1.2e-7.
  const z = Math.abs(x), t = 1 / (1 + 0.5 * z);
  const c = [-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807,
    -1.13520398, 1.48851587, -0.82215223, 0.17087277];
  let sum = 0;
  for (let i = 9; i >= 0; i--) sum = sum * t + c[i];
  const rest = t * Math.exp(-z * z + sum);
  return x >= 0 ? 1 - rest : rest - 1;
}

const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const sigmoid = (x) => 1 / (1 + Math.exp(-x));
const clamp = (x, low, high) => Math.min(Math.max(x, low), high);

const ACTIVATIONS = {
  relu: (x) => (x > 0 ? x : 0),
  relu6: (x) => clamp(x, 0, 6),
  leaky_relu: (x) => (x > 0 ? x : 0.2 * x),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  selu: (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
  celu: (x) => (x > 0 ? x : Math.expm1(x)),
  gelu: (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
  sigmoid,
  hard_sigmoid: (x) => clamp(x / 6 + 0.5, 0, 1),
  tanh: Math.tanh,
  softsign: (x) => x / (1 + Math.abs(x)),
  softplus,
  silu: (x) => x * sigmoid(x),
  mish: (x) => x * Math.tanh(softplus(x)),
  exponential: Math.exp,
};

function softmax(y, last) {
  for (let start = 0; start < y.length; start += last) {
    const part = y.subarray(start, start + last);
    const most = part.reduce((a, b) => Math.max(a, b), -Infinity);
    let total = 0;
    for (let i = 0; i < last; i++) total += part[i] = Math.exp(part[i] - most);
    for (let i = 0; i < last; i++) part[i] /= total;
  }
}

// --- operations: (step, inputs, y, arrays, shapes of the inputs); y holds zeros ---------------

function begun(step, y, arrays) {
  if (!step.bias) return;
  const bias = arrays[step.bias].values;
  for (let i = 0; i < y.length; i += bias.length) y.set(bias, i);
}

function dense(step, [x], y, arrays) {
  begun(step, y, arrays);
  const kernel = arrays[step.kernel].values;
  const [taken, units] = arrays[step.kernel].shape;
  const active = new Uint32Array(taken); // inputs that are not zero, added four at a time
  for (let from = 0, to = 0; from < x.length; from += taken, to += units) {
    let count = 0;
    for (let i = 0; i < taken; i++) if (x[from + i] !== 0) active[count++] = i;
    let n = 0;
    for (; n + 3 < count; n += 4) {
      const [i, j, k, l] = active.subarray(n, n + 4);
      const a = x[from + i], b = x[from + j], c = x[from + k], d = x[from + l];
      let p = i * units, q = j * units, r = k * units, s = l * units;
      for (let o = to, end = to + units; o < end; o++)
        y[o] += a * kernel[p++] + b * kernel[q++] + c * kernel[r++] + d * kernel[s++];
    }
    for (; n < count; n++) {
      const value = x[from + active[n]];
      for (let o = 0, k = active[n] * units; o < units; o++, k++) y[to + o] += value * kernel[k];
    }
  }
}

// Calls visit(position in the grid, position in the image, position in the kernel) wherever a
// window that starts at a position of the grid covers a pixel of the image.
function windows(step, grid, image, size, visit) {
  const [down, across] = step.strides, [tall, wide] = step.dilation || [1, 1];
  const [top, left] = step.before;
  for (let r = 0; r < grid[0]; r++)
    for (let c = 0; c < grid[1]; c++)
      for (let i = 0; i < size[0]; i++) {
        const row = r * down + i * tall - top;
        if (row < 0 || row >= image[0]) continue;
        for (let j = 0; j < size[1]; j++) {
          const column = c * across + j * wide - left;
          if (column < 0 || column >= image[1]) continue;
          visit(r * grid[1] + c, row * image[1] + column, i * size[1] + j);
        }
      }
}

function conv(step, [x], y, arrays, [shape]) {
  begun(step, y, arrays);
  const { values: kernel, shape: size } = arrays[step.kernel];
  const [, , channels, units] = size;
  windows(step, step.shape, shape, size, (place, pixel, entry) => {
    const to = place * units;
    for (let c = 0; c < channels; c++) {
      const value = x[pixel * channels + c];
      if (value === 0) continue;
      for (let o = 0, k = (entry * channels + c) * units; o < units; o++, k++)
        y[to + o] += value * kernel[k];
    }
  });
}

function convTranspose(step, [x], y, arrays, [shape]) {
  begun(step, y, arrays);
  const { values: kernel, shape: size } = arrays[step.kernel];
  const [, , units, channels] = size;
  windows(step, shape, step.shape, size, (place, pixel, entry) => {
    const from = place * channels;
    for (let o = 0; o < units; o++) {
      let sum = 0;
      for (let c = 0, k = (entry * units + o) * channels; c < channels; c++, k++)
        sum += x[from + c] * kernel[k];
      y[pixel * units + o] += sum;
    }
  });
}

function pooled(step, [x], y, [shape], most) {
  const channels = step.shape[2];
  const counts = new Uint16Array(step.shape[0] * step.shape[1]);
  if (most) y.fill(-Infinity);
  windows(step, step.shape, shape, step.size, (place, pixel) => {
    counts[place]++;
    for (let c = 0; c < channels; c++) {
      const value = x[pixel * channels + c], to = place * channels + c;
      y[to] = most ? Math.max(y[to], value) : y[to] + value;
    }
  });
  if (!most) for (let i = 0; i < y.length; i++) y[i] /= counts[Math.floor(i / channels)];
}

function pixelwise(step, x, y, source) {
  const [height, width, channels] = step.shape;
  for (let r = 0; r < height; r++)
    for (let c = 0; c < width; c++) {
      const from = source(r, c);
      if (from < 0) continue;
      const to = (r * width + c) * channels;
      for (let i = 0; i < channels; i++) y[to + i] = x[from * channels + i];
    }
}

const OPERATIONS = {
  same: (step, [x], y) => y.set(x),
  dense,
  conv,
  conv_transpose: convTranspose,
  scale(step, [x], y, arrays) {
    const { values: factor } = arrays[step.factor], { values: shift } = arrays[step.shift];
    for (let i = 0; i < y.length; i++)
      y[i] = x[i] * factor[i % factor.length] + shift[i % factor.length];
  },
  most: (step, x, y, arrays, shapes) => pooled(step, x, y, shapes, true),
  mean: (step, x, y, arrays, shapes) => pooled(step, x, y, shapes, false),
  repeat(step, [x], y, arrays, [shape]) {
    const [down, across] = step.times;
    pixelwise(step, x, y, (r, c) => Math.floor(r / down) * shape[1] + Math.floor(c / across));
  },
  shift(step, [x], y, arrays, [shape]) {
    const [top, left] = step.before;
    pixelwise(step, x, y, (r, c) => {
      const row = r - top, column = c - left;
      return row < 0 || column < 0 || row >= shape[0] || column >= shape[1]
        ? -1 : row * shape[1] + column;
    });
  },
  rectify(step, [x], y) {
    const { slope = 0, most = Infinity, threshold = 0 } = step;
    for (let i = 0; i < y.length; i++)
      y[i] = x[i] >= threshold ? Math.min(x[i], most) : slope * (x[i] - threshold);
  },
  elu(step, [x], y) {
    for (let i = 0; i < y.length; i++) y[i] = x[i] > 0 ? x[i] : step.alpha * Math.expm1(x[i]);
  },
  add: (step, inputs, y) => inputs.forEach((x) => x.forEach((v, i) => (y[i] += v))),
  subtract: (step, [a, b], y) => a.forEach((v, i) => (y[i] = v - b[i])),
  multiply(step, inputs, y) {
    y.fill(1);
    inputs.forEach((x) => x.forEach((v, i) => (y[i] *= v)));
  },
  join(step, inputs, y, arrays, shapes) {
    const width = step.shape[step.shape.length - 1];
    let before = 0;
    inputs.forEach((x, number) => {
      const own = shapes[number][shapes[number].length - 1];
      for (let from = 0, to = before; from < x.length; from += own, to += width)
        y.set(x.subarray(from, from + own), to);
      before += own;
    });
  },
  columns: categories,
};

// Shares of categories, as ColumnOutputs makes them of a linear output.
function categories(step, [x], y, arrays) {
  const { values: factor } = arrays[step.factor], { values: shift } = arrays[step.shift];
  y.set(x);
  for (const [start, stop] of step.groups) {
    const shares = [];
    for (let i = start; i < stop; i++) shares.push(x[i] * factor[i] + shift[i]);
    if (shares.length === 1) shares.push(1 - shares[0]);
    const logits = Float32Array.from(shares, (share) => {
      const steep = step.steep * share;
      return steep < step.tail ? steep : Math.log(softplus(steep));
    });
    softmax(logits, logits.length);
    for (let i = start; i < stop; i++) y[i] = (logits[i - start] - shift[i]) / factor[i];
  }
}

// Returns a network as a function of a row; its result is overwritten by the next call.
function network(steps, arrays) {
  const results = steps.map((step) => new Float32Array(sizeOf(step.shape)));
  const last = steps.length - 1;
  return (x) => {
    results[0].set(x);
    for (let number = 1; number <= last; number++) {
      const step = steps[number], y = results[number];
      y.fill(0);
      const inputs = step.from.map((from) => results[from]);
      OPERATIONS[step.op](step, inputs, y, arrays, step.from.map((from) => steps[from].shape));
      if (step.activation === "softmax") softmax(y, step.shape[step.shape.length - 1]);
      else if (step.activation) {
        const activation = ACTIVATIONS[step.activation];
        for (let i = 0; i < y.length; i++) y[i] = activation(y[i]);
      }
    }
    return results[last];
  };
}
