/** A box of an ISO base media file, or of QuickTime: its type and its content. */
export interface Box {
  readonly type: string;
  readonly body: Buffer;
}

/** Boxes looked at in one container, at most: real clips have a few dozen, 8 s of fragments some hundred. */
const MAX_BOXES = 4096;

/** The boxes in `bytes`, in order; stops quietly where they do not add up (the end of a truncated file). */
export function boxesOf(bytes: Buffer): Box[] {
  const boxes: Box[] = [];
  let at = 0;
  while (at + 8 <= bytes.length && boxes.length < MAX_BOXES) {
    const type = bytes.toString('latin1', at + 4, at + 8);
    const { header, size } = sizeAt(bytes, at);
    if (size < header || at + size > bytes.length) break;
    boxes.push({ type, body: bytes.subarray(at + header, at + size) });
    at += size;
  }
  return boxes;
}

/** The content of the first box that a path of types leads to. */
export function boxAt(bytes: Buffer, ...path: readonly string[]): Buffer | undefined {
  let inside: Buffer | undefined = bytes;
  for (const type of path) {
    if (inside === undefined) return undefined;
    inside = boxesOf(inside).find((box) => box.type === type)?.body;
  }
  return inside;
}

/** Size 0 means "to the end of the file", 1 that 64 bits follow. */
function sizeAt(bytes: Buffer, at: number): { header: number; size: number } {
  const size = bytes.readUInt32BE(at);
  if (size === 0) return { header: 8, size: bytes.length - at };
  if (size !== 1) return { header: 8, size };
  return at + 16 <= bytes.length
    ? { header: 16, size: Number(bytes.readBigUInt64BE(at + 8)) }
    : { header: 16, size: 0 };
}
