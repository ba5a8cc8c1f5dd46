import { randomUUID } from 'node:crypto';
import { createLogger, isoNow } from '../../src/common/index.ts';
import { NOT_ENTITLED } from '../../src/gallery/entitlement.ts';
import { Gallery } from '../../src/gallery/index.ts';
import { defaultModelsDir, entryForRole, readCatalogue } from '../../src/vision/models/index.ts';
import { randomUnit } from './vectors.ts';

const BATCH = 10_000;

/** Enrols so many people of one random face each in the gallery of a data directory, sealed as all are. */
export async function enrolCrowd(dataDir: string, people: number): Promise<void> {
  const { id, version } = entryForRole(await readCatalogue(defaultModelsDir()), 'embedding');
  const gallery = Gallery.open({ dataDir, log: createLogger('bench', 'error') });
  const now = isoNow();
  for (let first = 0; first < people; first += BATCH) {
    gallery.transact((writer) => {
      for (let i = first; i < Math.min(first + BATCH, people); i++) {
        const personId = randomUUID();
        writer.putPerson({
          ...NOT_ENTITLED,
          id: personId,
          name: `Somebody ${i}`,
          consent: { local: true, cloud: false, at: now, version: '1' },
          idNumberHash: null,
          site: null,
          createdAt: now,
          updatedAt: now,
        });
        writer.addReference({
          id: randomUUID(),
          personId,
          pictureId: null,
          model: { id, version },
          qualityScore: 0.8,
          createdAt: now,
          vector: randomUnit(),
        });
      }
    });
  }
  gallery.close();
}
