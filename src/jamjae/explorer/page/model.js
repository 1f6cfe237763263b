// The model and its data: codes, rows, and the functions between them, in the data's units.

function modelOf(facts, arrays) {
  const n = facts.rows, k = facts.components, d = sizeOf(facts.shape);
  const { low, high, levels } = facts;
  const codes = arrays.codes.values; // (k, n)
  const offset = arrays.offset.values, mean = arrays.pca_mean.values, pca = arrays.pca.values;
  const decoder = facts.decoder && network(facts.decoder, arrays);
  const encoder = facts.encoder && network(facts.encoder, arrays);
  const { scale, clip } = facts.scaling;

  function code(row) {
    const z = new Float32Array(k);
    for (let c = 0; c < k; c++) z[c] = codes[c * n + row];
    return z;
  }

  // The code of a row as a codec rounds it, with a multiple of its step.
  function rounded(row, at) {
    const step = facts.codec.step * facts.codec.ratios[at];
    return code(row).map((value) => Math.round(value / step) * step);
  }

  const plain = facts.codec ? facts.codec.ratios.indexOf(1) : -1;

  function shown({ values }, row) {
    const x = new Float32Array(d);
    if (facts.image) for (let i = 0; i < d; i++) x[i] = low + (values[row * d + i] * (high - low)) / levels;
    else for (let i = 0, rows = values.length / d; i < d; i++) x[i] = values[i * rows + row];
    return x;
  }

  function decode(z) {
    const x = Float32Array.from(decoder(z));
    for (let i = 0; i < d; i++) {
      x[i] = x[i] * scale + offset[i];
      if (clip) x[i] = clamp(x[i], clip[0], clip[1]);
    }
    return x;
  }

  function encode(x) {
    const scaled = new Float32Array(d);
    for (let i = 0; i < d; i++) scaled[i] = (x[i] - offset[i]) / scale;
    return Float32Array.from(encoder(scaled));
  }

  // The reconstruction by PCA with as many components.
  function linear(x) {
    const reconstructed = Float32Array.from(mean);
    for (let c = 0; c < k; c++) {
      let along = 0;
      for (let i = 0, p = c * d; i < d; i++, p++) along += (x[i] - mean[i]) * pca[p];
      for (let i = 0, p = c * d; i < d; i++, p++) reconstructed[i] += along * pca[p];
    }
    if (clip) for (let i = 0; i < d; i++) reconstructed[i] = clamp(reconstructed[i], clip[0], clip[1]);
    return reconstructed;
  }

  function meanOf(rows) {
    const z = new Float64Array(k);
    for (const row of rows) for (let c = 0; c < k; c++) z[c] += codes[c * n + row];
    return Float32Array.from(z, (total) => total / rows.length);
  }

  function squaresTo(z) {
    const squares = new Float64Array(n);
    for (let c = 0; c < k; c++)
      for (let row = 0, i = c * n; row < n; row++, i++) squares[row] += (codes[i] - z[c]) ** 2;
    return squares;
  }

  // The row whose code is nearest, and how far it is.
  function nearest(z) {
    const squares = squaresTo(z);
    let best = 0;
    for (let row = 1; row < n; row++) if (squares[row] < squares[best]) best = row;
    return { row: best, distance: Math.sqrt(squares[best]) };
  }

  function farthest(from) {
    const squares = squaresTo(code(from));
    return squares.reduce((best, square, row) => (square > squares[best] ? row : best), 0);
  }

  // The code of a point of a map: see facts.maps[number].way.
  function codeAt(number, x, y) {
    const { way } = facts.maps[number];
    if (way === "code") return Float32Array.from([x, y].slice(0, k));
    if (way === "plane") {
      const plane = arrays[`plane${number}`].values; // mean and two directions, (3, k)
      return Float32Array.from({ length: k }, (_, c) => plane[c] + x * plane[k + c] + y * plane[2 * k + c]);
    }
    const near = nearestPlaces(arrays[`points${number}`].values, x, y);
    const z = new Float64Array(k);
    let total = 0;
    for (const { row, square } of near) {
      const weight = 1 / (square + 1e-12);
      total += weight;
      for (let c = 0; c < k; c++) z[c] += weight * codes[c * n + row];
    }
    return Float32Array.from(z, (sum) => sum / total);
  }

  function nearestPlaces(points, x, y) {
    const near = [];
    for (let row = 0; row < n; row++) {
      const square = (points[row] - x) ** 2 + (points[n + row] - y) ** 2;
      if (near.length === facts.neighbors && square >= near[near.length - 1].square) continue;
      if (near.length === facts.neighbors) near.pop();
      let at = near.length;
      while (at > 0 && near[at - 1].square > square) at--;
      near.splice(at, 0, { row, square });
    }
    return near;
  }

  // Where the page cannot decode: the nearest point of the grid.
  function gridAt(number, x, y) {
    const [left, bottom, right, top] = facts.maps[number].box, last = facts.grid - 1;
    const place = (value, from, to) =>
      clamp(Math.round(((value - from) / (to - from || 1)) * last), 0, last);
    return shown(arrays[`grid${number}`], place(y, bottom, top) * facts.grid + place(x, left, right));
  }

  return {
    n, k, d, code, decode, encode, linear, meanOf, nearest, farthest, codeAt,
    decodes: Boolean(decoder),
    encodes: Boolean(encoder && decoder),
    original: (row) => shown(arrays.values, row),
    value: (row, feature) => arrays.values.values[feature * n + row], // of a table
    rounded,
    bytes: (row, at) => arrays.bytes.values[at * n + row],
    reconstructed: (row) => (decoder ? decode(plain < 0 ? code(row) : rounded(row, plain)) : shown(arrays.reconstructions, row)),
    at: (number, x, y) => (decoder ? decode(codeAt(number, x, y)) : gridAt(number, x, y)),
    errors: arrays.errors.values,
    pcaErrors: arrays.pca_errors.values,
    // Of a detector, else null.
    scores: arrays.scores ? arrays.scores.values : null,
    anomalies: arrays.anomalies ? arrays.anomalies.values : null,
    pValues: arrays.p_values ? arrays.p_values.values : null,
    error: (a, b) => a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0) / d,
  };
}

// A number drawn from the standard normal distribution.
function normal(random = Math.random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
