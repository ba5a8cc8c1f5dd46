import { z } from 'zod';
import { ERRORS, type ErrorCode } from '../../common/index.ts';

export const Code = z
  .enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]])
  .describe('A code of errors.md');

/** Something does not work: the code says what, the message more. */
export const fault = { code: Code, message: z.string() };

export const Id = z.string().min(1);
export const People = z.array(Id).describe('Ids of people');

const happenedAt = z.iso
  .datetime({ precision: 3 })
  .exactOptional()
  .describe('When it happened, where it was recorded later than that');

/** What a type of event adds: these members and no others. */
export function data<S extends z.core.$ZodLooseShape>(shape: S) {
  return z.strictObject({ ...shape, happenedAt });
}
