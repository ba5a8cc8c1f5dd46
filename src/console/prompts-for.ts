import { GATE_REASONS, type Reason } from '../access/index.ts';
import type { HeadAction, QualityGate } from '../vision/client.ts';
import type { PromptCode } from './catalogue.ts';

const ACTIONS: Readonly<Record<HeadAction, PromptCode>> = {
  blink: 'BLINK',
  openMouth: 'OPEN_MOUTH',
  turnLeft: 'TURN_LEFT',
  turnRight: 'TURN_RIGHT',
  nod: 'NOD',
};

/** How an action is asked for. */
export function promptForAction(action: HeadAction): PromptCode {
  return ACTIONS[action];
}

/**
 * What the person is told, or asked, for each reason that a decision can have; docs/reference/reasons.md shows the
 * words. An attack is told no more than that it did not work, and a duress PIN what every PIN is told.
 */
export const REASON_PROMPTS: Readonly<Record<Reason, PromptCode>> = {
  GRANTED_FACE: 'GRANTED',
  GRANTED_CLOUD: 'GRANTED',
  GRANTED_CARD: 'GRANTED',
  GRANTED_PASS: 'GRANTED',
  GRANTED_FACTORS: 'GRANTED',
  GRANTED_TOGETHER: 'GRANTED',
  PIN_WANTED: 'ENTER_PIN',
  CARD_WANTED: 'PRESENT_CARD',
  FACE_WANTED: 'SHOW_FACE',
  PASS_WANTED: 'SHOW_QR',
  PERSON_WANTED: 'SECOND_PERSON',
  NOT_LIVE: 'TRY_AGAIN',
  FACE_FRAMED: 'TRY_AGAIN',
  UNKNOWN_PERSON: 'NOT_ENROLLED',
  UNSURE: 'TRY_AGAIN',
  INCONSISTENT_TRACK: 'TRY_AGAIN',
  FACE_TOO_SMALL: 'COME_CLOSER',
  FACE_AT_EDGE: 'STAND_IN_MIDDLE',
  FACE_TURNED: 'FACE_CAMERA',
  FACE_BLURRED: 'HOLD_STILL',
  FACE_BADLY_LIT: 'MORE_LIGHT',
  CAMERA_SUSPECT: 'NO_ACCESS_NOW',
  STALE_FRAME: 'TRY_AGAIN',
  ACTION_FAILED: 'ACTION_NOT_SEEN',
  ACTION_UNAVAILABLE: 'TRY_AGAIN',
  LOCKED_OUT: 'LOCKED_OUT',
  DOOR_FAILED: 'DOOR_FAULT',
  AUTHENTICATION_INTERVAL: 'NO_ACCESS_NOW',
  LOCKDOWN: 'LOCKDOWN',
  REMAINS_LOCKED: 'CLOSED_NOW',
  NOT_YET_VALID: 'NOT_VALID',
  NO_LONGER_VALID: 'NOT_VALID',
  SITE_UNCONFIRMED: 'TRY_AGAIN',
  NOT_PERMITTED: 'NO_ACCESS_NOW',
  OUTSIDE_SCHEDULE: 'NO_ACCESS_NOW',
  CREDENTIAL_NOT_ACCEPTED: 'OTHER_WAY',
  CARD_UNKNOWN: 'WRONG_CREDENTIAL',
  PIN_WRONG: 'WRONG_CREDENTIAL',
  PIN_UNEXPECTED: 'IDENTIFY_FIRST',
  PASS_UNKNOWN: 'WRONG_CREDENTIAL',
  PASS_USED: 'PASS_USED',
  PASS_OTHER_DOOR: 'PASS_OTHER_DOOR',
  PASS_NOT_RECORDED: 'WRONG_CREDENTIAL',
  ANTI_PASSBACK: 'PASSED_ALREADY',
  ANTI_PASSBACK_TIME: 'PASSED_ALREADY',
  ZONE_FULL: 'FULL',
  INTERLOCK: 'CLOSE_OTHER_DOOR',
  LANE_BUSY: 'LANE_BUSY',
  MASK_WANTED: 'WEAR_MASK',
  NOT_COMPLETED: 'TIME_OVER',
};

/** What to do about a gate of quality that a face fails. */
export function promptForGate(gate: QualityGate): PromptCode {
  return REASON_PROMPTS[GATE_REASONS[gate]];
}

/** The result of a decision with this reason. */
export function promptForReason(reason: Reason): PromptCode {
  return REASON_PROMPTS[reason];
}
