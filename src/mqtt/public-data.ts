import { z } from 'zod';
import { PublicCredentialRecordSchema, PublicDecisionRecordSchema } from '../access/index.ts';
import { data, EVENT_DATA } from '../journal/data.ts';

const Decided = z.union([data(PublicDecisionRecordSchema.shape), data(PublicCredentialRecordSchema.shape)]);

/**
 * The data of events as it is sent: `publicEvent` leaves out of a decision whom and what it looked at. For
 * documentation and tests; the gate itself needs none of it.
 */
export const PUBLIC_EVENT_DATA = {
  ...EVENT_DATA,
  'access.granted': Decided,
  'access.denied': Decided,
  'access.pending': Decided,
};
