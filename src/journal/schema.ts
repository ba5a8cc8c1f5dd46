import { z } from 'zod';
import { EVENT_TYPES, type EventType, type JournalEvent } from './types.ts';

const EventTypeSchema = z.custom<EventType>(
  (value) => typeof value === 'string' && Object.hasOwn(EVENT_TYPES, value),
  'is no type of event',
);

/** An entry of the journal as it travels: what is written, read back and sent is checked against this. */
export const JournalEventSchema = z.strictObject({
  id: z.uuid(),
  seq: z.number().int().min(1),
  at: z.iso.datetime({ precision: 3 }),
  gate: z.string().min(1),
  type: EventTypeSchema,
  door: z.string().min(1).nullable(),
  camera: z.string().min(1).nullable(),
  cause: z.uuid().nullable(),
  data: z.record(z.string(), z.unknown()),
}) satisfies z.ZodType<JournalEvent>;

/** A row of the table `events`: the entry with its data still as JSON text. */
export const EventRowSchema = z
  .object({ data: z.string() })
  .loose()
  .transform((row, context) => {
    try {
      const data: unknown = JSON.parse(row.data);
      return { ...row, data };
    } catch {
      context.addIssue({ code: 'custom', message: 'data is not JSON' });
      return z.NEVER;
    }
  })
  .pipe(JournalEventSchema);

export const CountSchema = z.number().int().min(0);

export const SealedPictureSchema = z.object({
  id: z.string(),
  nonce: z.instanceof(Buffer),
  tag: z.instanceof(Buffer),
  ciphertext: z.instanceof(Buffer),
});
export type SealedPicture = Omit<z.infer<typeof SealedPictureSchema>, 'id'>;
