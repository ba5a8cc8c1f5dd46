import sharp from 'sharp';
import type { Picture } from '../../src/camera/index.ts';
import type { Landmarks, Point } from '../../src/vision/index.ts';

/**
 * Masks to test with. They share no code with scripts/train/draw.py, and none of these cuts and fabrics is among
 * those that the networks were trained on.
 */
export const MASK_STYLES = ['surgical', 'respirator', 'black', 'tartan', 'smile'] as const;
export type MaskStyle = (typeof MASK_STYLES)[number];

/** How a mask sits: over nose and mouth, with the nose out, or under the chin. */
export type MaskFit = 'worn' | 'noseOut';

// Reading photos forbids SVG; what is drawn here is our own. `sharp` takes the last word.
const allowSvg = () => sharp.unblock({ operation: ['VipsForeignLoadSvg'] });

/** A copy of the picture (rgb24) with a mask over the face whose bare landmarks these are. */
export async function withMask(
  picture: Picture,
  landmarks: Landmarks,
  style: MaskStyle,
  fit: MaskFit = 'worn',
): Promise<Picture> {
  allowSvg();
  const { width, height, data } = picture;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${drawing(landmarks, style, fit)}</svg>`;
  const drawn = await sharp(data, { raw: { width, height, channels: 3 } })
    .composite([{ input: Buffer.from(svg) }])
    .removeAlpha()
    .raw()
    .toBuffer();
  return { ...picture, data: drawn };
}

/** The coordinates of a face: x to the right cheek, y down to the chin, unit eyes to chin. */
class FaceFrame {
  readonly unit: number;
  readonly at: (index: number) => Point;
  readonly #down: Point;
  readonly #across: Point;

  constructor(at: (index: number) => Point, eyes: Point) {
    this.at = at;
    const chin = at(8);
    this.unit = Math.hypot(chin.x - eyes.x, chin.y - eyes.y);
    const jaw = { x: at(16).x - at(0).x, y: at(16).y - at(0).y };
    const length = Math.hypot(jaw.x, jaw.y);
    this.#across = { x: jaw.x / length, y: jaw.y / length };
    this.#down = { x: -this.#across.y, y: this.#across.x };
  }

  /** A point of the picture, moved by parts of the unit. */
  moved(point: Point, across: number, down: number): Point {
    return {
      x: point.x + this.unit * (across * this.#across.x + down * this.#down.x),
      y: point.y + this.unit * (across * this.#across.y + down * this.#down.y),
    };
  }

  get degrees(): number {
    return (Math.atan2(this.#across.y, this.#across.x) * 180) / Math.PI;
  }
}

function drawing({ all, five }: Landmarks, style: MaskStyle, fit: MaskFit): string {
  const eyes = { x: (five[0].x + five[1].x) / 2, y: (five[0].y + five[1].y) / 2 };
  const face = new FaceFrame((index) => ({ x: all[2 * index], y: all[2 * index + 1] }), eyes);
  const shape = outline(face, style, fit);
  return [
    fabric(face, style),
    loops(face, style, fit),
    `<path d="${shape}" fill="url(#fabric)" stroke="#00000055" stroke-width="${0.012 * face.unit}"/>`,
    `<clipPath id="shape"><path d="${shape}"/></clipPath><g clip-path="url(#shape)">${details(face, style, fit)}</g>`,
  ].join('');
}

/** Where the upper edge crosses the nose, and the corners at the cheeks. */
function edges(face: FaceFrame, style: MaskStyle, fit: MaskFit): { top: Point; left: Point; right: Point } {
  if (fit === 'noseOut') {
    const top = face.moved(face.at(33), 0, 0.07);
    return { top, left: face.at(4), right: face.at(12) };
  }
  const high = style === 'respirator' ? 28 : 29;
  const corner = style === 'black' ? 1 : 2;
  return { top: face.at(high), left: face.at(corner), right: face.at(16 - corner) };
}

function outline(face: FaceFrame, style: MaskStyle, fit: MaskFit): string {
  const { top, left, right } = edges(face, style, fit);
  const chin = face.moved(face.at(8), 0, style === 'respirator' ? 0.06 : 0.03);
  const upper = (corner: Point, side: number) =>
    `${text(face.moved(top, side * 0.16, 0.02))} ${text(between(top, corner, 0.7))}`;
  const inset = style === 'respirator' ? 0.12 : 0;
  const [lowLeft, lowRight] = [face.moved(face.at(5), inset, 0.02), face.moved(face.at(11), -inset, 0.02)];
  const from = style === 'respirator' ? between(left, top, 0.2) : left;
  const to = style === 'respirator' ? between(right, top, 0.2) : right;
  return (
    `M ${text(from)} C ${upper(from, -1).split(' ').reverse().join(' ')} ${text(top)} ` +
    `C ${upper(to, 1)} ${text(to)} L ${text(lowRight)} ` +
    `C ${text(face.moved(lowRight, -0.08, 0.12))} ${text(face.moved(chin, 0.2, 0))} ${text(chin)} ` +
    `C ${text(face.moved(chin, -0.2, 0))} ${text(face.moved(lowLeft, 0.08, 0.12))} ${text(lowLeft)} Z`
  );
}

function fabric(face: FaceFrame, style: MaskStyle): string {
  const size = 0.16 * face.unit;
  const turn = `patternTransform="rotate(${face.degrees})"`;
  const gradient = (stops: readonly [string, string, string]) =>
    `<linearGradient id="fabric" gradientTransform="rotate(${face.degrees})">` +
    stops.map((colour, i) => `<stop offset="${i / 2}" stop-color="${colour}"/>`).join('') +
    '</linearGradient>';
  switch (style) {
    case 'surgical':
      return gradient(['#7fb2cf', '#a9d3e8', '#86b8d2']);
    case 'respirator':
      return gradient(['#c9c9c6', '#f4f4f1', '#d2d2cf']);
    case 'black':
      return gradient(['#15151a', '#2c2c33', '#17171b']);
    case 'smile':
      return gradient(['#b98b74', '#dbb09a', '#c0937c']);
    case 'tartan':
      return (
        `<pattern id="fabric" width="${size}" height="${size}" patternUnits="userSpaceOnUse" ${turn}>` +
        `<rect width="${size}" height="${size}" fill="#8c1c22"/>` +
        `<rect width="${size / 3}" height="${size}" fill="#0b3d2e" opacity="0.75"/>` +
        `<rect width="${size}" height="${size / 3}" fill="#0b3d2e" opacity="0.75"/>` +
        `<rect x="${size * 0.6}" width="${size / 16}" height="${size}" fill="#f0d060"/>` +
        `<rect y="${size * 0.6}" width="${size}" height="${size / 16}" fill="#f0d060"/></pattern>`
      );
  }
}

function details(face: FaceFrame, style: MaskStyle, fit: MaskFit): string {
  const { top, left, right } = edges(face, style, fit);
  const chin = face.at(8);
  const stroke = (path: string, colour: string, width: number) =>
    `<path d="${path}" fill="none" stroke="${colour}" stroke-width="${width * face.unit}"/>`;
  if (style === 'surgical') {
    return [0.3, 0.5, 0.7]
      .map((part) => {
        const [from, to] = [between(left, face.at(5), part), between(right, face.at(11), part)];
        return stroke(
          `M ${text(from)} Q ${text(face.moved(between(top, chin, part), 0, 0.05))} ${text(to)}`,
          '#5c8fae',
          0.014,
        );
      })
      .join('');
  }
  if (style === 'respirator')
    return (
      stroke(`M ${text(top)} L ${text(chin)}`, '#a5a5a2', 0.016) +
      stroke(
        `M ${text(face.moved(top, -0.14, 0.05))} L ${text(face.moved(top, 0.14, 0.05))}`,
        '#8d9299',
        0.03,
      )
    );
  if (style === 'smile') {
    const [from, to] = [face.moved(face.at(48), 0, 0.02), face.moved(face.at(54), 0, 0.02)];
    return (
      `<path d="M ${text(from)} Q ${text(face.moved(face.at(57), 0, 0.16))} ${text(to)} Z" fill="#ffffff" ` +
      `stroke="#a4243b" stroke-width="${0.05 * face.unit}"/>`
    );
  }
  return '';
}

function loops(face: FaceFrame, style: MaskStyle, fit: MaskFit): string {
  const { left, right } = edges(face, style, fit);
  const colour = style === 'black' ? '#101014' : '#eeeeee';
  return [
    [left, face.at(0)],
    [right, face.at(16)],
  ]
    .map(
      ([from, to]) =>
        `<path d="M ${text(from)} L ${text(to)}" stroke="${colour}" stroke-width="${0.02 * face.unit}"/>`,
    )
    .join('');
}

function between(a: Point, b: Point, part: number): Point {
  return { x: a.x + (b.x - a.x) * part, y: a.y + (b.y - a.y) * part };
}

function text({ x, y }: Point): string {
  return `${x.toFixed(2)},${y.toFixed(2)}`;
}
