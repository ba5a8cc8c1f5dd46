import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { DEMO_DIR, type Region, type Scene } from './cast.ts';

export const WIDTH = 1280;
export const HEIGHT = 720;
export const FPS = 15;

/** A figure cut out of a photograph, ready to be put on the stage. */
export interface Figure {
  readonly rgba: Buffer;
  readonly width: number;
  readonly height: number;
}

/** Where a figure stands in one picture: its width and the middle of its upper edge. */
export interface Place {
  readonly width: number;
  readonly centre: number;
  readonly top: number;
}

export async function cut(region: Region): Promise<Buffer> {
  const { photo, ...rectangle } = region;
  return sharp(join(DEMO_DIR, photo)).rotate().extract(rectangle).removeAlpha().png().toBuffer();
}

/** An entrance hall: wall, floor, a door. Blurred, as what lies behind a person is. */
export async function hall(): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}">
    <defs><linearGradient id="wall" x1="0" y1="0" x2="1" y2="1">
      <stop offset="0" stop-color="#b9b4aa"/><stop offset="1" stop-color="#8d8a84"/></linearGradient></defs>
    <rect width="${WIDTH}" height="${HEIGHT}" fill="url(#wall)"/>
    <rect y="600" width="${WIDTH}" height="120" fill="#5f5a54"/>
    <rect x="930" y="110" width="230" height="495" fill="#6d5a48"/><rect x="945" y="125" width="200" height="480" fill="#7d6853"/>
    <rect x="1120" y="360" width="12" height="46" fill="#c9c2b4"/>
    <rect x="120" y="150" width="260" height="180" fill="#cfd6da"/><rect x="128" y="158" width="118" height="164" fill="#e6ecef"/>
  </svg>`;
  return sharp(Buffer.from(svg)).blur(5).removeAlpha().raw().toBuffer();
}

export async function figureOf(scene: Scene): Promise<Figure> {
  const picture = await cut(scene.look);
  return scene.kind === 'person' ? person(picture, scene.look) : phone(picture, scene.look);
}

/** The person with soft edges, so that the photograph's own background fades into the hall. */
async function person(picture: Buffer, { width, height }: Region): Promise<Figure> {
  const soft = Math.round(width * 0.1);
  const mask = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect x="${soft}" y="${soft}"
    width="${width - 2 * soft}" height="${height}" rx="${soft * 1.5}" fill="#fff"/></svg>`;
  const alpha = await sharp(Buffer.from(mask))
    .blur(soft / 2.5)
    .extractChannel('alpha')
    .raw()
    .toBuffer();
  return raw(sharp(picture).joinChannel(alpha, { raw: { width, height, channels: 1 } }), width, height);
}

/**
 * A phone that shows the picture: bezel, the washed-out bluish light of a screen, its pixel grid beating with
 * the camera's, a reflection. What a presentation attack of this kind looks like to a camera.
 */
async function phone(picture: Buffer, { width, height }: Region): Promise<Figure> {
  const edge = Math.round(width * 0.06);
  const [outerWidth, outerHeight] = [width + 2 * edge, height + 5 * edge];
  const screen = await sharp(picture)
    .modulate({ saturation: 0.75 })
    .linear([0.62, 0.68, 0.85], [50, 56, 70])
    .toBuffer();
  const lines = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><defs>
    <pattern id="p" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(7)">
      <rect width="5" height="2" fill="#000" fill-opacity="0.26"/><rect width="2" height="5" fill="#04f" fill-opacity="0.14"/></pattern>
    <linearGradient id="g" x1="0" y1="0" x2="1" y2="1"><stop offset="0.25" stop-color="#fff" stop-opacity="0"/>
      <stop offset="0.4" stop-color="#fff" stop-opacity="0.3"/><stop offset="0.5" stop-color="#fff" stop-opacity="0"/></linearGradient></defs>
    <rect width="100%" height="100%" fill="url(#p)"/><rect width="100%" height="100%" fill="url(#g)"/></svg>`;
  const body = `<svg xmlns="http://www.w3.org/2000/svg" width="${outerWidth}" height="${outerHeight}"><rect width="100%" height="100%"
    rx="${edge * 2}" fill="#0b0b0d"/><circle cx="50%" cy="${outerHeight - edge * 1.5}" r="${edge * 0.8}" fill="#222"/></svg>`;
  const whole = sharp(Buffer.from(body)).composite([
    { input: screen, left: edge, top: edge * 2 },
    { input: Buffer.from(lines), left: edge, top: edge * 2 },
  ]);
  return raw(whole, outerWidth, outerHeight);
}

async function raw(picture: Sharp, width: number, height: number): Promise<Figure> {
  return { rgba: await picture.ensureAlpha().raw().toBuffer(), width, height };
}

/** The hall with a figure before it, rgb24 of WIDTH x HEIGHT. What sticks out of the picture is cut off. */
export async function compose(background: Buffer, figure: Figure, place: Place): Promise<Buffer> {
  const width = Math.round(place.width);
  const height = Math.round((figure.height / figure.width) * width);
  const left = Math.round(place.centre - width / 2);
  const top = Math.round(place.top);
  const visible = {
    left: Math.max(0, -left),
    top: Math.max(0, -top),
    width: Math.min(width, WIDTH - left) - Math.max(0, -left),
    height: Math.min(height, HEIGHT - top) - Math.max(0, -top),
  };
  const base = sharp(background, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
  if (visible.width <= 0 || visible.height <= 0) {
    return background;
  }
  const scaled = await sharp(figure.rgba, {
    raw: { width: figure.width, height: figure.height, channels: 4 },
  })
    .resize(width, height, { fit: 'fill' })
    .extract(visible)
    .png({ compressionLevel: 0 })
    .toBuffer();
  return base
    .composite([{ input: scaled, left: Math.max(0, left), top: Math.max(0, top) }])
    .removeAlpha()
    .raw()
    .toBuffer();
}
