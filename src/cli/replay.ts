import {
  CredentialRecordSchema,
  DecisionRecordSchema,
  type Replay,
  replayCredential,
  replayFace,
} from '../access/index.ts';
import { MenshenError } from '../common/index.ts';
import type { JournalEvent } from '../journal/index.ts';

const DECISIONS: readonly string[] = ['access.granted', 'access.denied', 'access.pending'];

/** Judges the decision of an event again. Throws EVENT_NOT_REPLAYABLE. */
export function replayEvent({ type, seq, data }: JournalEvent): Replay {
  if (!DECISIONS.includes(type)) {
    throw new MenshenError('EVENT_NOT_REPLAYABLE', `Event #${seq} is ${type}: no decision.`);
  }
  const face = DecisionRecordSchema.safeParse(data);
  const replay = face.success ? replayFace(face.data) : null;
  if (replay !== null) return replay;
  const credential = CredentialRecordSchema.safeParse(data);
  if (credential.success) return replayCredential(credential.data);
  throw new MenshenError(
    'EVENT_NOT_REPLAYABLE',
    `Event #${seq} was recorded by an older version, or is malformed: it does not hold what was judged.`,
  );
}
