import type { TrackCrop } from '../vision/client.ts';

/** A picture comes a moment after its sighting; one that takes longer belongs to nobody who waits for it. */
const WAIT_MS = 2000;
const MAX_TRACKS = 128;

interface Entry {
  best: { readonly jpeg: Uint8Array; readonly quality: number } | null;
  /** A decision that has no picture yet, and until when (monotonic ms) it waits for one. */
  waiting: { readonly decisionId: string; readonly until: number } | null;
}

/** Brings the best picture of a track and the decisions about it together, whichever comes first. */
export class TrackPictures {
  readonly #tracks = new Map<string, Entry>();

  /** A picture of the track has come. Gives the id of the decision that waited for it, or null. */
  add(crop: TrackCrop, now: number): string | null {
    const entry = this.#entry(crop.track);
    if (entry.best === null || crop.qualityScore >= entry.best.quality) {
      entry.best = { jpeg: crop.jpeg, quality: crop.qualityScore };
    }
    const { waiting } = entry;
    entry.waiting = null;
    return waiting !== null && now <= waiting.until ? waiting.decisionId : null;
  }

  /** The best picture of the track; without one yet, the decision waits for the next. */
  take(track: string, decisionId: string, now: number): Uint8Array | null {
    const entry = this.#entry(track);
    if (entry.best === null) {
      entry.waiting = { decisionId, until: now + WAIT_MS };
    }
    return entry.best?.jpeg ?? null;
  }

  #entry(track: string): Entry {
    const entry = this.#tracks.get(track) ?? { best: null, waiting: null };
    // Behind all others: the first is the one that nothing was heard of for longest.
    this.#tracks.delete(track);
    this.#tracks.set(track, entry);
    const [oldest] = this.#tracks.keys();
    if (this.#tracks.size > MAX_TRACKS && oldest !== undefined) {
      this.#tracks.delete(oldest);
    }
    return entry;
  }
}
