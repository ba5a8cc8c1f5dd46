import { z } from 'zod';

const days = (least: number, fallback: number) => z.number().int().min(least).max(3650).default(fallback);

export const JournalSchema = z.strictObject({
  retentionDays: days(1, 180).describe('Events delivered and older than this are deleted'),
  retentionDaysByType: z
    .record(
      z.string().regex(/^[a-z]+(\.[a-z_]+)?$/, 'is no type of event, and no family of types ("camera")'),
      days(1, 180),
    )
    .default({})
    .describe('Events of these types (door.rex), or families of types (camera), are deleted sooner'),
  cropRetentionDays: days(0, 30).describe('Pictures of sightings are deleted after this time; 0 keeps none'),
  maxMegabytes: z
    .number()
    .int()
    .min(16)
    .max(1_048_576)
    .default(512)
    .describe(
      'Largest size of the journal, looked at hourly; beyond it the oldest pictures go first, then the oldest events delivered, then the oldest undelivered',
    ),
});
