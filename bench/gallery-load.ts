import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../src/common/index.ts';
import { bundleRows, Gallery } from '../src/gallery/index.ts';
import { atMost, type BenchRow, told } from './row.ts';
import { enrolCrowd } from './support/crowd-gallery.ts';
import { ownCpuMs } from './support/processes.ts';

const SIZES = [10_000, 100_000, 1_000_000];
/** Up to so many people the opening without bundles is measured beside it: beyond it takes minutes. */
const ALONE = 100_000;
const BOUND_S = 20;

/**
 * Opening an encrypted gallery as the gate does, in slices: proving and unsealing all there is, and making the index. Without
 * bundles as after the first enrolment of all these people, with them as at every later start. CPU time of one core.
 */
export async function benchGalleryLoad(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const size of SIZES) {
    const dataDir = mkdtempSync(join(tmpdir(), 'menshen-load-'));
    try {
      await enrolCrowd(dataDir, size);
      const people = `an encrypted gallery of ${size} people with a reference each, CPU time`;
      if (size <= ALONE)
        rows.push(told(`load.${size}.alone`, await open(dataDir), 's', `Opening ${people}, row by row`));
      const begun = ownCpuMs();
      bundleRows({ dataDir }, Number.POSITIVE_INFINITY);
      rows.push(told(`load.${size}.bundling`, secondsSince(begun), 's', `Bundling ${people}`));
      const seconds = await open(dataDir);
      const what = `Opening ${people}`;
      rows.push(
        size === SIZES.at(-1)
          ? atMost(`load.${size}`, seconds, 's', BOUND_S, what)
          : told(`load.${size}`, seconds, 's', what),
      );
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  }
  return rows;
}

async function open(dataDir: string): Promise<number> {
  const begun = ownCpuMs();
  const log = createLogger('bench', 'error');
  const gallery = await Gallery.openInSlices({ dataDir, log }, new AbortController().signal);
  const seconds = secondsSince(begun);
  gallery.close();
  return seconds;
}

function secondsSince(begun: number): number {
  return (ownCpuMs() - begun) / 1000;
}
