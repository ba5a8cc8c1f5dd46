/**
 * What fusing frames of a probe, and several references, gain: `npx tsx scripts/measure-fusion.ts [--data FOLDER]`. The
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
import { parseCsv } from '../src/common/index.ts';
import { VisionSchema } from '../src/config/schema/vision.ts';
import { type Analysed, analysePictures, openJudge } from '../src/evaluate/index.ts';
import { cosine } from '../src/evaluate/measures/comparisons.ts';

const { values } = parseArgs({
  options: {
    data: {
      type: 'string',
      default: fileURLToPath(new URL('../../shared/data/videos/asl', import.meta.url)),
    },
  },
});

/** Frames taken of a clip, four a second. */
const FRAMES = 7;

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
  const judge = await openJudge(VisionSchema.parse({ threads: 1 }));
  try {
    const clips: Clip[] = [];
    for (const [clip, person] of list) {
      const place = join(work, clip);
      mkdirSync(place);
      const pictures = ['-vf', 'fps=4', '-frames:v', String(FRAMES), '-q:v', '2', join(place, '%02d.jpg')];
      execFileSync('ffmpeg', ['-nostdin', '-loglevel', 'error', '-i', join(folder, clip), ...pictures]);
      const paths = readdirSync(place)
        .sort()
        .map((name) => join(place, name));
      clips.push({ person, frames: (await analysePictures(judge, paths, null, () => {})).flatMap(frameOf) });
    }
    return clips;
  } finally {
    await judge.close();
    rmSync(work, { recursive: true, force: true });
  }
}

function frameOf({ probe, reference, quality }: Analysed): Frame[] {
  return probe === null || reference === null ? [] : [{ probe, reference, quality: quality?.score ?? 0 }];
}
