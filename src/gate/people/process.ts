/**
 * Changes people for the gate, in a process of its own: the thread of the doors waits for no disk, and a picture that
 * somebody sent is decoded where it can hurt nobody. Reads one request from stdin, and the photo behind it, writes one answer to stdout. The
 * gate takes over what changed as it does after `menshen enroll`.
 */
import { constants, setPriority } from 'node:os';
import { embeddingCurve } from '../../calibration/index.ts';
import { createLogger, isoNow, MenshenError, messageOf } from '../../common/index.ts';
import {
  type BundlingOptions,
  bundleRows,
  enrol,
  enrolFaces,
  enrolmentLimits,
  Gallery,
  judgePhoto,
} from '../../gallery/index.ts';
import { type PeopleAnswer, PeopleRequestSchema, type PeopleTask } from './protocol.ts';

const input: Buffer[] = [];
process.stdin.on('data', (chunk: Buffer) => input.push(chunk));
process.stdin.on('end', () => {
  void answer(Buffer.concat(input)).then((result) =>
    process.stdout.write(JSON.stringify(result), () => process.exit(0)),
  );
});

async function answer(input: Buffer): Promise<PeopleAnswer> {
  try {
    const end = input.indexOf('\n');
    const request: unknown = JSON.parse(input.subarray(0, end).toString());
    const { dataDir, key, task } = PeopleRequestSchema.parse(request);
    if (task.kind === 'look') return { ok: true, ...(await look(task)) };
    if (task.kind === 'bundle') return { ok: true, ...bundle({ dataDir, key }, task) };
    const gallery = Gallery.open({ dataDir, key, log: createLogger('menshen people', 'silent') });
    try {
      return { ok: true, ...(await carryOut(gallery, task, input.subarray(end + 1))) };
    } finally {
      gallery.close();
    }
  } catch (error) {
    const code = error instanceof MenshenError ? error.code : 'INTERNAL';
    return { ok: false, code, message: messageOf(error) };
  }
}

type Outcome = Omit<Extract<PeopleAnswer, { ok: true }>, 'ok'>;

async function carryOut(
  gallery: Gallery,
  task: Exclude<PeopleTask, { kind: 'look' | 'bundle' }>,
  jpeg: Buffer,
): Promise<Outcome> {
  switch (task.kind) {
    case 'upsert':
      return upsert(gallery, task);
    case 'remove':
      gallery.removePerson(task.id);
      return { id: task.id, created: false, qualityScore: 0 };
    case 'pass': {
      const { kind: _, ...request } = task;
      const { pass, token } = gallery.addPass(request);
      return { id: pass.id, created: true, qualityScore: 0, token };
    }
    case 'photo':
      return photo(gallery, task, jpeg);
    case 'face': {
      const bytes = Buffer.from(task.vector, 'base64');
      const vector = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
      const face = {
        label: 'The face before the camera',
        qualityScore: task.qualityScore,
        embedding: { vector, model: task.model },
        picture: Buffer.from(task.picture, 'base64'),
      };
      const { who: person, allowDuplicate } = task;
      const { curve } = await embeddingCurve(task.vision.modelsDir);
      const enrolled = enrolFaces(gallery, { person, allowDuplicate, curve }, [face]);
      return { id: enrolled.person.id, created: 'name' in person, qualityScore: task.qualityScore };
    }
  }
}

/** When nobody else wants the processor. */
function bundle(
  options: BundlingOptions,
  { limitMs, from }: Extract<PeopleTask, { kind: 'bundle' }>,
): Outcome {
  setPriority(constants.priority.PRIORITY_LOW);
  const next = bundleRows(options, limitMs, from);
  return { id: '', created: false, qualityScore: 0, ...(next === null ? {} : { next }) };
}

function upsert(gallery: Gallery, task: Extract<PeopleTask, { kind: 'upsert' }>): Outcome {
  const { kind: _, id, entitlement, ...change } = task;
  const known = gallery.get(id);
  if (known !== null) {
    gallery.updatePerson(id, { ...change, ...entitlement });
  } else if (change.name === undefined) {
    throw new MenshenError(
      'PERSON_NOT_FOUND',
      `Nobody with the id ${id} is enrolled; give a name to enter somebody new.`,
    );
  } else {
    const consent = change.consent ?? { local: false, cloud: false, at: isoNow(), version: 'none' };
    gallery.addPerson({ id, name: change.name, consent, ...entitlement }, []);
  }
  return { id, created: known === null, qualityScore: 0 };
}

/** The networks and the picture library are loaded only for a photo. */
async function photo(
  gallery: Gallery,
  task: Extract<PeopleTask, { kind: 'photo' }>,
  jpeg: Buffer,
): Promise<Outcome> {
  const { decodePhoto, encodeFace } = await import('../../photo/index.ts');
  const { quality } = task.vision;
  const analyser = await openAnalyser(task.vision);
  const { who: person, allowDuplicate } = task;
  const { curve } = await embeddingCurve(task.vision.modelsDir);
  const label = 'The photo';
  try {
    const { person: enrolled, photos } = await enrol(
      gallery,
      {
        person,
        allowDuplicate,
        curve,
        limits: enrolmentLimits(quality),
        photos: [{ label, read: () => decodePhoto(jpeg, label), store: encodeFace }],
      },
      analyser,
    );
    return { id: enrolled.id, created: 'name' in person, qualityScore: photos[0]?.qualityScore ?? 0 };
  } finally {
    await analyser.close();
  }
}

/** What each photo gives: a template, or the code of what is wrong with it. */
async function look({ jpegs, vision }: Extract<PeopleTask, { kind: 'look' }>): Promise<Outcome> {
  const { decodePhoto } = await import('../../photo/index.ts');
  const analyser = await openAnalyser(vision);
  const limits = enrolmentLimits(vision.quality);
  const looked: NonNullable<Outcome['looked']> = [];
  try {
    for (const jpeg of jpegs) {
      const label = 'The photo';
      const read = () => decodePhoto(Buffer.from(jpeg, 'base64'), label);
      try {
        const face = await judgePhoto({ label, read, store: async () => new Uint8Array() }, limits, analyser);
        const { vector, model } = face.embedding;
        const bytes = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
        looked.push({ vector: bytes.toString('base64'), model, qualityScore: face.qualityScore });
      } catch (error) {
        if (!(error instanceof MenshenError)) throw error;
        looked.push({ code: error.code });
      }
    }
    return { id: '', created: false, qualityScore: 0, looked };
  } finally {
    await analyser.close();
  }
}

async function openAnalyser(vision: Extract<PeopleTask, { kind: 'look' }>['vision']) {
  const { FaceAnalyser } = await import('../../vision/index.ts');
  const { defaultModelsDir } = await import('../../vision/models/index.ts');
  const { threads, detectionScore, quality, modelsDir = defaultModelsDir() } = vision;
  return FaceAnalyser.open({ modelsDir, threads, detectionScore, quality });
}
