/** Every reason a decision can have, a closed list; docs/reference/reasons.md documents them one to one. */
export const REASONS = {
  GRANTED_FACE: 'Live, recognised above the threshold and clear of the runner-up.',
  GRANTED_CLOUD:
    'Recognised and live by device and cloud together: the device alone was unsure, and the cloud settled every doubt.',
  NOT_LIVE: 'The presentation was judged an attack: a photo, a screen, a mask.',
  UNKNOWN_PERSON: 'A live face that matches nobody enrolled.',
  UNSURE:
    'Liveness or match lies in the band between yes and no, or two people match about equally; denied for now.',
  INCONSISTENT_TRACK: 'The frames of one track show different faces; all evidence was thrown away.',
  FACE_TOO_SMALL: 'The face stayed too small (too far away) to be recognised.',
  FACE_AT_EDGE: 'The face stayed at the border of the picture or of the recognition area.',
  FACE_TURNED: 'The face stayed turned away.',
  FACE_BLURRED: 'The face stayed blurred.',
  FACE_BADLY_LIT: 'The face stayed too dark, too bright or without contrast.',
  STALE_FRAME: 'The evidence was older than allowed when the decision was due.',
  LOCKED_OUT: 'Too many failed attempts, of this face or on this identity; the lock-out time has not passed.',
  DOOR_FAILED: 'Recognised, but the door could not be opened: its relay does not answer.',
  AUTHENTICATION_INTERVAL: 'The same person was granted a moment ago and must wait.',
} as const satisfies Record<string, string>;
export type Reason = keyof typeof REASONS;
