import { z } from 'zod';
import { CredentialRecordSchema, DecisionRecordSchema } from '../../access/index.ts';
import { data, Id, People } from './common.ts';
import { PassCauseSchema } from './door.ts';

/** Of a face, or of a card, a PIN or a pass: all that led to the decision. */
export const Decided = z.union([data(DecisionRecordSchema.shape), data(CredentialRecordSchema.shape)]);

const Passage = data({
  people: People,
  to: Id.nullable().describe('The zone; null where none is kept'),
});

export const ACCESS_DATA = {
  'access.granted': Decided,
  'access.denied': Decided,
  'access.pending': Decided,
  'access.passed': Passage,
  'access.not_passed': Passage,
  'access.duress': data({ people: People }),
  'access.violation': data({ detail: z.string().describe('What anti-passback found, in a sentence') }),
  'access.tailgating': data({
    after: PassCauseSchema.nullable().describe('What the one before was let through by'),
  }),
  'access.reset': data({ zone: Id, by: z.string().describe('Who ordered it, or `schedule`') }),
  'access.locked_out': data({
    forMs: z.number().int(),
    scope: z
      .enum(['person', 'place', 'credentials'])
      .describe('Whom it holds for: the person, the door, or cards and PINs'),
  }),
};
