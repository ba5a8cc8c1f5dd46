import { cosine, type ErrorCode, MenshenError } from '../../common/index.ts';
import type { DecisionConfig, QualityConfig } from '../../config/index.ts';
import { type PromptCode, promptForGate } from '../../console/index.ts';
import {
  type EnrolmentLimits,
  enrolmentLimits,
  GATE_ADVICE,
  MISMATCH_SCORE,
  maskFaults,
  measureFaults,
} from '../../gallery/index.ts';
import type { ModelRef, Sighting, TrackCrop, TrackEnd } from '../../vision/client.ts';

/** Good frames of one face, one after the other, and the time from the first to the last. */
const FRAMES = 5;
const SPAN_MS = 800;
/** Progress is told no more often. */
const TELL_MS = 1000;

/** What keeps a face from being taken. */
export interface Missing {
  /** In words for whoever asked, with figures and limits. */
  readonly text: string;
  /** What the person may be told; null where there is nothing to be done before the camera. */
  readonly prompt: PromptCode | null;
}

const NOBODY: Missing = { text: 'nobody is before the camera', prompt: 'SHOW_FACE' };
const SEVERAL: Missing = {
  text: 'several people are in view: only the one meant may be',
  prompt: 'ONE_PERSON',
};
const WAITING: Missing = { text: 'waiting for the person to stand before the camera', prompt: 'SHOW_FACE' };
const GONE: Missing = { text: 'the person left the view', prompt: 'SHOW_FACE' };
const STILL: Missing = { text: 'hold still', prompt: 'HOLD_STILL' };
const NOT_ALIVE: Missing = { text: 'the face does not look alive', prompt: 'FACE_CAMERA' };
const ENCLOSED: Missing = {
  text: 'straight edges enclose the face like those of a screen or a sheet: move where there are none',
  prompt: null,
};
const ANOTHER: Missing = { text: 'the frames do not show one and the same face', prompt: 'HOLD_STILL' };

/** A face before a camera that was found good enough to enrol. */
export interface CameraFace {
  readonly vector: Float32Array;
  readonly model: ModelRef;
  readonly qualityScore: number;
  readonly jpeg: Uint8Array;
}

interface Watch {
  readonly found: (face: CameraFace) => void;
  readonly tell: (missing: Missing) => void;
  track: string;
  frames: Sighting[];
  picture: TrackCrop | null;
  missing: Missing;
  toldAt: number;
}

/**
 * Waits, when a command asks for it, for a person before a camera who can be enrolled: alone, well seen and alive in
 * several frames of one track. Looks at the sightings that the doors decide by; nothing is kept while nobody asks.
 */
export class CameraEnrolment {
  readonly #decision: Pick<
    DecisionConfig,
    'livenessThreshold' | 'livenessFloor' | 'enclosureThreshold' | 'minConsistency'
  >;
  readonly #limits: EnrolmentLimits;
  readonly #watches = new Map<string, Watch>();
  readonly #distrusted = new Map<string, string>();

  constructor(decision: DecisionConfig, quality: QualityConfig) {
    this.#decision = decision;
    this.#limits = enrolmentLimits(quality);
  }

  /** Whether somebody is waited for: then the face before this camera is to be looked at without pause. */
  waits(camera: string): boolean {
    return this.#watches.has(camera);
  }

  /** Why nobody is to be enrolled by this camera from now on; null takes that back. */
  distrust(camera: string, why: string | null): void {
    if (why === null) {
      this.#distrusted.delete(camera);
    } else {
      this.#distrusted.set(camera, why);
    }
    const watch = this.#watches.get(camera);
    if (watch === undefined) return;
    this.#begin(watch, '');
    this.#tell(watch, why === null ? NOBODY : suspicion(why));
  }

  /**
   * The next face before the camera that can be enrolled. `tell` is told what is missing.
   * @throws MenshenError COMMAND_BUSY; ENROLL_NO_FACE, ENROLL_SEVERAL_FACES, CAMERA_SUSPECT or else COMMAND_TIMED_OUT by what was missing last
   */
  async face(camera: string, withinMs: number, tell: (missing: Missing) => void): Promise<CameraFace> {
    if (this.#watches.has(camera)) {
      throw new MenshenError('COMMAND_BUSY', `somebody is being looked at before camera "${camera}" already`);
    }
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<CameraFace>((found, refuse) => {
        const suspect = this.#distrusted.get(camera);
        const missing = suspect === undefined ? NOBODY : suspicion(suspect);
        const watch = { found, tell, track: '', frames: [], picture: null, missing, toldAt: -Infinity };
        this.#watches.set(camera, watch);
        tell(suspect === undefined ? WAITING : missing);
        timer = setTimeout(() => {
          const code = this.#distrusted.has(camera) ? 'CAMERA_SUSPECT' : lacking(watch.missing);
          refuse(new MenshenError(code, `no face could be taken: ${watch.missing.text}`));
        }, withinMs);
      });
    } finally {
      clearTimeout(timer);
      this.#watches.delete(camera);
    }
  }

  sighting(sighting: Sighting): void {
    const watch = this.#watches.get(sighting.camera);
    if (watch === undefined || this.#distrusted.has(sighting.camera)) return;
    if (sighting.track !== watch.track) this.#begin(watch, sighting.track);
    const missing = this.#missing(watch, sighting);
    if (missing !== null) {
      watch.frames = [];
      this.#tell(watch, missing);
      return;
    }
    watch.frames.push(sighting);
    this.#tell(watch, STILL);
    this.#finish(watch);
  }

  crop(crop: TrackCrop): void {
    const watch = this.#watches.get(crop.camera);
    if (watch === undefined || crop.track !== watch.track || this.#distrusted.has(crop.camera)) return;
    if (watch.picture === null || crop.qualityScore >= watch.picture.qualityScore) watch.picture = crop;
    this.#finish(watch);
  }

  trackEnd(end: TrackEnd): void {
    const watch = this.#watches.get(end.camera);
    if (watch?.track === end.track && !this.#distrusted.has(end.camera)) {
      this.#begin(watch, '');
      this.#tell(watch, GONE);
    }
  }

  #begin(watch: Watch, track: string): void {
    watch.track = track;
    watch.frames = [];
    watch.picture = null;
  }

  /** What this frame lacks; null when it counts. */
  #missing(
    { frames }: Watch,
    { mask, quality, liveness, embedding, enclosure, facesInView }: Sighting,
  ): Missing | null {
    if (facesInView > 0) return SEVERAL;
    const [worn] = maskFaults({ mask });
    if (worn !== undefined) return { text: worn.text, prompt: 'REMOVE_MASK' };
    const [fault] = measureFaults(quality, this.#limits);
    if (fault !== undefined) return { text: fault.text, prompt: promptForGate(fault.gate) };
    if (quality.failed.length > 0 || liveness === null || embedding === null) {
      const advice = quality.failed.map((gate) => GATE_ADVICE[gate]);
      const [gate] = quality.failed;
      return {
        text: `the face is not seen well enough: ${advice.join('; ') || 'look at the camera'}`,
        prompt: gate === undefined ? 'SHOW_FACE' : promptForGate(gate),
      };
    }
    if (liveness.score < this.#decision.livenessFloor) return NOT_ALIVE;
    if (enclosure !== null && enclosure >= this.#decision.enclosureThreshold) return ENCLOSED;
    const [first] = frames;
    if (first?.embedding == null) return null;
    const likeness = cosine(first.embedding.vector, embedding.vector);
    return likeness < Math.max(MISMATCH_SCORE, this.#decision.minConsistency) ? ANOTHER : null;
  }

  #finish(watch: Watch): void {
    const { frames, picture } = watch;
    const [first] = frames;
    const last = frames.at(-1);
    if (first === undefined || last === undefined || frames.length < FRAMES) return;
    if (last.frame.capturedAt - first.frame.capturedAt < SPAN_MS) return;
    const recent = frames.slice(-FRAMES);
    const alive = recent.reduce((sum, { liveness }) => sum + (liveness?.score ?? 0), 0) / recent.length;
    if (alive < this.#decision.livenessThreshold) {
      this.#tell(watch, NOT_ALIVE);
      frames.shift();
      return;
    }
    const best = frames.reduce((a, b) => (b.quality.score > a.quality.score ? b : a));
    if (best.embedding === null || picture === null) return;
    const { vector, model } = best.embedding;
    watch.found({ vector, model, qualityScore: best.quality.score, jpeg: picture.jpeg });
  }

  #tell(watch: Watch, missing: Missing): void {
    watch.missing = missing;
    const now = performance.now();
    if (now - watch.toldAt < TELL_MS) return;
    watch.toldAt = now;
    watch.tell(missing);
  }
}

function suspicion(why: string): Missing {
  const text = `the stream of the camera is not believed (${why}): see to the camera and its cable`;
  return { text, prompt: null };
}

function lacking(missing: Missing): ErrorCode {
  if (missing === NOBODY) return 'ENROLL_NO_FACE';
  return missing === SEVERAL ? 'ENROLL_SEVERAL_FACES' : 'COMMAND_TIMED_OUT';
}
