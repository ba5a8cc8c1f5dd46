import type { Curve } from '../calibration/index.ts';
import type { Picture } from '../camera/types.ts';
import { cosine, type ErrorCode, MenshenError } from '../common/index.ts';
import type { Box, FaceAnalysis, QualityGate } from '../vision/types.ts';
import { type EnrolmentLimits, maskFaults, type QualityFault, qualityFaults } from './advice.ts';
import { duplicateScore } from './duplicates.ts';
import type { Gallery } from './gallery.ts';
import type { Consent, Embedding, NewReference, Person } from './types.ts';

/** Finds and measures the faces of a still picture; `all` asks for embeddings of those below the quality gate too. */
export interface PhotoAnalyser {
  analyse(picture: Picture, options?: { all?: boolean }): Promise<readonly FaceAnalysis[]>;
}

export interface EnrolPhoto {
  /** Names the photo in errors: its path. */
  readonly label: string;
  readonly read: () => Promise<Picture>;
  /** JPEG of the face with some surroundings, to be kept. */
  readonly store: (picture: Picture, face: Box) => Promise<Uint8Array>;
}

export interface EnrolRequest {
  /** Whom: somebody new (name and consent, with an id of the caller's choice if wanted), or somebody enrolled who gets more references. */
  readonly person:
    | { readonly name: string; readonly consent: Consent; readonly id?: string; readonly idNumber?: string }
    | { readonly enrolled: string; readonly consent?: Consent; readonly idNumber?: string };
  readonly photos: readonly EnrolPhoto[];
  /** See `enrolmentLimits`. */
  readonly limits: EnrolmentLimits;
  /** Enrol although somebody else looks the same (twins). */
  readonly allowDuplicate?: boolean;
  /** How the scores of the network are spread (`readCurve`): says from which score on somebody else looks the same. */
  readonly curve?: Curve | null;
  /**
   * Asked when nothing else stands against the enrolment, with the JPEG of the first photo's face; what it throws ends
   * the enrolment with nothing done.
   */
  readonly verify?: (portrait: Uint8Array) => Promise<void>;
}

export interface Enrolment {
  readonly person: Person;
  readonly photos: readonly { readonly label: string; readonly qualityScore: number }[];
}

/** Cosine below which two photos do not show one person. */
export const MISMATCH_SCORE = 0.35;

/** Photos of one call. */
export const MAX_PHOTOS = 20;

/** A face with at least this many times the area of every other is the one meant; the others are in the background. */
const FOREGROUND = 3;

/** A face that was found good enough to enrol. */
export interface AcceptedFace {
  /** Names where it comes from in errors. */
  readonly label: string;
  readonly qualityScore: number;
  readonly embedding: Embedding;
  /** JPEG of the face with some surroundings, to be kept. */
  readonly picture: Uint8Array;
}

/**
 * Makes references out of photos of one person and adds them to the gallery: all of them, or nothing.
 * No liveness is asked of a photo: the operator who enrols vouches for it.
 * Throws what `read` throws (PICTURE_...), ENROLL_NO_FACE, ENROLL_SEVERAL_FACES, ENROLL_POOR_QUALITY, ENROLL_MISMATCH,
 * ENROLL_DUPLICATE, PERSON_NAME_INVALID, PERSON_NOT_FOUND, ID_NUMBER_TAKEN, USAGE, and what `verify` throws. When several photos are unfit, the message
 * names them all, under the code of the first.
 */
export async function enrol(
  gallery: Gallery,
  request: EnrolRequest,
  analyser: PhotoAnalyser,
): Promise<Enrolment> {
  const { photos, limits } = request;
  if (photos.length < 1 || photos.length > MAX_PHOTOS) {
    throw new MenshenError(
      'USAGE',
      `Give 1 to ${MAX_PHOTOS} photos of a person; these are ${photos.length}.`,
    );
  }
  const accepted = await judgeAll(photos, limits, analyser);
  const [first] = accepted;
  if (request.verify !== undefined && first !== undefined) {
    checkFaces(gallery, request, accepted);
    await request.verify(first.picture);
  }
  return enrolFaces(gallery, request, accepted);
}

/**
 * Adds faces that were judged already to the gallery: all of them, or nothing.
 * Throws ENROLL_MISMATCH, ENROLL_DUPLICATE, PERSON_NAME_INVALID, PERSON_NOT_FOUND, ID_NUMBER_TAKEN, USAGE.
 */
export function enrolFaces(
  gallery: Gallery,
  request: Pick<EnrolRequest, 'person' | 'allowDuplicate' | 'curve'>,
  accepted: readonly AcceptedFace[],
): Enrolment {
  checkFaces(gallery, request, accepted);
  const { person } = request;
  const references: NewReference[] = accepted.map(({ embedding, qualityScore, picture }) => ({
    embedding,
    qualityScore,
    picture,
  }));
  return {
    person:
      'enrolled' in person
        ? gallery.addReferences(person.enrolled, references, person)
        : gallery.addPerson(person, references),
    photos: accepted.map(({ label, qualityScore }) => ({ label, qualityScore })),
  };
}

function checkFaces(
  gallery: Gallery,
  { person, allowDuplicate = false, curve = null }: Pick<EnrolRequest, 'person' | 'allowDuplicate' | 'curve'>,
  accepted: readonly AcceptedFace[],
): void {
  gallery.follow();
  checkSamePerson(accepted);
  const own = 'enrolled' in person ? person.enrolled : null;
  if (own !== null) checkSameAsEnrolled(gallery, own, accepted);
  if (!allowDuplicate) checkDuplicates(gallery, own, accepted, curve);
  if (person.idNumber !== undefined) gallery.checkIdNumber(person.idNumber, own);
}

async function judgeAll(
  photos: readonly EnrolPhoto[],
  limits: EnrolmentLimits,
  analyser: PhotoAnalyser,
): Promise<AcceptedFace[]> {
  const accepted: AcceptedFace[] = [];
  const refusals: MenshenError[] = [];
  for (const photo of photos) {
    try {
      accepted.push(await judgePhoto(photo, limits, analyser));
    } catch (error) {
      if (!(error instanceof MenshenError)) throw error;
      refusals.push(error);
    }
  }
  const [first] = refusals;
  if (first === undefined) return accepted;
  if (refusals.length === 1) throw first;
  throw new MenshenError(first.code, refusals.map((refusal) => refusal.message).join('\n'), {
    cause: new AggregateError(refusals),
  });
}

/** What a photo fails by: a gate of quality, a mask, no face, or several. */
export type PhotoLack = QualityGate | 'MASK' | 'NO_FACE' | 'SEVERAL_FACES';

/** A photo that nobody is to be enrolled from. */
export class UnfitPhoto extends MenshenError {
  readonly label: string;
  /** In the order in which to mend them. */
  readonly lacks: readonly PhotoLack[];

  constructor(code: ErrorCode, message: string, label: string, lacks: readonly PhotoLack[]) {
    super(code, message);
    this.label = label;
    this.lacks = lacks;
  }
}

/** Finds and judges the one face of a photo. Throws what `read` throws, ENROLL_NO_FACE, ENROLL_SEVERAL_FACES, ENROLL_POOR_QUALITY. */
export async function judgePhoto(
  photo: EnrolPhoto,
  limits: EnrolmentLimits,
  analyser: PhotoAnalyser,
): Promise<AcceptedFace> {
  const picture = await photo.read();
  const found = theFace(await analyser.analyse(picture, { all: true }), photo.label);
  const faults = [...maskFaults(found), ...qualityFaults(found, picture, limits)];
  if (faults.length > 0 || found.embedding === null) {
    const texts =
      faults.length > 0
        ? faults.map((fault) => fault.text)
        : [`gates failed: ${found.quality.failed.join(', ')}`];
    const lacks = faults.map((fault): PhotoLack => (isGateFault(fault) ? fault.gate : 'MASK'));
    throw new UnfitPhoto('ENROLL_POOR_QUALITY', `${photo.label}: ${texts.join('; ')}.`, photo.label, lacks);
  }
  return {
    label: photo.label,
    qualityScore: found.quality.score,
    embedding: found.embedding,
    picture: await photo.store(picture, found.face.box),
  };
}

function isGateFault(fault: Pick<QualityFault, 'text'>): fault is QualityFault {
  return 'gate' in fault;
}

function theFace(faces: readonly FaceAnalysis[], label: string): FaceAnalysis {
  const [first, second] = [...faces].sort((a, b) => area(b) - area(a));
  if (first === undefined) {
    throw new UnfitPhoto(
      'ENROLL_NO_FACE',
      `${label}: no face was found. Use a photo that shows the face from the front, upright and well lit.`,
      label,
      ['NO_FACE'],
    );
  }
  if (second !== undefined && area(first) < FOREGROUND * area(second)) {
    throw new UnfitPhoto(
      'ENROLL_SEVERAL_FACES',
      `${label}: ${faces.length} faces were found, and none stands out as the one meant. Use a photo with this person alone, or cut it out.`,
      label,
      ['SEVERAL_FACES'],
    );
  }
  return first;
}

function area({ face }: FaceAnalysis): number {
  return face.box.width * face.box.height;
}

function checkSamePerson(accepted: readonly AcceptedFace[]): void {
  for (const [index, one] of accepted.entries()) {
    for (const other of accepted.slice(index + 1)) {
      const score = cosine(one.embedding.vector, other.embedding.vector);
      if (score >= MISMATCH_SCORE) continue;
      throw new MenshenError(
        'ENROLL_MISMATCH',
        `${one.label} and ${other.label} seem to show different people (score ${score.toFixed(2)}, at least ${MISMATCH_SCORE} needed). Enrol each person by their own photos.`,
      );
    }
  }
}

/** References of other weights can't be compared; whoever has only those is taken at the operator's word. */
function checkSameAsEnrolled(gallery: Gallery, id: string, accepted: readonly AcceptedFace[]): void {
  for (const { label, embedding } of accepted) {
    const score = gallery.compare(id, embedding);
    if (score === null || score >= MISMATCH_SCORE) continue;
    throw new MenshenError(
      'ENROLL_MISMATCH',
      `${label} does not seem to show ${gallery.find(id).name}, who is enrolled with id ${id} (score ${score.toFixed(2)}, at least ${MISMATCH_SCORE} needed).`,
    );
  }
}

function checkDuplicates(
  gallery: Gallery,
  own: string | null,
  accepted: readonly AcceptedFace[],
  curve: Curve | null,
): void {
  const [first] = accepted;
  if (first === undefined) return;
  // Of all photos: one network makes their embeddings.
  const from = duplicateScore(gallery, first.embedding.model, curve);
  for (const { label, embedding } of accepted) {
    const other = gallery.search(embedding, 2).find((candidate) => candidate.personId !== own);
    if (other === undefined || other.score < from) continue;
    throw new MenshenError(
      'ENROLL_DUPLICATE',
      `${label} probably shows ${other.name}, who is enrolled with id ${other.personId} (score ${other.score.toFixed(2)}, duplicate from ${from.toFixed(2)}). ` +
        `To give that person another photo use --id ${other.personId}; to enrol a look-alike (twins) use --allow-duplicate.`,
    );
  }
}
