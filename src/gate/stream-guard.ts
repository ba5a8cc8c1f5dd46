import type { Integrity, StreamIdentity } from '../camera/types.ts';
import type { CameraConfig } from '../config/index.ts';
import type { EventInput } from '../journal/index.ts';

/** Why a camera's stream is not believed, one entry a kind. */
interface Suspicion {
  readonly kind: Integrity['doubts'][number]['kind'] | 'parameters';
  readonly detail: string;
}

/**
 * Whether the stream of a camera is still that of the camera: what the vision process doubts, and whether size or
 * encoder are others than those the camera had first since the gate was started. The first stream is believed;
 * whoever sets the camera otherwise restarts the gate.
 */
export class StreamGuard {
  readonly #camera: string;
  readonly #policy: CameraConfig['injection'];
  #first: StreamIdentity | null = null;
  #suspicions: readonly Suspicion[] = [];

  constructor({ id, injection }: Pick<CameraConfig, 'id' | 'injection'>) {
    this.#camera = id;
    this.#policy = injection;
  }

  /** Why nobody may be let in by this camera now; null when they may. */
  get distrust(): string | null {
    if (this.#policy !== 'deny' || this.#suspicions.length === 0) return null;
    return this.#suspicions.map(({ kind, detail }) => `${kind}: ${detail}`).join('; ');
  }

  /** Takes a report of the vision process; gives the event to record, or null when it says nothing new. */
  report({ stream, doubts }: Integrity): EventInput | null {
    if (this.#policy === 'off') return null;
    this.#first ??= stream;
    // A reader that learns the encoder later than the size, or gives it up for that of ffmpeg, changes nothing else.
    if (this.#first.encoder === null) this.#first = { ...this.#first, encoder: stream.encoder };
    const before = kindsOf(this.#suspicions);
    this.#suspicions = [...doubts, ...changes(this.#first, stream)];
    const now = kindsOf(this.#suspicions);
    if (now === before) return null;
    const camera = this.#camera;
    if (now === '') return { type: 'camera.injection_cleared', camera, data: {} };
    const data = { doubts: this.#suspicions, denied: this.#policy === 'deny' };
    return { type: 'camera.injection_suspected', camera, data };
  }
}

function changes(first: StreamIdentity, now: StreamIdentity): Suspicion[] {
  const sameEncoder = now.encoder === null || now.encoder === first.encoder;
  if (sameEncoder && now.width === first.width && now.height === first.height) return [];
  const [was, is] = [first, now].map(
    ({ width, height, encoder }) => `${width}x${height} ${encoder ?? 'of an unknown encoder'}`,
  );
  return [{ kind: 'parameters', detail: `the stream is ${is}, and was ${was}` }];
}

function kindsOf(suspicions: readonly Suspicion[]): string {
  return suspicions
    .map(({ kind }) => kind)
    .sort()
    .join();
}
