import type { Picture } from '../../src/camera/index.ts';
import { cosine } from '../../src/common/index.ts';
import { rateOf } from '../../src/evaluate/statistics/binomial.ts';
import { sorted, thresholdAt } from '../../src/evaluate/statistics/errors.ts';
import { readPhoto } from '../../src/photo/index.ts';
import type {
  DetectedFace,
  FaceAnalyser,
  FivePoints,
  Landmarks,
  MaskReading,
} from '../../src/vision/index.ts';
import { type Pair, personOf } from '../lfw/pairs.ts';
import { nearestToCentre } from '../lfw/templates.ts';
import { fnmrAt } from '../lfw/verification.ts';
import { quantile } from '../support/quantile.ts';
import { MASK_STYLES, type MaskStyle, withMask } from './draw.ts';

/** The ways a masked probe (or reference) can be made, from what the door does down to what masks cost without it. */
export const CHAINS = {
  bare: 'no mask: bare probe, bare reference',
  stock: 'masked probe, nothing done about it',
  'stock, true points': 'masked probe, stock embedding aligned as if unmasked',
  'own points': 'masked probe, landmarks for masked faces, stock embedding',
  'own embedding': 'masked probe, stock landmarks, embedding for masked faces',
  'own, true points': 'masked probe, embedding for masked faces aligned as if unmasked',
  whole: 'masked probe through the whole chain, the mask detector deciding',
  'whole, mirrored': 'the same, averaged with its mirror image',
  'masked reference': 'masked probe and a reference with a mask drawn on, stock networks',
  'masked reference, whole': 'masked probe and a reference with a mask drawn on, whole chain',
} as const;
export type Chain = keyof typeof CHAINS;

/** What one picture gives: a bare reference and probe, and a probe of each chain. */
export interface MaskedTemplate {
  /** Of the mask drawn over the probe. */
  readonly style: MaskStyle;
  readonly reference: Float32Array;
  readonly probes: ReadonlyMap<Chain, Float32Array>;
  /** Mean distance of the five points from those of the bare face, in eye distances; null where no face was found. */
  readonly pointError: { readonly stock: number; readonly own: number } | null;
}

/** Templates by path, with masks of these styles in turn; null where no face is found in the bare picture. A masked face not found has no probe. */
export async function maskedTemplates(
  analyser: FaceAnalyser,
  paths: readonly string[],
  styles: readonly MaskStyle[],
  log: (line: string) => void,
): Promise<Map<string, MaskedTemplate | null>> {
  const templates = new Map<string, MaskedTemplate | null>();
  for (const path of paths) {
    templates.set(path, await templateOf(analyser, path, styles[templates.size % styles.length]));
    if (templates.size % 250 === 0) log(`${templates.size} of ${paths.length} pictures`);
  }
  return templates;
}

const WORN: Omit<MaskReading, 'model'> = { state: 'worn', score: 1 };

async function templateOf(
  analyser: FaceAnalyser,
  path: string,
  style: MaskStyle,
): Promise<MaskedTemplate | null> {
  const picture = await readPhoto(path);
  const face = nearestToCentre(await analyser.find(picture), picture.width, picture.height);
  if (face === null) return null;
  const points = await analyser.landmarks(picture, face);
  const reference = await analyser.embed(picture, points, { mirrored: true });
  const probe = await analyser.embed(picture, points);
  if (reference === null || probe === null) return null;
  const probes = new Map<Chain, Float32Array>([['bare', probe.vector]]);
  const masked = await withMask(picture, points, style);
  const seen = nearestToCentre(await analyser.find(masked), masked.width, masked.height);
  if (seen === null) return { style, reference: reference.vector, probes, pointError: null };
  const pointError = await addProbes(analyser, masked, seen, points, probes);
  return { style, reference: reference.vector, probes, pointError };
}

async function addProbes(
  analyser: FaceAnalyser,
  masked: Picture,
  face: DetectedFace,
  truth: Landmarks,
  probes: Map<Chain, Float32Array>,
): Promise<MaskedTemplate['pointError']> {
  const reading = await analyser.mask(masked, face);
  const worn = reading === null ? null : { ...reading, ...WORN };
  const stock = await analyser.landmarks(masked, face);
  const own = await analyser.landmarks(masked, face, worn);
  const add = async (chain: Chain, points: Landmarks, mask: MaskReading | null, mirrored = false) => {
    const found = await analyser.embed(masked, points, { mask, mirrored });
    if (found !== null) probes.set(chain, found.vector);
  };
  await add('stock', stock, null);
  await add('stock, true points', truth, null);
  await add('own points', own, null);
  await add('own embedding', stock, worn);
  await add('own, true points', truth, worn);
  const points = await analyser.landmarks(masked, face, reading);
  await add('whole', points, reading);
  await add('whole, mirrored', points, reading, true);
  await add('masked reference', stock, null, true);
  await add('masked reference, whole', own, worn, true);
  return { stock: errorOf(stock.five, truth.five), own: errorOf(own.five, truth.five) };
}

function errorOf(found: FivePoints, truth: FivePoints): number {
  const eyes = Math.hypot(truth[1].x - truth[0].x, truth[1].y - truth[0].y);
  const far = found.map((point, i) => Math.hypot(point.x - truth[i].x, point.y - truth[i].y));
  return far.reduce((sum, each) => sum + each, 0) / far.length / eyes;
}

/** A chain's figures at FMR 1e-3. */
export interface ChainReport {
  readonly chain: Chain;
  /** By all crossings of different people: the threshold for this chain's own impostors. */
  readonly fnmr: number;
  readonly threshold: number;
  readonly impostors: number;
  /** Genuine pairs by the style of the probe's mask, at the same threshold. */
  readonly byStyle: readonly { readonly style: MaskStyle; readonly missed: number; readonly pairs: number }[];
  /** By the impostor pairs of the protocol alone. */
  readonly fnmrByPairs: number;
  /** At the threshold that gives FMR 1e-3 to bare faces; and the FMR it gives here. */
  readonly fnmrAtBare: number;
  readonly fmrAtBare: number;
  /** At the door's threshold as shipped, for a bare face; and above it by the margin that a mask must reach. */
  readonly atDoor: { readonly threshold: number; readonly fnmr: number; readonly fmr: number };
  readonly atDoorMasked: { readonly threshold: number; readonly fnmr: number; readonly fmr: number };
}

const FMR = 1e-3;
/** decision.matchThreshold of models/catalog.json (FMR 1e-4 of bare LFW faces), and decision.maskMargin as shipped. */
const DOOR = 0.41;
const MASK_MARGIN = 0.05;

/** Every chain's figures; a pair compares the reference of its first picture with the probe of its second. */
export function matchingReport(
  pairs: readonly Pair[],
  templates: ReadonlyMap<string, MaskedTemplate | null>,
): ChainReport[] {
  const chains: Chain[] = Object.keys(CHAINS).filter((name): name is Chain => name in CHAINS);
  const bare = thresholdAt(FMR, sorted(crossings('bare', templates)));
  return chains.map((chain) => {
    const scoreOf = ({ one, other }: Pair): number | null => {
      const reference = referenceOf(chain, templates.get(one) ?? null);
      const probe = templates.get(other)?.probes.get(probeOf(chain));
      return reference === null || probe === undefined ? null : cosine(reference, probe);
    };
    const genuine = pairs.filter(({ same }) => same).map(scoreOf);
    const impostor = pairs.filter(({ same }) => !same).map(scoreOf);
    const known = sorted(impostor.filter((score) => score !== null));
    const crossed = crossings(chain, templates);
    const threshold = thresholdAt(FMR, sorted(crossed));
    const at = (given: number) => ({
      threshold: given,
      fnmr: fnmrAt(given, genuine),
      fmr: crossed.filter((score) => score >= given).length / crossed.length,
    });
    const atBare = at(bare);
    return {
      chain,
      fnmr: fnmrAt(threshold, genuine),
      threshold,
      impostors: crossed.length,
      byStyle: MASK_STYLES.map((style) => {
        const own = pairs.filter(({ same, other }) => same && templates.get(other)?.style === style);
        return {
          style,
          missed: Math.round(fnmrAt(threshold, own.map(scoreOf)) * own.length),
          pairs: own.length,
        };
      }).filter(({ pairs: count }) => count > 0),
      fnmrByPairs: fnmrAt(thresholdAt(FMR, known), genuine),
      fnmrAtBare: atBare.fnmr,
      fmrAtBare: atBare.fmr,
      atDoor: at(DOOR),
      atDoorMasked: at(DOOR + MASK_MARGIN),
    };
  });
}

function probeOf(chain: Chain): Chain {
  if (chain === 'masked reference') return 'stock';
  return chain === 'masked reference, whole' ? 'whole' : chain;
}

function referenceOf(chain: Chain, template: MaskedTemplate | null): Float32Array | null {
  if (template === null) return null;
  return chain.startsWith('masked reference') ? (template.probes.get(chain) ?? null) : template.reference;
}

/** Scores of every reference against the probes of all people of other names. */
function crossings(chain: Chain, templates: ReadonlyMap<string, MaskedTemplate | null>): Float32Array {
  const scores = new Float32Array(templates.size ** 2);
  let count = 0;
  for (const [one, template] of templates) {
    const reference = referenceOf(chain, template);
    if (reference === null) continue;
    for (const [other, against] of templates) {
      const probe = against?.probes.get(probeOf(chain));
      if (probe !== undefined && personOf(one) !== personOf(other))
        scores[count++] = cosine(reference, probe);
    }
  }
  return scores.slice(0, count);
}

/** The report as lines for the terminal. */
export function matchingLines(
  pairs: readonly Pair[],
  templates: ReadonlyMap<string, MaskedTemplate | null>,
  report: readonly ChainReport[],
): string[] {
  const percent = (part: number) => `${(100 * part).toFixed(2)} %`;
  const errors = [...templates.values()].flatMap((template) => template?.pointError ?? []);
  const error = (of: 'stock' | 'own') => {
    const values = errors.map((each) => each[of]);
    return `${percent(quantile(values, 0.5))} (median), ${percent(quantile(values, 0.9))} (90th percentile)`;
  };
  const bounds = (missed: number, of: number) => {
    const { low, high } = rateOf(missed, of);
    return `${percent(low)} to ${percent(high)}`;
  };
  const genuine = pairs.filter(({ same }) => same).length;
  return [
    `LFW: ${templates.size} pictures, ${genuine} genuine pairs; masked face found in ${errors.length}`,
    `five points beneath the mask, parts of the eye distance: stock ${error('stock')}; own ${error('own')}`,
    ...report.map(
      ({ chain, fnmr, threshold, impostors, byStyle, fnmrByPairs, fnmrAtBare, fmrAtBare, ...door }) =>
        `${CHAINS[chain]}: FNMR ${percent(fnmr)} at FMR 1e-3 (95 %: ${bounds(Math.round(fnmr * genuine), genuine)}; ` +
        `${byStyle.map(({ style, missed, pairs: of }) => `${style} ${percent(missed / of)}`).join(', ')}; threshold ${threshold.toFixed(3)}, ${impostors} impostor comparisons; ` +
        `${percent(fnmrByPairs)} by the impostor pairs alone); at the bare threshold FNMR ${percent(fnmrAtBare)}, FMR ${fmrAtBare.toExponential(1)}; ` +
        [door.atDoor, door.atDoorMasked]
          .map(
            (at) => `at ${at.threshold.toFixed(2)} FNMR ${percent(at.fnmr)}, FMR ${at.fmr.toExponential(1)}`,
          )
          .join('; '),
    ),
  ];
}
