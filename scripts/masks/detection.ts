import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Picture } from '../../src/camera/index.ts';
import { rateOf } from '../../src/evaluate/statistics/binomial.ts';
import { readPhoto } from '../../src/photo/index.ts';
import { type DetectedFace, type FaceAnalyser, MASK_STATES, type MaskState } from '../../src/vision/index.ts';
import { nearestToCentre } from '../lfw/templates.ts';
import { quantile } from '../support/quantile.ts';
import { MASK_STYLES, withMask } from './draw.ts';
import { seenState } from './labels.ts';

/** The pictures of masks/web before this number are for training (scripts/train/mask/pack.py, TEST). */
const FIRST_WEB = 300;

/** What was read of one picture. */
interface MaskRead {
  readonly set: string;
  /** By the folder of the picture, or the mask drawn. */
  readonly truth: MaskState;
  /** The same, except where a picture shows something else than its folder says (labels.ts). */
  readonly seen: MaskState;
  /** Null without a face. */
  readonly read: MaskState | null;
}

/** What was read of the faces of one set whose true state is known. */
export interface MaskTally {
  readonly set: string;
  readonly truth: MaskState;
  readonly pictures: number;
  /** Pictures without a face: nothing was read of them. */
  readonly faceless: number;
  readonly read: Record<MaskState, number>;
}

/** Of LFW every so manyth picture is read. Reads real masked and bare pictures of the web, and LFW pictures as they are and with masks drawn over them. */
export async function readMasks(
  analyser: FaceAnalyser,
  data: string,
  every: number,
  log: (line: string) => void,
): Promise<{ reads: MaskRead[]; ms: number[] }> {
  const ms: number[] = [];
  const read = async (picture: Picture, face: DetectedFace): Promise<MaskState> => {
    const begun = process.hrtime.bigint();
    const mask = await analyser.mask(picture, face);
    ms.push(Number(process.hrtime.bigint() - begun) / 1e6);
    if (mask === null) throw new Error('The catalogue names no network for the role mask.');
    return mask.state;
  };
  const sets: [string, MaskState, string, 'as it is' | 'worn' | 'noseOut'][] = [
    ['web, masked', 'worn', join(data, 'masks/web/mask'), 'as it is'],
    ['web, bare', 'bare', join(data, 'masks/web/bare'), 'as it is'],
    ['LFW', 'bare', join(data, 'lfw/images'), 'as it is'],
    ['LFW, mask drawn', 'worn', join(data, 'lfw/images'), 'worn'],
    ['LFW, drawn with the nose out', 'incorrect', join(data, 'lfw/images'), 'noseOut'],
  ];
  const reads: MaskRead[] = [];
  for (const [set, truth, folder, fit] of sets) {
    if (!existsSync(folder)) continue;
    const paths = picturesIn(folder).filter((path, index) =>
      set.startsWith('LFW') ? index % every === 0 : Number(path.slice(-8, -4)) >= FIRST_WEB,
    );
    for (const [index, path] of paths.entries()) {
      const picture = await readPhoto(path);
      const face = nearestToCentre(await analyser.find(picture), picture.width, picture.height);
      const style = MASK_STYLES[(index + 1) % MASK_STYLES.length];
      const shown =
        fit === 'as it is' || face === null
          ? picture
          : await withMask(picture, await analyser.landmarks(picture, face), style, fit);
      const seen = seenState(path) ?? truth;
      reads.push({ set, truth, seen, read: face === null ? null : await read(shown, face) });
    }
    log(`${set}: ${paths.length} pictures`);
  }
  return { reads, ms };
}

/** The reads of each set and state; the state of a picture is what its folder says, or what is seen in it. */
export function talliesOf(reads: readonly MaskRead[], by: 'truth' | 'seen'): MaskTally[] {
  const tallies = new Map<string, MaskTally>();
  for (const { set, read, ...states } of reads) {
    const truth = states[by];
    const key = `${set}, ${truth}`;
    const empty = { set, truth, pictures: 0, faceless: 0, read: { bare: 0, worn: 0, incorrect: 0 } };
    const tally = tallies.get(key) ?? empty;
    const counts = { ...tally.read };
    if (read !== null) counts[read]++;
    const faceless = tally.faceless + (read === null ? 1 : 0);
    tallies.set(key, { ...tally, pictures: tally.pictures + 1, faceless, read: counts });
  }
  return [...tallies.values()];
}

/** Mean over the states of the part that was read right; the sets of a state are one. */
export function balancedAccuracy(tallies: readonly MaskTally[]): number {
  const recalls = MASK_STATES.flatMap((state) => {
    const own = tallies.filter(({ truth }) => truth === state);
    const faces = own.reduce((sum, { pictures, faceless }) => sum + pictures - faceless, 0);
    return faces === 0 ? [] : [own.reduce((sum, { read }) => sum + read[state], 0) / faces];
  });
  return recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length;
}

/** The tallies as lines for the terminal: by the folders of the pictures, and where these are wrong by what is seen in them. */
export function detectionLines(reads: readonly MaskRead[], ms: readonly number[]): string[] {
  const tallies = talliesOf(reads, 'truth');
  const real = tallies.filter(({ set }) => !set.includes('drawn'));
  const seen = talliesOf(reads, 'seen');
  return [
    ...tallies.map(lineOf),
    `balanced accuracy ${percent(balancedAccuracy(tallies))} over three states, ${percent(balancedAccuracy(real))} on real pictures alone (two states)`,
    'By what is seen in the pictures, where it is not what their folder says (scripts/masks/labels.ts):',
    ...seen.filter(({ set }) => set.startsWith('web')).map(lineOf),
    `balanced accuracy ${percent(balancedAccuracy(seen))} over three states`,
    `a face takes ${quantile(ms, 0.5).toFixed(2)} ms (median; ${quantile(ms, 0.1).toFixed(2)} 10th percentile), ${quantile(ms, 0.99).toFixed(2)} ms (99th percentile)`,
  ];
}

function lineOf({ set, truth, pictures, faceless, read }: MaskTally): string {
  const cells = MASK_STATES.map((state) => `${read[state]} ${state}`).join(', ');
  const { value, low, high } = rateOf(read[truth], pictures - faceless);
  return `${set} (${truth}): ${pictures} pictures, no face in ${faceless}; read as ${cells}: ${percent(value)} right (95 %: ${percent(low)} to ${percent(high)})`;
}

function percent(part: number): string {
  return `${(100 * part).toFixed(2)} %`;
}

function picturesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(jpe?g|png|webp)$/i.test(name))
    .sort()
    .map((name) => join(folder, name));
}
