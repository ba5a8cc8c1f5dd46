import { z } from 'zod';
import type { Frozen } from '../common/index.ts';

/** What a prompt wants: `ask` something of the person, `remind` of something, tell the `result`. */
export type PromptKind = 'ask' | 'remind' | 'result';

interface Entry {
  readonly kind: PromptKind;
  readonly en: string;
  readonly zh: string;
}

/**
 * Every prompt there is, a closed list; docs/reference/prompts.md documents them one to one. None names a person,
 * a threshold or a score: whoever stands there reads them.
 */
export const PROMPTS = {
  // Actions of the head
  BLINK: { kind: 'ask', en: 'Please blink', zh: '请眨眼' },
  OPEN_MOUTH: { kind: 'ask', en: 'Please open your mouth', zh: '请张嘴' },
  TURN_LEFT: { kind: 'ask', en: 'Please turn your head to the left', zh: '请向左转头' },
  TURN_RIGHT: { kind: 'ask', en: 'Please turn your head to the right', zh: '请向右转头' },
  NOD: { kind: 'ask', en: 'Please nod', zh: '请点头' },
  LOOK_AHEAD: { kind: 'ask', en: 'Now look at the camera', zh: '请正视摄像头' },
  // Further credentials and people
  ENTER_PIN: { kind: 'ask', en: 'Please enter your PIN', zh: '请输入密码' },
  PRESENT_CARD: { kind: 'ask', en: 'Please present your card', zh: '请刷卡' },
  SHOW_FACE: { kind: 'ask', en: 'Please look at the camera', zh: '请看摄像头' },
  SHOW_QR: { kind: 'ask', en: 'Please show your pass to the camera', zh: '请出示通行码' },
  ONE_PERSON: { kind: 'ask', en: 'One person alone, please', zh: '请单独一人面对摄像头' },
  SECOND_PERSON: { kind: 'ask', en: 'Second person, please', zh: '请第二人验证' },
  WAIT: { kind: 'ask', en: 'One moment, please', zh: '请稍候' },
  // Masks
  WEAR_MASK: { kind: 'ask', en: 'Please put your mask on', zh: '请佩戴口罩' },
  REMOVE_MASK: { kind: 'ask', en: 'Please take your mask off', zh: '请摘下口罩' },
  MASK_REMINDER: { kind: 'remind', en: 'Remember to wear a mask', zh: '请记得佩戴口罩' },
  // Results, with what to do
  GRANTED: { kind: 'result', en: 'Please enter', zh: '请进' },
  TRY_AGAIN: {
    kind: 'result',
    en: 'Not recognised. Look at the camera and try again',
    zh: '未识别，请正视摄像头重试',
  },
  NOT_ENROLLED: {
    kind: 'result',
    en: 'Not recognised. Please ask at the desk',
    zh: '未识别，请联系管理人员',
  },
  COME_CLOSER: { kind: 'result', en: 'Please come closer', zh: '请靠近一些' },
  STAND_IN_MIDDLE: { kind: 'result', en: 'Please stand in the middle of the picture', zh: '请站到画面中间' },
  FACE_CAMERA: { kind: 'result', en: 'Please face the camera', zh: '请正对摄像头' },
  HOLD_STILL: { kind: 'result', en: 'Please hold still', zh: '请保持不动' },
  MORE_LIGHT: {
    kind: 'result',
    en: 'The light is bad. Please turn to the light',
    zh: '光线不佳，请面向光源',
  },
  ACTION_NOT_SEEN: {
    kind: 'result',
    en: 'The movement was not seen. Please try again',
    zh: '未检测到动作，请重试',
  },
  NO_ACCESS_NOW: {
    kind: 'result',
    en: 'No access at this door, or at this time',
    zh: '此门或此时段无权通行',
  },
  WRONG_CREDENTIAL: { kind: 'result', en: 'Not accepted. Please try again', zh: '验证未通过，请重试' },
  CLOSED_NOW: { kind: 'result', en: 'Closed at this time', zh: '当前时段不开放' },
  LOCKDOWN: {
    kind: 'result',
    en: 'Closed. Please follow the instructions of the staff',
    zh: '门禁已封锁，请听从工作人员安排',
  },
  NOT_VALID: {
    kind: 'result',
    en: 'Not valid now. Please ask at the desk',
    zh: '不在有效期内，请联系管理人员',
  },
  OTHER_WAY: { kind: 'result', en: 'Please identify yourself in another way', zh: '请使用其他验证方式' },
  IDENTIFY_FIRST: {
    kind: 'result',
    en: 'Face or card first, then the PIN',
    zh: '请先刷脸或刷卡，再输入密码',
  },
  PASS_USED: { kind: 'result', en: 'This pass was used already', zh: '此通行码已使用' },
  PASS_OTHER_DOOR: { kind: 'result', en: 'This pass is for another door', zh: '此通行码不适用于本门' },
  PASSED_ALREADY: {
    kind: 'result',
    en: 'You have passed already. Please ask at the desk',
    zh: '重复通行，请联系管理人员',
  },
  FULL: { kind: 'result', en: 'Full. Please wait until somebody leaves', zh: '人数已满，请等候' },
  CLOSE_OTHER_DOOR: { kind: 'result', en: 'Please close the other door first', zh: '请先关闭另一扇门' },
  LANE_BUSY: { kind: 'result', en: 'Please wait until the lane is free', zh: '通道占用，请等候' },
  TIME_OVER: { kind: 'result', en: 'Time is over. Please begin again', zh: '验证超时，请重新开始' },
  LOCKED_OUT: { kind: 'result', en: 'Too many attempts. Please wait', zh: '尝试次数过多，请稍候' },
  DOOR_FAULT: {
    kind: 'result',
    en: 'The door does not answer. Please ask for help',
    zh: '门锁无响应，请联系管理人员',
  },
  EMERGENCY: { kind: 'result', en: 'Leave by this door', zh: '请从此门疏散' },
} as const satisfies Record<string, Entry>;

export type PromptCode = keyof typeof PROMPTS;

const CODES = Object.keys(PROMPTS) as [PromptCode, ...PromptCode[]];

/** A prompt at a door, as it is shown and published. */
export const PromptSchema = z.strictObject({
  id: z.uuid(),
  door: z.string(),
  code: z.enum(CODES).describe('A code of [prompts](prompts.md)'),
  kind: z
    .enum(['ask', 'remind', 'result'])
    .describe('`ask` wants something, `remind` nothing now, `result` tells what came of it'),
  text: z.strictObject({ en: z.string(), zh: z.string() }),
  forMs: z.number().describe('For so long from `at` on it is of use; then nothing is shown'),
  at: z.iso.datetime({ precision: 3 }),
});
export type Prompt = Frozen<z.infer<typeof PromptSchema>>;
