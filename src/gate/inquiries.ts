import type { CloudInquiry, CloudReport, Inquiry } from '../access/index.ts';
import { askAboutFace, type FaceCalls } from '../cloud/asking.ts';
import { type Logger, messageOf, monotonicMs } from '../common/index.ts';
import type { DecisionConfig } from '../config/index.ts';
import type { Gallery } from '../gallery/index.ts';
import type { TrackCrop } from '../vision/client.ts';

/** Newest pictures of tracks that are kept to be asked about. */
const MAX_TRACKS = 128;

export interface InquiryParts {
  readonly gallery: Pick<Gallery, 'follow' | 'get' | 'picture'>;
  readonly cloud: FaceCalls;
  readonly policy: DecisionConfig;
  readonly log: Logger;
  /** Asks the camera's vision process for a picture of the track. */
  readonly depict: (camera: string, track: string) => void;
  /** Hands in what came of an inquiry. */
  readonly answer: (inquiry: Inquiry, report: CloudReport) => void;
}

interface Running {
  readonly inquiry: CloudInquiry;
  readonly cancel: AbortController;
  /** Runs out when no picture came in time; null once the question is being asked. */
  waiting: NodeJS.Timeout | null;
}

/**
 * Carries the inquiries of one door out: finds the live picture, looks the stored ones up, asks the cloud, hands the
 * answer in. Nobody waits for it: the door, the exit button and other tracks go on meanwhile.
 */
export class Inquiries {
  readonly #parts: InquiryParts;
  readonly #pictures = new Map<string, { readonly crop: TrackCrop }>();
  readonly #running = new Map<string, Running>();

  constructor(parts: InquiryParts) {
    this.#parts = parts;
  }

  begin(inquiry: Inquiry): void {
    this.drop(inquiry.track);
    const running: Running = { inquiry, cancel: new AbortController(), waiting: null };
    this.#running.set(inquiry.track, running);
    const crop = this.#pictures.get(inquiry.track)?.crop;
    if (crop !== undefined && this.#isFresh(inquiry, crop)) {
      this.#ask(running, crop);
      return;
    }
    this.#parts.depict(inquiry.camera, inquiry.track);
    const left = Math.max(0, inquiry.until - monotonicMs());
    running.waiting = setTimeout(() => this.#fail(running, 'no picture came in time'), left);
  }

  /** A picture of a track; one that was waited for is asked about at once. */
  picture(crop: TrackCrop): void {
    this.#pictures.delete(crop.track);
    this.#pictures.set(crop.track, { crop });
    const [oldest] = this.#pictures.keys();
    if (this.#pictures.size > MAX_TRACKS && oldest !== undefined) this.#pictures.delete(oldest);
    const running = this.#running.get(crop.track);
    if (running?.waiting != null && crop.seq >= (running.inquiry.frames[0]?.seq ?? 0)) {
      this.#ask(running, crop);
    }
  }

  /** The attempt is over: nothing further is sent about it. */
  drop(track: string): void {
    const running = this.#running.get(track);
    if (running === undefined) return;
    this.#running.delete(track);
    clearTimeout(running.waiting ?? undefined);
    running.cancel.abort();
  }

  /** The track has ended, and its pictures with it. */
  forget(track: string): void {
    this.drop(track);
    this.#pictures.delete(track);
  }

  /** Whether the picture is of the evidence in question, and of a moment ago. */
  #isFresh({ frames }: CloudInquiry, { seq }: TrackCrop): boolean {
    const frame = frames.find((one) => one.seq === seq);
    return frame !== undefined && monotonicMs() - frame.capturedAt <= this.#parts.policy.maxFrameAgeMs;
  }

  #ask(running: Running, crop: TrackCrop): void {
    clearTimeout(running.waiting ?? undefined);
    running.waiting = null;
    this.#carryOut(running, crop).catch((error: unknown) => {
      this.#parts.log.error({ track: crop.track, err: messageOf(error) }, 'the cloud could not be asked');
      this.#fail(running, 'the stored picture could not be read');
    });
  }

  async #carryOut(running: Running, crop: TrackCrop): Promise<void> {
    const { gallery, cloud, policy } = this.#parts;
    const { candidate, runnerUp, until } = running.inquiry;
    const people = runnerUp === null ? [candidate] : [candidate, runnerUp];
    // Read from the file each time, because another process may have taken the consent back a moment ago.
    const permit = () => {
      gallery.follow();
      return people.every(({ personId }) => gallery.get(personId)?.consent.cloud === true);
    };
    if (!permit()) return this.#fail(running, 'the consent to the cloud is gone');
    const [stored, other] = people.map(({ personId, referenceId }) => gallery.picture(personId, referenceId));
    if (stored == null || (runnerUp !== null && other == null)) {
      return this.#fail(running, 'no picture is stored to compare with');
    }
    const answer = await askAboutFace(
      cloud,
      { live: crop.jpeg, candidate: stored, runnerUp: other ?? null },
      {
        until,
        permit,
        signal: running.cancel.signal,
        compareThreshold: policy.escalation.compareThreshold,
      },
    );
    this.#finish(running, { seq: crop.seq, failure: null, ...answer });
  }

  #fail(running: Running, failure: string): void {
    this.#finish(running, { seq: null, failure, liveness: null, compare: null, runnerUp: null });
  }

  #finish(running: Running, report: CloudReport): void {
    if (this.#running.get(running.inquiry.track) !== running) return;
    this.drop(running.inquiry.track);
    this.#parts.answer(running.inquiry, report);
  }
}
