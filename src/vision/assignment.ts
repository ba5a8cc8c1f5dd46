/**
 * The assignment of rows to columns with the least total cost (Hungarian method with potentials,
 * O(rows^2 * columns)). There must be at least as many columns as rows; costs are finite.
 * Returns the column of each row.
 */
export function assign(costs: readonly (readonly number[])[]): number[] {
  const rows = costs.length;
  const columns = costs[0]?.length ?? 0;
  if (rows > columns)
    throw new RangeError(`assign: ${rows} rows need at least as many columns, there are ${columns}`);
  // Index 0 is a sentinel in all four arrays; rows and columns count from 1.
  const rowPotential = new Float64Array(rows + 1);
  const columnPotential = new Float64Array(columns + 1);
  const rowOf = new Int32Array(columns + 1);
  const previous = new Int32Array(columns + 1);
  const cost = (row: number, column: number): number => costs[row - 1]?.[column - 1] ?? 0;

  for (let row = 1; row <= rows; row++) {
    rowOf[0] = row;
    let column = 0;
    const slack = new Float64Array(columns + 1).fill(Number.POSITIVE_INFINITY);
    const visited = new Uint8Array(columns + 1);
    do {
      visited[column] = 1;
      const current = at(rowOf, column);
      let delta = Number.POSITIVE_INFINITY;
      let next = 0;
      for (let candidate = 1; candidate <= columns; candidate++) {
        if (visited[candidate] === 1) continue;
        const reduced = cost(current, candidate) - at(rowPotential, current) - at(columnPotential, candidate);
        if (reduced < at(slack, candidate)) {
          slack[candidate] = reduced;
          previous[candidate] = column;
        }
        if (at(slack, candidate) < delta) {
          delta = at(slack, candidate);
          next = candidate;
        }
      }
      for (let candidate = 0; candidate <= columns; candidate++) {
        if (visited[candidate] === 1) {
          const owner = at(rowOf, candidate);
          rowPotential[owner] = at(rowPotential, owner) + delta;
          columnPotential[candidate] = at(columnPotential, candidate) - delta;
        } else {
          slack[candidate] = at(slack, candidate) - delta;
        }
      }
      column = next;
    } while (rowOf[column] !== 0);
    while (column !== 0) {
      const before = at(previous, column);
      rowOf[column] = at(rowOf, before);
      column = before;
    }
  }

  const result = new Array<number>(rows).fill(-1);
  for (let column = 1; column <= columns; column++) {
    const row = at(rowOf, column);
    if (row > 0) result[row - 1] = column - 1;
  }
  return result;
}

function at(array: Float64Array | Int32Array, index: number): number {
  return array[index] ?? 0;
}
