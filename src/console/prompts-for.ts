import type { Reason } from '../access/index.ts';
import type { HeadAction } from '../vision/client.ts';
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

/** What the person is told of a decision; an attack is told no more than that it did not work. */
const REASON_PROMPTS: Readonly<Partial<Record<Reason, PromptCode>>> = {
  UNKNOWN_PERSON: 'NOT_ENROLLED',
  FACE_TOO_SMALL: 'COME_CLOSER',
  FACE_AT_EDGE: 'STAND_IN_MIDDLE',
  FACE_TURNED: 'FACE_CAMERA',
  FACE_BLURRED: 'HOLD_STILL',
  FACE_BADLY_LIT: 'MORE_LIGHT',
  LOCKED_OUT: 'LOCKED_OUT',
  DOOR_FAILED: 'DOOR_FAULT',
  AUTHENTICATION_INTERVAL: 'NO_ACCESS_NOW',
};

/** The result of a decision with this reason. */
export function promptForReason(reason: Reason, granted: boolean): PromptCode {
  return granted ? 'GRANTED' : (REASON_PROMPTS[reason] ?? 'TRY_AGAIN');
}
