/**
 * What fusing frames of a probe, and several references, gain: `npx tsx scripts/measure-fusion.ts [--data FOLDER] [--single]`. The
 * folder holds clips and people.csv (clip, person). Every clip is compared with every other one. The tables of
 * docs/explanation/fusion.md come from here.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { cosine, parseCsv } from '../src/common/index.ts';
import { readPhoto } from '../src/photo/index.ts';
import type { FaceAnalyser } from '../src/vision/index.ts';
import { MaskMemory } from '../src/vision/mask-memory.ts';
import { openAnalyser } from './support/analyser.ts';

const { values } = parseArgs({
  options: {
    data: {
      type: 'string',
      default: fileURLToPath(new URL('../../shared/data/videos/asl', import.meta.url)),
    },
    /** What is worn is judged by each frame alone, not over the track. */
    single: { type: 'boolean', default: false },
  },
});

/** Frames of a clip that are compared, four a second, and how often a door looks, a second. */
const FRAMES = 7;
const EVERY = 3;
const RATE = 12;

/** Looks that call a face masked, and frames compared that do; nobody wears one. */
const masks = { looks: 0, masked: 0, frames: 0 };

interface Frame {
  readonly probe: Float32Array;
  readonly reference: Float32Array;
  readonly quality: number;
}

interface Clip {
  readonly person: string;
  readonly frames: readonly Frame[];
}

if (existsSync(join(values.data, 'people.csv'))) measure(await clipsOf(values.data));
else
  console.log(
    `Skipped: there is no ${join(values.data, 'people.csv')}; name the folder of the clips with --data.`,
  );

function measure(clips: readonly Clip[]): void {
  console.log(`${clips.length} clips of ${new Set(clips.map(({ person }) => person)).size} people`);
  console.log(
    `taken for masked, though nobody is: ${masks.masked} of ${masks.looks} looks, ${masks.frames} of the frames compared`,
  );
  for (const references of [1, 3]) {
    for (const frames of [1, 3, 5]) {
      report(
        `${references} of a clip's frames enrolled, ${frames} of another fused`,
        comparisons(clips, frames, (clip) => [sharpest(clip, references)]),
      );
    }
  }
  for (const frames of [1, 3]) {
    const two = (clip: Clip, probe: Clip) =>
      clips.filter((other) => other.person === clip.person && other !== probe).slice(0, 2);
    const firstOf = (clip: Clip, probe: Clip) =>
      two(clip, probe)[0] === clip && two(clip, probe).length === 2
        ? two(clip, probe).map((one) => sharpest(one, 1)[0])
        : [];
    report(
      `one clip, ${frames} fused`,
      comparisons(clips, frames, (clip, probe) =>
        firstOf(clip, probe)
          .slice(0, 1)
          .map((one) => [one]),
      ),
    );
    report(
      `best of two clips, ${frames} fused`,
      comparisons(clips, frames, (clip, probe) =>
        firstOf(clip, probe).length === 0 ? [] : [firstOf(clip, probe)],
      ),
    );
    report(
      `mean of two clips, ${frames} fused`,
      comparisons(clips, frames, (clip, probe) =>
        firstOf(clip, probe).length === 0
          ? []
          : [[mean(firstOf(clip, probe).map((vector) => ({ vector, weight: 1 })))]],
      ),
    );
  }
}

/** Scores of fused probes with each set of references that `references` gives for a clip. */
function comparisons(
  clips: readonly Clip[],
  size: number,
  references: (clip: Clip, probe: Clip) => readonly (readonly Float32Array[])[],
): { readonly genuine: number[]; readonly impostor: number[] } {
  const [genuine, impostor]: [number[], number[]] = [[], []];
  for (const probe of clips) {
    for (const clip of clips.filter((other) => other !== probe)) {
      for (const set of references(clip, probe)) {
        for (let first = 0; first + size <= probe.frames.length; first += size) {
          const fused = mean(
            probe.frames
              .slice(first, first + size)
              .map(({ probe: vector, quality }) => ({ vector, weight: Math.max(quality, 0.05) })),
          );
          const score = Math.max(...set.map((reference) => cosine(reference, fused)));
          (clip.person === probe.person ? genuine : impostor).push(score);
        }
      }
    }
  }
  return { genuine, impostor };
}

function sharpest({ frames }: Clip, count: number): Float32Array[] {
  return [...frames]
    .sort((a, b) => b.quality - a.quality)
    .slice(0, count)
    .map(({ reference }) => reference);
}

function mean(parts: readonly { readonly vector: Float32Array; readonly weight: number }[]): Float32Array {
  const sum = parts[0].vector.map((_, i) =>
    parts.reduce((total, { vector, weight }) => total + weight * vector[i], 0),
  );
  const norm = Math.sqrt(cosine(sum, sum));
  return sum.map((value) => value / norm);
}

function report(
  what: string,
  { genuine, impostor }: { readonly genuine: readonly number[]; readonly impostor: readonly number[] },
): void {
  const [g, i] = [momentsOf(genuine), momentsOf(impostor)];
  const separation = (g.mean - i.mean) / Math.sqrt((g.variance + i.variance) / 2);
  const missed = (at: number) =>
    `${((100 * genuine.filter((score) => score < at).length) / genuine.length).toFixed(1)} %`;
  console.log(
    `${what}: genuine ${g.mean.toFixed(3)} (least ${Math.min(...genuine).toFixed(3)}, ${genuine.length}), impostors ${i.mean.toFixed(3)} (most ${Math.max(...impostor).toFixed(3)}, ${impostor.length}), separation ${separation.toFixed(2)}, FNMR at 0.55 ${missed(0.55)}, at 0.60 ${missed(0.6)}`,
  );
}

function momentsOf(scores: readonly number[]): { readonly mean: number; readonly variance: number } {
  const average = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  return {
    mean: average,
    variance: scores.reduce((sum, score) => sum + (score - average) ** 2, 0) / scores.length,
  };
}

async function clipsOf(folder: string): Promise<Clip[]> {
  const [, ...rows] = parseCsv(readFileSync(join(folder, 'people.csv'), 'utf8')) ?? [];
  const list = rows.map(({ fields }) => z.tuple([z.string(), z.string()]).parse(fields));
  const work = mkdtempSync(join(tmpdir(), 'menshen-fusion-'));
  const analyser = await openAnalyser();
  try {
    const clips: Clip[] = [];
    for (const [clip, person] of list) {
      const place = join(work, clip);
      mkdirSync(place);
      const pictures = ['-vf', `fps=${RATE}`, '-q:v', '2', join(place, '%03d.jpg')];
      execFileSync('ffmpeg', ['-nostdin', '-loglevel', 'error', '-i', join(folder, clip), ...pictures]);
      clips.push({ person, frames: await framesOf(analyser, place) });
    }
    return clips;
  } finally {
    await analyser.close();
    rmSync(work, { recursive: true, force: true });
  }
}

/** The frames to be compared: every EVERYth, up to FRAMES of them; the mask is looked for in all, as at a door. */
async function framesOf(analyser: FaceAnalyser, place: string): Promise<Frame[]> {
  const worn = new MaskMemory();
  const frames: Frame[] = [];
  for (const [index, name] of readdirSync(place).sort().entries()) {
    if (frames.length === FRAMES) break;
    const picture = await readPhoto(join(place, name));
    const [face] = await analyser.find(picture);
    if (face === undefined) continue;
    const seen = await analyser.mask(picture, face);
    const fused = seen === null ? null : worn.add(seen);
    const mask = values.single ? seen : fused;
    masks.looks += 1;
    if (mask !== null && mask.state !== 'bare') masks.masked += 1;
    if (index % EVERY !== 0) continue;
    const landmarks = await analyser.landmarks(picture, face, mask);
    const { score } = analyser.quality(picture, face, landmarks);
    const probe = await analyser.embed(picture, landmarks, { mask });
    const reference = await analyser.embed(picture, landmarks, { mask, mirrored: true });
    if (probe === null || reference === null) continue;
    masks.frames += mask !== null && mask.state !== 'bare' ? 1 : 0;
    frames.push({ probe: probe.vector, reference: reference.vector, quality: score });
  }
  return frames;
}
