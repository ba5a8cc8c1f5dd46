import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../src/common/index.ts';
import { Gallery } from '../src/gallery/index.ts';
import { atMost, type BenchRow, told } from './row.ts';
import { enrolCrowd } from './support/crowd-gallery.ts';
import { ownCpuMs } from './support/processes.ts';

const SIZES = [10_000, 100_000, 1_000_000];
const BOUND_S = 20;

/** Opening an encrypted gallery: reading, proving and unsealing every row, and making the index. CPU time of one core. */
export async function benchGalleryLoad(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const size of SIZES) {
    const dataDir = mkdtempSync(join(tmpdir(), 'menshen-load-'));
    try {
      await enrolCrowd(dataDir, size);
      const begun = ownCpuMs();
      const gallery = Gallery.open({ dataDir, log: createLogger('bench', 'error') });
      const seconds = (ownCpuMs() - begun) / 1000;
      gallery.close();
      const what = `Opening an encrypted gallery of ${size} people with a reference each, CPU time`;
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
