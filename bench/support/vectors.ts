const DIMENSIONS = 512;

let state = 0x9e3779b9;

/** A random direction of 512 dimensions: each number the sum of four bytes of a xorshift, near enough to normal and quick. */
export function randomUnit(): Float32Array {
  const vector = new Float32Array(DIMENSIONS);
  let square = 0;
  for (let i = 0; i < DIMENSIONS; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const value = (state & 255) + ((state >>> 8) & 255) + ((state >>> 16) & 255) + (state >>> 24) - 510;
    vector[i] = value;
    square += value * value;
  }
  const scale = 1 / Math.sqrt(square);
  for (let i = 0; i < DIMENSIONS; i++) vector[i] *= scale;
  return vector;
}

/** A random direction at this cosine to a unit vector. */
export function unitAt(vector: Float32Array, cosine: number): Float32Array {
  const other = randomUnit();
  const along = other.reduce((sum, value, i) => sum + value * vector[i], 0);
  const across = other.map((value, i) => value - along * vector[i]);
  const side = Math.sqrt((1 - cosine * cosine) / across.reduce((sum, value) => sum + value * value, 0));
  return across.map((value, i) => side * value + cosine * vector[i]);
}
