/** Every reason a decision can have, a closed list; docs/reference/reasons.md documents them one to one. */
export const REASONS = {
  GRANTED_FACE: 'Live, recognised above the threshold and clear of the runner-up.',
  GRANTED_CLOUD:
    'Recognised and live by device and cloud together: the device alone was unsure, and the cloud settled every doubt.',
  GRANTED_CARD: 'A card that opens here now.',
  GRANTED_PASS: 'A one-time pass of a visitor, used now.',
  GRANTED_FACTORS: 'Several credentials of one person together, as the door wants.',
  GRANTED_TOGETHER: 'Several people together, as the door wants.',
  PIN_WANTED: 'The person is known; the door wants their PIN as well.',
  CARD_WANTED: 'The person is known; the door wants their card as well.',
  FACE_WANTED: 'The person is known; the door wants their face as well.',
  PASS_WANTED: 'The person is known; the door wants their pass as well.',
  PERSON_WANTED: 'The person is known; the door wants another person as well.',
  NOT_LIVE: 'The presentation was judged an attack: a photo, a screen, a mask.',
  FACE_FRAMED:
    'Straight edges enclose the face as those of a phone, a screen or a sheet of paper do: judged an attack.',
  UNKNOWN_PERSON: 'A live face that matches nobody enrolled.',
  UNSURE:
    'Liveness or match lies in the band between yes and no, or two people match about equally; denied for now.',
  INCONSISTENT_TRACK: 'The frames of one track show different faces; all evidence was thrown away.',
  FACE_TOO_SMALL: 'The face stayed too small (too far away) to be recognised.',
  FACE_AT_EDGE: 'The face stayed at the border of the picture or of the recognition area.',
  FACE_TURNED: 'The face stayed turned away.',
  FACE_BLURRED: 'The face stayed blurred.',
  FACE_BADLY_LIT: 'The face stayed too dark, too bright, without contrast or full of noise.',
  ACTION_FAILED:
    'An action was asked for, and was not done in time, or not by the same living face; or the cloud did not confirm it.',
  ACTION_UNAVAILABLE:
    'An action is demanded, and the camera cannot watch for one: somebody else is being asked, or its networks are missing.',
  CAMERA_SUSPECT:
    'The stream may not be that of the camera: it stands still, repeats itself, or is another than before.',
  STALE_FRAME: 'The evidence was older than allowed when the decision was due.',
  LOCKED_OUT: 'Too many failed attempts, of this face or on this identity; the lock-out time has not passed.',
  DOOR_FAILED: 'Recognised, but the door could not be opened: its relay does not answer.',
  AUTHENTICATION_INTERVAL: 'The same person was granted a moment ago and must wait.',
  LOCKDOWN: 'A lockdown is in force, and does not name this person.',
  REMAINS_LOCKED: 'The door remains locked by its schedule.',
  NOT_YET_VALID: 'The validity of the person or the pass has not begun.',
  NO_LONGER_VALID: 'The validity of the person or the pass has ended.',
  SITE_UNCONFIRMED:
    'The person is of a site, and the gate cannot know at present whether the site has taken them away since.',
  NOT_PERMITTED: 'No way through this door in this direction is open to a group of this person.',
  OUTSIDE_SCHEDULE: 'The ways that are open to this person are so at other times.',
  CREDENTIAL_NOT_ACCEPTED: 'The person may come in now, but not with this kind of credential.',
  CARD_UNKNOWN: 'A card that belongs to nobody.',
  PIN_WRONG: 'The PIN is not that of the person who is waited for.',
  PIN_UNEXPECTED: 'A PIN without a face or a card before it: a PIN names nobody.',
  PASS_UNKNOWN: 'A QR code that is no pass of this gate.',
  PASS_USED: 'The pass was used before; it lets somebody in once.',
  PASS_OTHER_DOOR: 'The pass is for other doors.',
  PASS_NOT_RECORDED:
    'That the pass is used now could not be written to disk, so that it might be used again.',
  ANTI_PASSBACK: 'The person is in the zone already, or leaves a zone without being in it.',
  ANTI_PASSBACK_TIME: 'The person entered the zone a short time ago.',
  ZONE_FULL: 'As many people as are allowed are in the zone.',
  INTERLOCK: 'Another door of the interlock is not locked and closed.',
  LANE_BUSY: 'Somebody is passing the lane.',
  MASK_WANTED: 'No mask is worn as it should be, and the door wants one.',
  NOT_COMPLETED: 'The person was known, but what the door wanted besides did not come in time.',
} as const satisfies Record<string, string>;
export type Reason = keyof typeof REASONS;
