import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MEMBERS, SCENES } from '../../scripts/demo/cast.ts';
import { compose, FPS, figureOf, HEIGHT, hall, WIDTH } from '../../scripts/demo/stage.ts';
import { enrol, type Stage, startStage } from '../../scripts/demo/stage-hands.ts';
import { encodeH264 } from '../../scripts/rtsp/encode.ts';
import { enrolCrowd } from './crowd-gallery.ts';

export interface House {
  readonly folder: string;
  readonly stage: Stage;
  close(): Promise<void>;
}

/** A gate with as many people enrolled, before whose camera the first of them stands all the time. Needs a build. */
export async function openHouse(people: number, settings = '', fps = FPS): Promise<House> {
  const folder = mkdtempSync(join(tmpdir(), 'menshen-house-'));
  const cleanUp: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const film = join(folder, 'film.h264');
  await makeFilm(film);
  const stage = await startStage(folder, film, cleanUp, settings, fps);
  await enrol(folder, MEMBERS[0]);
  await enrolCrowd(join(folder, 'data'), people - 1);
  const close = async (): Promise<void> => {
    for (const step of cleanUp.reverse()) await step();
  };
  return { folder, stage, close };
}

/** The first member, who stands there and sways a little. */
async function makeFilm(file: string): Promise<void> {
  const [scene] = SCENES;
  const background = await hall();
  const figure = await figureOf(scene);
  const frames: Buffer[] = [];
  for (let n = 0; n < 2 * FPS; n++) {
    const sway = Math.sin((Math.PI * n) / FPS);
    const place = { width: scene.width, centre: WIDTH / 2 + 5 * sway, top: HEIGHT * 0.03 + 3 * sway };
    frames.push(await compose(background, figure, place));
  }
  await encodeH264({ file, width: WIDTH, height: HEIGHT, fps: FPS, format: 'rgb24' }, frames);
}
