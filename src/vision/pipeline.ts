import type { Frame, Picture } from '../camera/types.ts';
import { monotonicMs } from '../common/index.ts';
import type { FaceAnalyser } from './analyser.ts';
import { Attention, type RecognisePolicy } from './attention.ts';
import type { Witness } from './challenge/witness.ts';
import { type CutFace, FaceCropper } from './crop.ts';
import type { Landmarks } from './landmarks.ts';
import { MaskMemory } from './mask-memory.ts';
import type { Area } from './messages.ts';
import { SameFace } from './same-face.ts';
import { StepTimes } from './step-times.ts';
import { type EndedTrack, type Track, Tracker } from './tracker.ts';
import {
  type Box,
  type DetectedFace,
  type MaskLook,
  type MaskReading,
  QUALITY_GATES,
  type QualityReport,
  type Sighting,
  type Stage,
  type TrackCrop,
  type TrackEnd,
} from './types.ts';
import { Vigil } from './vigil.ts';

/** Once a frame has taken this long and a face of it was recognised, no further one is looked at: the next frame is fresher. */
const FRAME_BUDGET_MS = 40;

/**
 * A face lowered further is not compared: on films of nods the cosine with the same face fell to 0.2 there, and stayed
 * above 0.6 whichever other way the head went.
 */
const LOWERED_DEGREES = -18;

export interface PipelineOptions {
  readonly camera: string;
  /** Recognition area; a face whose centre is outside fails the gate MARGIN. */
  readonly area: Area;
  /** Faces followed at the same time; the largest first. */
  readonly maxFaces: number;
  readonly recognise: RecognisePolicy;
  /** While nobody is in view and nothing moves, faces are looked for this often, ms; 0 or left out: in every frame. */
  readonly idleIntervalMs?: number;
  /** Watches a track that was asked to do something. */
  readonly witness?: Pick<Witness, 'watches' | 'frame' | 'look' | 'trackEnded' | 'expire'>;
}

/** The picture of a face for the record, to be compressed. */
export interface UncodedCrop extends Omit<TrackCrop, 'jpeg'> {
  readonly face: CutFace;
}

/** Who is told what a frame shows, each thing as soon as it is known. */
export interface PipelineListener {
  sighting(sighting: Sighting): void;
  trackEnd(end: TrackEnd): void;
  /** After every sighting of the frame. */
  crop(crop: UncodedCrop): void;
}

interface Followed {
  attention: Attention;
  identity: SameFace;
  worn: MaskMemory;
}

/** One frame on its way through the steps. */
interface Visit {
  readonly frame: Frame;
  readonly listener: PipelineListener;
  /** Faces whose picture goes into the record. */
  readonly pictured: { readonly track: Track; readonly qualityScore: number }[];
}

/** What was found of a face on the way. */
interface Findings {
  /** In this frame alone, and by all looks at the track. */
  readonly seen: MaskLook | null;
  readonly mask: MaskReading | null;
  readonly landmarks: Landmarks;
  readonly quality: QualityReport;
}

/** One face of it. */
interface Look {
  readonly visit: Visit;
  readonly track: Track;
  readonly facesInView: number;
  readonly timings: Partial<Record<Stage, number>>;
  /** Its actions are watched: it is looked at whatever recognition needs. */
  readonly watched: boolean;
}

/** What the networks of recognition found of a face. */
interface Recognised {
  readonly track: Track;
  readonly likeness: number | null;
  /** Null where the face was only compared. */
  readonly liveness: number | null;
}

/**
 * From frames to sightings: finds and follows the faces, and recognises the best frames of each. Liveness and
 * embedding of a sighting are always of one frame, and an embedding that contradicts those before it on its track
 * ends the track before the sighting is told, so that no track ever carries two people.
 */
export class Pipeline {
  /** How long the steps took. */
  readonly times = new StepTimes();
  readonly #analyser: FaceAnalyser;
  readonly #cropper = new FaceCropper();
  readonly #options: PipelineOptions;
  readonly #tracker = new Tracker();
  readonly #followed = new Map<string, Followed>();
  readonly #vigil: Vigil;

  constructor(analyser: FaceAnalyser, options: PipelineOptions) {
    this.#analyser = analyser;
    this.#options = options;
    this.#vigil = new Vigil(options.idleIntervalMs ?? 0);
  }

  /** Looks at a frame; one at a time. The frame's picture is not used after the promise has settled. */
  async process(frame: Frame, listener: PipelineListener): Promise<void> {
    if (!this.#vigil.due(frame, !this.#tracker.empty)) return;
    const started = monotonicMs();
    const faces = await this.#analyser.detect(frame.picture);
    const detect = monotonicMs() - started;
    this.times.add('detect', detect);

    const { tracks, ended } = this.#tracker.update(largest(faces, this.#options.maxFaces), frame.capturedAt);
    for (const track of ended) listener.trackEnd(this.#forget(track));
    this.#options.witness?.frame(frame, tracks, faces);
    const visit: Visit = { frame, listener, pictured: [] };
    let recognised = 0;
    for (const track of this.#inOrder(tracks)) {
      const watched = this.#options.witness?.watches(track.id) ?? false;
      const look = { visit, track, facesInView: faces.length - 1, timings: { detect }, watched };
      const hurried = recognised > 0 && monotonicMs() - started > FRAME_BUDGET_MS;
      if (await this.#look(look, hurried)) recognised++;
    }
    this.#options.witness?.expire(frame.capturedAt);
    this.times.add('frame', monotonicMs() - started);
    this.#picture(visit);
  }

  /** Ends the tracks that have not been seen for too long; for times without frames. `now` is monotonic ms. */
  expire(now: number): TrackEnd[] {
    const ends = this.#tracker.expire(now).map((track) => this.#forget(track));
    this.#options.witness?.expire(now);
    return ends;
  }

  /** Whether the track is followed. */
  follows(track: string): boolean {
    return this.#followed.has(track);
  }

  /** The track needs no recognition before `until` (monotonic ms). */
  settle(track: string, until: number): void {
    this.#followed.get(track)?.attention.settle(until);
  }

  /** Takes `settle` back. */
  resume(track: string): void {
    this.settle(track, Number.NEGATIVE_INFINITY);
  }

  /** The next recognised frame of the track is told with its picture, however good it is. */
  wantPicture(track: string): void {
    this.#followed.get(track)?.attention.wantPicture();
  }

  /** Faces in this frame, those passed over too often first, then the largest, which are the nearest. */
  #inOrder(tracks: readonly Track[]): Track[] {
    const urgent = (track: Track): number => (this.#followed.get(track.id)?.attention.urgent ? 1 : 0);
    return tracks
      .filter((track) => track.seen)
      .sort((a, b) => urgent(b) - urgent(a) || area(b.face.box) - area(a.face.box));
  }

  /** Takes one face through the steps that are due; answers whether the networks of recognition ran. */
  async #look(look: Look, hurried: boolean): Promise<boolean> {
    const { visit, track } = look;
    const { frame, listener } = visit;
    const { attention } = this.#state(track.id);
    if (!look.watched && !attention.wanted(frame.capturedAt, track.doubt)) return false;
    if (hurried && !look.watched) {
      attention.passOver();
      return false;
    }
    attention.look();
    const settled = attention.settled(frame.capturedAt);
    const seen = await this.#timed(look, 'mask', () => this.#analyser.mask(frame.picture, track.face));
    const mask = seen === null ? null : this.#worn(track, seen);
    const landmarks = await this.#timed(look, 'landmarks', () =>
      this.#analyser.landmarks(frame.picture, track.face, mask),
    );
    const quality = await this.#timed(look, 'quality', () =>
      this.#quality(frame.picture, track.face, landmarks),
    );
    const findings = { seen, mask, landmarks, quality };
    if (look.watched) return this.#watch(look, findings);
    if (quality.failed.length > 0) {
      if (!settled && attention.tellBelowGate(frame.capturedAt, quality)) {
        listener.sighting(this.#sighting(look, findings, null));
      }
      return false;
    }
    if (!settled && !attention.due(frame.capturedAt, quality)) return false;
    await this.#recognise(look, findings);
    return true;
  }

  /** One face whose actions are watched; it is compared with its track even where it is turned too far for a sighting. */
  async #watch(look: Look, findings: Findings): Promise<boolean> {
    const { landmarks, quality } = findings;
    const { frame } = look.visit;
    const comparable =
      quality.pitch >= LOWERED_DEGREES &&
      quality.failed.every((gate) => gate === 'POSE' || gate === 'MARGIN');
    const found = comparable ? await this.#recognise(look, findings) : null;
    const track = found?.track ?? look.track;
    const { likeness = null, liveness = null } = found ?? {};
    const recognised = liveness !== null;
    await this.#options.witness?.look({ frame, track, landmarks, likeness, liveness, recognised });
    return recognised;
  }

  /** What is worn by all looks at the track; by this one alone while another face may have taken its place. */
  #worn({ id, doubt }: Track, seen: MaskLook): MaskReading | null {
    return doubt ? readingOf(seen) : this.#state(id).worn.add(seen);
  }

  async #recognise(look: Look, findings: Findings): Promise<Recognised | null> {
    const { mask, landmarks, quality } = findings;
    const { frame, listener, pictured } = look.visit;
    const { picture, capturedAt } = frame;
    const embedding = await this.#timed(look, 'embedding', () =>
      this.#analyser.embed(picture, landmarks, { mask }),
    );
    if (embedding === null) return null;
    const likeness = this.#state(look.track.id).identity.likeness(embedding.vector);
    const track = this.#verified(look, embedding.vector);
    if (quality.failed.length > 0) return { track, likeness, liveness: null };
    const { attention, identity } = this.#state(track.id);
    identity.add(embedding.vector);
    if (!look.watched && attention.settled(capturedAt)) {
      attention.checked(capturedAt);
      return { track, likeness, liveness: null };
    }
    const liveness = await this.#timed(look, 'liveness', () => this.#analyser.liveness(picture, track.face));
    const enclosure = await this.#timed(look, 'enclosure', () =>
      this.#analyser.enclosure(picture, track.face),
    );
    // What the face before it wore says nothing of another one.
    const own = track.id === look.track.id ? findings : { ...findings, mask: readingOf(findings.seen) };
    listener.sighting(this.#sighting({ ...look, track }, own, { embedding, liveness, enclosure }));
    if (attention.recognised(capturedAt, quality)) pictured.push({ track, qualityScore: quality.score });
    return { track, likeness, liveness: liveness.score };
  }

  /** Cuts out the pictures for the record; only now, because nobody at a door waits for them. */
  #picture({ frame, listener, pictured }: Visit): void {
    for (const { track, qualityScore } of pictured) {
      const started = monotonicMs();
      const face = this.#cropper.cut(frame.picture, track.face.box);
      this.times.add('crop', monotonicMs() - started);
      listener.crop({ camera: this.#options.camera, track: track.id, seq: frame.seq, qualityScore, face });
    }
  }

  /** The track if the embedding is of its face; else the track ends and the face goes on under another id. */
  #verified({ track, visit }: Look, vector: Float32Array): Track {
    if (this.#state(track.id).identity.admits(vector, track.doubt)) {
      this.#tracker.confirm(track.id);
      return track;
    }
    const split = this.#tracker.split(track.id);
    if (split === null) return track;
    visit.listener.trackEnd(this.#forget(split.ended));
    return split.track;
  }

  #quality(picture: Picture, face: DetectedFace, landmarks: Landmarks): QualityReport {
    const area = this.#areaOf(picture);
    const quality = this.#analyser.quality(picture, face, landmarks, area);
    if (quality.failed.includes('MARGIN') || holdsCentre(area, face.box)) return quality;
    return {
      ...quality,
      failed: QUALITY_GATES.filter((gate) => gate === 'MARGIN' || quality.failed.includes(gate)),
    };
  }

  #areaOf(picture: Picture): Box {
    const { left, top, right, bottom } = this.#options.area;
    return {
      x: left * picture.width,
      y: top * picture.height,
      width: (right - left) * picture.width,
      height: (bottom - top) * picture.height,
    };
  }

  #sighting(
    look: Look,
    { mask, quality }: Findings,
    recognition: Pick<Sighting, 'embedding' | 'liveness' | 'enclosure'> | null,
  ): Sighting {
    const { visit, track, timings, facesInView } = look;
    const { seq, capturedAt, picture } = visit.frame;
    return {
      camera: this.#options.camera,
      track: track.id,
      frame: { seq, capturedAt, width: picture.width, height: picture.height },
      box: track.face.box,
      quality,
      mask,
      embedding: recognition?.embedding ?? null,
      liveness: recognition?.liveness ?? null,
      enclosure: recognition?.enclosure ?? null,
      timings,
      facesInView,
    };
  }

  #state(track: string): Followed {
    const known = this.#followed.get(track);
    if (known !== undefined) return known;
    const state = {
      attention: new Attention(this.#options.recognise),
      identity: new SameFace(),
      worn: new MaskMemory(),
    };
    this.#followed.set(track, state);
    return state;
  }

  #forget(ended: EndedTrack): TrackEnd {
    const { id, frames, lastSeenAt } = ended;
    this.#followed.delete(id);
    this.#options.witness?.trackEnded(ended);
    return { camera: this.#options.camera, track: id, frames, lastSeenAt };
  }

  async #timed<T>(look: Look, stage: Stage, step: () => T | Promise<T>): Promise<T> {
    const started = monotonicMs();
    const result = await step();
    const ms = monotonicMs() - started;
    look.timings[stage] = ms;
    this.times.add(stage, ms);
    return result;
  }
}

function readingOf(seen: MaskLook | null): MaskReading | null {
  return seen === null ? null : { state: seen.state, score: seen.score, model: seen.model };
}

function area(box: Box): number {
  return box.width * box.height;
}

function largest(faces: readonly DetectedFace[], count: number): DetectedFace[] {
  return [...faces].sort((a, b) => area(b.box) - area(a.box)).slice(0, count);
}

function holdsCentre(area: Box, box: Box): boolean {
  const x = box.x + box.width / 2 - area.x;
  const y = box.y + box.height / 2 - area.y;
  return x >= 0 && y >= 0 && x <= area.width && y <= area.height;
}
