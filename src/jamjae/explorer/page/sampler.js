// Draws new codes of the model's density, as samples.py describes it.

// Random numbers in (0, 1), the same for the same seed: mulberry32 by Tommy Ettinger.
function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return (((word ^ (word >>> 14)) >>> 0) + 0.5) / 4294967296;
  };
}

// Null where the page has no density, or cannot decode codes.
function samplerOf(facts, model, arrays) {
  const { density } = facts, { k, d } = model;
  if (!density || !model.decodes) return null;
  const array = (name) => arrays[`density_${name}`].values;
  const make = { normal: normals, flow, pool }[density.way]();

  // Codes of n samples as functions that compute them: [{group, code()}, ...]. The group is the
  // number of a class, or null for all classes in their shares; a temperature below 1 gives more
  // typical codes.
  function plan(seed, group, temperature, n) {
    const random = randomOf(seed), first = random();
    const of = Array.from({ length: n }, (_, i) => (group === null ? sharedOut((first + i) / n) : group));
    return make(of, random, temperature, group);
  }

  // The class at a share of all: samples at equal distances have classes in their shares.
  function sharedOut(place) {
    let rest = place * density.groups.reduce((sum, { share }) => sum + share, 0);
    for (const { number, share } of density.groups) if ((rest -= share) < 0) return number;
    return density.groups[density.groups.length - 1].number;
  }

  // mean + factor · noise; the factor has a row for each entry of the mean, and begins at a place
  function moved(mean, factor, start, eps) {
    return Float32Array.from(mean, (sum, c) => {
      for (let i = 0, at = start + c * eps.length; i < eps.length; i++, at++) sum += factor[at] * eps[i];
      return sum;
    });
  }

  function normals() {
    const weights = array("weights"), means = array("means"), factors = array("factors");
    const [, size, v] = arrays.density_factors.shape;
    const chosen = (group, share) => {
      const among = [...density.of.keys()].filter((m) => density.of[m] === group);
      let rest = share * among.reduce((sum, m) => sum + weights[m], 0);
      return among.find((m) => (rest -= weights[m]) < 0) ?? among[among.length - 1];
    };
    return (of, random, temperature) => of.map((group) => {
      const m = chosen(group, random()), mean = means.subarray(m * size, (m + 1) * size);
      const eps = Float64Array.from({ length: v }, () => temperature * normal(random));
      return { group, code: () => moved(mean, factors, m * size * v, eps) };
    });
  }

  // --- a flow: follows the velocity of engine/flow_matching.py by Heun's method, from points of
  // normal distributions

  function flow() {
    const { start, steps, frequencies } = density, width = (1 - start) / steps;
    const run = network(density.network, arrays), begun = normals();
    const inputs = new Float32Array(sizeOf(density.network[0].shape));

    function velocity(x, t, group) {
      const variance = t ** 2 + (1 - t) ** 2, scale = Math.sqrt(variance), v = x.length;
      inputs.fill(0);
      for (let i = 0; i < v; i++) inputs[i] = x[i] / scale;
      for (let i = 0; i < frequencies; i++) {
        const angle = t * 2 ** i * (Math.PI / 2);
        inputs[v + i] = Math.sin(angle);
        inputs[v + frequencies + i] = Math.cos(angle);
      }
      if (group >= 0) inputs[v + 2 * frequencies + group] = 1;
      const rest = run(inputs);
      return Float64Array.from(x, (value, i) => ((2 * t - 1) / variance) * value + rest[i] / scale);
    }

    function carried(point, group) {
      let x = Float64Array.from(point);
      for (let step = 0; step < steps; step++) {
        const t = start + step * width, here = velocity(x, t, group);
        const there = velocity(x.map((value, i) => value + width * here[i]), t + width, group);
        x = x.map((value, i) => value + (width / 2) * (here[i] + there[i]));
      }
      return moved(array("mean"), array("factor"), 0, x);
    }

    const made = (...asked) => begun(...asked).map(({ group, code }) => (
      { group, code: () => carried(code(), group) }));
    return Object.assign(made, { carried });
  }

  // Codes that were drawn in advance, of all classes first and then of each.
  function pool() {
    const codes = array("pool"), { size, of: groups } = density, all = codes.length / k;
    return (of, random, temperature, group) => {
      const start = group === null ? 0 : (group + 1) * size;
      const places = Array.from({ length: size }, (_, i) => i);
      return of.map(() => {
        const [place] = places.splice(Math.floor(random() * places.length), 1);
        const code = () => Float32Array.from({ length: k }, (_, c) => codes[c * all + start + place]);
        return { group: group ?? groups[place], code };
      });
    };
  }

  // A code as a row, with the values that rows of the data have.
  function decode(code) {
    const x = model.decode(code), { values: low } = arrays.span_low, { values: high } = arrays.span_high;
    const { values: whole } = arrays.span_whole, each = low.length === d ? 1 : 0;
    return x.map((value, i) => {
      const inside = clamp(value, low[each * i], high[each * i]);
      return whole[each * i] && !facts.table ? Math.round(inside) : inside;
    });
  }

  return { plan, decode, carried: make.carried };
}
