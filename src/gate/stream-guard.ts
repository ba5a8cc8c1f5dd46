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
    this.#first = believed(this.#first ?? stream, stream);
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

/** What is known of the camera: that our reader can read it, and its encoder, may come out only after the first report. */
function believed(first: StreamIdentity, now: StreamIdentity): StreamIdentity {
  const reader = now.reader === 'own' ? now.reader : (first.reader ?? now.reader);
  return { ...first, encoder: first.encoder ?? now.encoder, reader };
}

function changes(first: StreamIdentity, now: StreamIdentity): Suspicion[] {
  // Where ffmpeg has to read the camera, and as long as our reader has just begun, none may be told.
  const untold = now.encoder === null && now.reader !== 'own';
  const sameEncoder = untold || now.encoder === first.encoder;
  const sameReader = now.reader !== 'ffmpeg' || first.reader !== 'own';
  const sameSize = now.width === first.width && now.height === first.height;
  if (sameEncoder && sameReader && sameSize) return [];
  const was = wordsOf(first, '');
  const is = wordsOf(now, sameReader ? '' : ', sent so that only ffmpeg can read it');
  return [{ kind: 'parameters', detail: `the stream is ${is}, and was ${was}` }];
}

function wordsOf({ width, height, encoder }: StreamIdentity, more: string): string {
  return `${width}x${height} ${encoder ?? 'of an unknown encoder'}${more}`;
}

function kindsOf(suspicions: readonly Suspicion[]): string {
  return suspicions
    .map(({ kind }) => kind)
    .sort()
    .join();
}
