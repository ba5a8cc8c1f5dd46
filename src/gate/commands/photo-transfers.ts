import { createHash } from 'node:crypto';
import { MAX_PHOTO_BYTES, type Params } from '../../commands/index.ts';
import { MenshenError } from '../../common/index.ts';

/** Photos under way at a time; their bytes together are MAX_PHOTO_BYTES at most, by what was announced of them. */
export const MAX_TRANSFERS = 4;
/** A photo of which no new part has come for so long is forgotten. */
export const IDLE_MS = 60_000;
/** Missing parts that a message names. */
const NAMED = 10;

export type PhotoPart = Params<'people.photoPart'>;

/** A photo of which not all is here, or that nobody has asked for yet. */
export interface Transfer {
  /** Id of the key that sends it: nobody else can use it. */
  readonly key: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly count: number;
  /** Id of its event command.accepted. */
  readonly event: string;
  /** Monotonic milliseconds. */
  readonly begun: number;
}

interface Collected extends Transfer {
  /** Each with a buffer of its own. */
  readonly parts: Map<number, Uint8Array<ArrayBuffer>>;
  received: number;
  heardAt: number;
}

/**
 * Photos that come in parts, in memory until they are whole and asked for. Order and repetition of parts mean nothing. What
 * breaks off, or is not what was announced, leaves nothing behind. Times: monotonic milliseconds.
 */
export class PhotoTransfers {
  readonly #transfers = new Map<string, Collected>();

  /** The transfer that a part of this photo belongs to; null when it is the first. */
  find(key: string, sha256: string): Transfer | null {
    return this.#transfers.get(nameOf(key, sha256)) ?? null;
  }

  /**
   * Takes a part; `event` is that of the transfer, if this is the first. Gives how many are still to come, and whether that
   * is news.
   * @throws MenshenError COMMAND_BUSY when there is no room, COMMAND_PHOTO_DAMAGED (the transfer is forgotten)
   */
  take(
    key: string,
    part: PhotoPart,
    event: string,
    now: number,
  ): { readonly missing: number; readonly isNew: boolean } {
    const name = nameOf(key, part.sha256);
    const transfer = this.#transfers.get(name) ?? this.#open(key, part, event, now);
    try {
      const isNew = add(transfer, part);
      if (isNew) transfer.heardAt = now;
      const missing = transfer.count - transfer.parts.size;
      if (isNew && missing === 0) check(transfer);
      return { missing, isNew };
    } catch (error) {
      this.#transfers.delete(name);
      throw error;
    }
  }

  /**
   * The parts of a whole photo, in their order, each with a buffer of its own; it is not here any more.
   * @throws MenshenError COMMAND_PHOTO_INCOMPLETE (what has come stays)
   */
  claim(key: string, sha256: string): Uint8Array<ArrayBuffer>[] {
    const transfer = this.#transfers.get(nameOf(key, sha256));
    if (transfer === undefined) {
      throw new MenshenError('COMMAND_PHOTO_INCOMPLETE', 'no part of a photo with this SHA-256 is here');
    }
    const parts = inOrder(transfer);
    if (parts.length < transfer.count) {
      const missing = numbers(transfer.count).filter((index) => !transfer.parts.has(index));
      const named = missing.slice(0, NAMED).join(', ') + (missing.length > NAMED ? ', …' : '');
      throw new MenshenError(
        'COMMAND_PHOTO_INCOMPLETE',
        `${missing.length} of ${transfer.count} parts of the photo are missing: ${named}`,
      );
    }
    this.#transfers.delete(nameOf(key, sha256));
    return parts;
  }

  /** Forgets what nobody goes on with; gives those of which parts were missing. */
  expire(now: number): Transfer[] {
    const old = [...this.#transfers].filter(([, { heardAt }]) => now - heardAt >= IDLE_MS);
    for (const [name] of old) this.#transfers.delete(name);
    return old.flatMap(([, transfer]) => (transfer.parts.size < transfer.count ? [transfer] : []));
  }

  #open(key: string, { sha256, bytes, count }: PhotoPart, event: string, now: number): Collected {
    const announced = [...this.#transfers.values()].reduce((sum, one) => sum + one.bytes, bytes);
    if (this.#transfers.size >= MAX_TRANSFERS || announced > MAX_PHOTO_BYTES) {
      throw new MenshenError('COMMAND_BUSY', 'other photos are under way; there is no room for this one yet');
    }
    const opened = {
      key,
      sha256,
      bytes,
      count,
      event,
      begun: now,
      parts: new Map(),
      received: 0,
      heardAt: now,
    };
    this.#transfers.set(nameOf(key, sha256), opened);
    return opened;
  }
}

/** False when it was here already. */
function add(transfer: Collected, { bytes, count, index, data }: PhotoPart): boolean {
  if (bytes !== transfer.bytes || count !== transfer.count) {
    throw damaged('a part of it says another length or another number of parts than the one before');
  }
  const part = new Uint8Array(Buffer.from(data, 'base64'));
  const known = transfer.parts.get(index);
  if (known !== undefined) {
    if (Buffer.compare(part, known) !== 0) throw damaged(`part ${index} came twice, and not the same`);
    return false;
  }
  transfer.received += part.length;
  if (transfer.received > bytes) throw damaged(`its parts have more than the ${bytes} bytes announced`);
  transfer.parts.set(index, part);
  return true;
}

function check(transfer: Collected): void {
  const { bytes, received, sha256 } = transfer;
  if (received !== bytes) throw damaged(`its parts have ${received} bytes, and ${bytes} were announced`);
  const hash = createHash('sha256');
  for (const part of inOrder(transfer)) hash.update(part);
  if (hash.digest('hex') !== sha256) throw damaged('its SHA-256 is not the one announced');
}

function inOrder({ parts, count }: Collected): Uint8Array<ArrayBuffer>[] {
  return numbers(count).flatMap((index) => parts.get(index) ?? []);
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

function damaged(why: string): MenshenError {
  return new MenshenError('COMMAND_PHOTO_DAMAGED', `the photo was forgotten: ${why}`);
}

function nameOf(key: string, sha256: string): string {
  return `${key} ${sha256}`;
}
