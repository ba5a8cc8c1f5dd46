import { randomUUID } from 'node:crypto';
import { MenshenError } from '../common/index.ts';
import { JournalEventSchema } from './schema.ts';
import type { JournalEntry, JournalEvent } from './types.ts';

/** A decision record has some 10 KiB; data beyond this is a mistake and would not fit a message either. */
const MAX_DATA_BYTES = 256 * 1024;

/** An entry ready to be written, and its data as JSON text. */
export interface Encoded {
  readonly event: JournalEvent;
  readonly data: string;
}

/** Numbers and dates an event and checks that it can be read back as it is. Throws INTERNAL when it cannot. */
export function encodeEvent(input: JournalEntry, context: { seq: number; at: Date; gate: string }): Encoded {
  const data = encodeData(input);
  const parsed = JournalEventSchema.safeParse({
    id: input.id ?? randomUUID(),
    seq: context.seq,
    at: context.at.toISOString(),
    gate: context.gate,
    type: input.type,
    door: input.door ?? null,
    camera: input.camera ?? null,
    cause: input.cause ?? null,
    data: JSON.parse(data),
  });
  if (!parsed.success) {
    throw new MenshenError(
      'INTERNAL',
      `An event of type ${input.type} is malformed: ${parsed.error.message}`,
    );
  }
  return { event: parsed.data, data };
}

function encodeData(input: JournalEntry): string {
  const text = JSON.stringify(input.data, refuseBinary);
  if (Buffer.byteLength(text) > MAX_DATA_BYTES) {
    throw new MenshenError(
      'INTERNAL',
      `The data of an event of type ${input.type} is larger than ${MAX_DATA_BYTES} bytes.`,
    );
  }
  return text;
}

/** An embedding or a picture in an event would leave the device with it. */
function refuseBinary(this: unknown, key: string, value: unknown): unknown {
  const original: unknown = Reflect.get(Object(this), key);
  if (ArrayBuffer.isView(original) || original instanceof ArrayBuffer) {
    throw new MenshenError(
      'INTERNAL',
      `The data of an event holds binary under "${key}"; embeddings and pictures stay out of events.`,
    );
  }
  return value;
}
