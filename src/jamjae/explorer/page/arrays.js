// Reads the arrays from the page's text, as packing.py wrote them.

const DIGITS =
  "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;,=>?@^_`{|}~";

function bytesOf(text, length) {
  const values = new Uint8Array(128);
  for (let i = 0; i < 85; i++) values[DIGITS.charCodeAt(i)] = i;
  const bytes = new Uint8Array((text.length / 5) * 4);
  for (let from = 0, to = 0; from < text.length; from += 5, to += 4) {
    let word = 0;
    for (let i = 0; i < 5; i++) word = word * 85 + values[text.charCodeAt(from + i)];
    bytes[to] = word / 16777216;
    bytes[to + 1] = word >>> 16;
    bytes[to + 2] = word >>> 8;
    bytes[to + 3] = word;
  }
  return bytes.subarray(0, length);
}

async function inflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const sizeOf = (shape) => shape.reduce((a, b) => a * b, 1);

function floats(bytes, start, count) {
  const words = new Uint32Array(count);
  for (let plane = 0; plane < 4; plane++)
    for (let i = 0; i < count; i++) words[i] |= bytes[start + plane * count + i] << (8 * plane);
  return new Float32Array(words.buffer);
}

function rounded(bytes, start, size, rows, planes) {
  const units = floats(bytes, start, rows);
  const values = new Float32Array(size);
  const columns = rows ? size / rows : 0;
  start += 4 * rows;
  for (let row = 0, i = 0; row < rows; row++)
    for (let column = 0; column < columns; column++, i++) {
      let word = 0;
      for (let plane = 0; plane < planes; plane++)
        word |= bytes[start + plane * size + i] << (8 * plane);
      values[i] = ((word >>> 1) ^ -(word & 1)) * units[row];
    }
  return values;
}

// Every array of the table by its name, with its shape.
async function unpacked(table, text, length) {
  const bytes = await inflated(bytesOf(text, length));
  const found = {};
  for (const [name, [kind, shape, start, rows, planes]] of Object.entries(table)) {
    const size = sizeOf(shape);
    const values =
      kind === "bytes" ? bytes.subarray(start, start + size)
      : kind === "floats" ? floats(bytes, start, size)
      : rounded(bytes, start, size, rows, planes);
    found[name] = { values, shape };
  }
  return found;
}
