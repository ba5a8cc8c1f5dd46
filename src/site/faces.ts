import type { SiteFace, SitePerson } from './person.ts';
import type { SiteFault } from './report.ts';

/** An embedding network: id and version. */
export interface ModelName {
  readonly id: string;
  readonly version: string;
}

/** A template as the gallery takes it. */
export interface SiteTemplate {
  /** 512 floats of norm 1. */
  readonly vector: Float32Array;
  readonly model: ModelName;
  readonly qualityScore: number;
}

/** What came of a photo that was looked at: a template, or why there is none. */
export type Looked = SiteTemplate | { readonly code: string };

/** A person as the gallery takes them. */
export interface Arrival {
  readonly person: SitePerson;
  readonly version: number;
  readonly digest: string;
  readonly templates: readonly SiteTemplate[];
  readonly faults: readonly SiteFault[];
}

/** Photos that a gate with this model has to look at, by their place among the faces. */
export function photosNeeded({ faces }: SitePerson, model: ModelName): readonly string[] {
  return faces.flatMap((face) => (face.photo !== null && !fits(face, model) ? [face.photo] : []));
}

/** `looked`: what came of the photos, by name. */
export function arrivalOf(
  person: SitePerson,
  { version, digest }: { readonly version: number; readonly digest: string },
  model: ModelName,
  looked: ReadonlyMap<string, Looked>,
): Arrival {
  const templates: SiteTemplate[] = [];
  const faults: SiteFault[] = [];
  for (const [face, { template, photo, qualityScore }] of person.faces.entries()) {
    const found: Looked | undefined =
      template !== null && same(template.model, model)
        ? { vector: floats(template.vector), model, qualityScore }
        : looked.get(photo ?? '');
    if (found === undefined) faults.push({ id: person.id, face, code: 'SITE_FACE_UNUSABLE' });
    else if ('code' in found) faults.push({ id: person.id, face, code: found.code });
    else if (isUnit(found.vector)) templates.push(found);
    else faults.push({ id: person.id, face, code: 'SITE_FACE_UNUSABLE' });
  }
  return { person, version, digest, templates, faults };
}

function fits({ template }: SiteFace, model: ModelName): boolean {
  return template !== null && same(template.model, model);
}

function same(one: ModelName, other: ModelName): boolean {
  return one.id === other.id && one.version === other.version;
}

function floats(base64: string): Float32Array {
  const bytes = Buffer.from(base64, 'base64');
  return Float32Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4));
}

function isUnit(vector: Float32Array): boolean {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return vector.length === 512 && Math.abs(Math.sqrt(sum) - 1) < 1e-3;
}
