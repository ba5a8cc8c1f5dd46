import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { encodeH264 } from '../rtsp/encode.ts';
import { drawTimecode } from '../rtsp/timecode.ts';
import { DEMO_DIR, SCENES, type Scene } from './cast.ts';
import { compose, type Figure, FPS, figureOf, HEIGHT, hall, type Place, WIDTH } from './stage.ts';

/** Seconds of each part of a scene. */
const WALK_S = 1.6;
const STAY_S = 3.4;
const LEAVE_S = 0.8;
const EMPTY_S = 2.2;

export const SCENE_FRAMES = Math.round((WALK_S + STAY_S + LEAVE_S + EMPTY_S) * FPS);

const FilmSchema = z.object({ key: z.string(), file: z.string(), frames: z.number().int() });
export type Film = z.infer<typeof FilmSchema>;

/** Which scene of the film an access unit belongs to. */
export function sceneOf(unit: number): number {
  return Math.floor(unit / SCENE_FRAMES);
}

/** Makes a film of the scenes, or finds it made: H.264 with a timecode in each picture, one scene after the other. */
export async function makeFilm(
  progress: (done: number, of: number) => void = () => {},
  name = 'film',
  scenes: readonly Scene[] = SCENES,
): Promise<Film> {
  const index = join(DEMO_DIR, `${name}.json`);
  const key = createHash('sha256')
    .update(JSON.stringify(scenes))
    .update(readFileSync(new URL('./stage.ts', import.meta.url)))
    .update(readFileSync(new URL('./film.ts', import.meta.url)))
    .digest('hex');
  const made = existsSync(index)
    ? FilmSchema.safeParse(JSON.parse(readFileSync(index, 'utf8'))).data
    : undefined;
  if (made !== undefined && made.key === key && existsSync(made.file)) {
    return made;
  }
  mkdirSync(DEMO_DIR, { recursive: true });
  const film = { key, file: join(DEMO_DIR, `${name}.h264`), frames: SCENE_FRAMES * scenes.length };
  const pictures = picturesOf(scenes, (done) => progress(done, film.frames));
  await encodeH264({ file: film.file, width: WIDTH, height: HEIGHT, fps: FPS, format: 'rgb24' }, pictures);
  writeFileSync(`${index}.part`, JSON.stringify(film));
  renameSync(`${index}.part`, index);
  return film;
}

async function* picturesOf(
  scenes: readonly Scene[],
  progress: (done: number) => void,
): AsyncGenerator<Uint8Array> {
  const background = await hall();
  for (const [number, scene] of scenes.entries()) {
    const figure = await figureOf(scene);
    for (let n = 0; n < SCENE_FRAMES; n++) {
      const place = placeAt(n / FPS, scene.width, figure);
      const picture = Buffer.from(place === null ? background : await compose(background, figure, place));
      const unit = number * SCENE_FRAMES + n;
      drawTimecode(picture, WIDTH, HEIGHT, unit);
      progress(unit + 1);
      yield picture;
    }
  }
}

/** Walks up from afar, stays with the small movements of somebody standing, leaves to the side; null when gone. */
export function placeAt(t: number, width: number, figure: Figure): Place | null {
  const height = (figure.height / figure.width) * width;
  const top =
    figure.height > figure.width * 1.1 && height > HEIGHT * 0.8 ? HEIGHT * 0.03 : (HEIGHT - height) / 2;
  if (t < WALK_S) {
    const near = 0.3 + 0.7 * (1 - (1 - t / WALK_S) ** 2);
    return {
      width: width * near,
      centre: WIDTH * (0.62 - 0.12 * near),
      top: top + (1 - near) * HEIGHT * 0.25,
    };
  }
  const stay = t - WALK_S;
  const sway = {
    x: 5 * Math.sin(stay * 2.1),
    y: 3 * Math.sin(stay * 3.3),
    scale: 1 + 0.012 * Math.sin(stay * 1.7),
  };
  if (stay < STAY_S) {
    return { width: width * sway.scale, centre: WIDTH / 2 + sway.x, top: top + sway.y };
  }
  const leave = (stay - STAY_S) / LEAVE_S;
  return leave < 1 ? { width, centre: WIDTH * (0.5 + leave), top } : null;
}
