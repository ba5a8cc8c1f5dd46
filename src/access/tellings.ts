import type { Reason } from './reasons.ts';

/** What the person at the door is told. It says what to do, never why a rule was made nor whom the gate took somebody for. */
export interface Telling {
  readonly en: string;
  readonly zh: string;
}

/** One for every reason; docs/reference/reasons.md shows them. A duress PIN is told what every grant is told. */
export const TELLINGS: Readonly<Record<Reason, Telling>> = {
  GRANTED_FACE: { en: 'Please come in.', zh: '请进。' },
  GRANTED_CLOUD: { en: 'Please come in.', zh: '请进。' },
  GRANTED_CARD: { en: 'Please come in.', zh: '请进。' },
  GRANTED_PASS: { en: 'Welcome, please come in.', zh: '欢迎,请进。' },
  GRANTED_FACTORS: { en: 'Please come in.', zh: '请进。' },
  GRANTED_TOGETHER: { en: 'Please come in, all of you.', zh: '各位请进。' },
  PIN_WANTED: { en: 'Please enter your PIN.', zh: '请输入密码。' },
  CARD_WANTED: { en: 'Please show your card.', zh: '请刷卡。' },
  FACE_WANTED: { en: 'Please look at the camera.', zh: '请正对摄像头。' },
  PASS_WANTED: { en: 'Please show your QR code.', zh: '请出示二维码。' },
  PERSON_WANTED: { en: 'Please let the next person identify themselves.', zh: '请下一位验证身份。' },
  NOT_LIVE: { en: 'Not recognised. Please show your face itself.', zh: '未通过活体检测,请本人正对摄像头。' },
  UNKNOWN_PERSON: { en: 'Not recognised. Please ask at the reception.', zh: '未能识别,请联系前台。' },
  UNSURE: { en: 'Please look at the camera once more.', zh: '请再次正对摄像头。' },
  INCONSISTENT_TRACK: { en: 'One person at a time, please.', zh: '请一次一人。' },
  FACE_TOO_SMALL: { en: 'Please come closer.', zh: '请靠近一些。' },
  FACE_AT_EDGE: { en: 'Please stand in front of the camera.', zh: '请站到摄像头正前方。' },
  FACE_TURNED: { en: 'Please look straight at the camera.', zh: '请正视摄像头。' },
  FACE_BLURRED: { en: 'Please stand still for a moment.', zh: '请站稳片刻。' },
  FACE_BADLY_LIT: { en: 'Please turn towards the light.', zh: '光线不佳,请面向光源。' },
  STALE_FRAME: { en: 'Please look at the camera once more.', zh: '请再次正对摄像头。' },
  LOCKED_OUT: { en: 'Too many attempts. Please wait.', zh: '尝试次数过多,请稍后再试。' },
  DOOR_FAILED: { en: 'The door does not work. Please ask for help.', zh: '门禁故障,请联系管理人员。' },
  AUTHENTICATION_INTERVAL: { en: 'Please wait a moment.', zh: '请稍候。' },
  LOCKDOWN: {
    en: 'Closed. Please follow the instructions of the staff.',
    zh: '门禁已封锁,请听从工作人员安排。',
  },
  REMAINS_LOCKED: { en: 'Closed at this time.', zh: '当前时段不开放。' },
  NOT_YET_VALID: { en: 'Not valid yet. Please ask at the reception.', zh: '尚未生效,请联系前台。' },
  NO_LONGER_VALID: { en: 'No longer valid. Please ask at the reception.', zh: '已过有效期,请联系前台。' },
  NOT_PERMITTED: { en: 'No access here.', zh: '无权从此门通行。' },
  OUTSIDE_SCHEDULE: { en: 'No access at this time.', zh: '当前时段无权通行。' },
  CREDENTIAL_NOT_ACCEPTED: { en: 'Please identify yourself in another way.', zh: '请使用其他验证方式。' },
  CARD_UNKNOWN: { en: 'Card not known. Please ask at the reception.', zh: '无效卡,请联系前台。' },
  PIN_WRONG: { en: 'Wrong PIN. Please try again.', zh: '密码错误,请重试。' },
  PIN_UNEXPECTED: { en: 'Please show your face or card first.', zh: '请先刷脸或刷卡。' },
  PASS_UNKNOWN: { en: 'QR code not valid.', zh: '二维码无效。' },
  PASS_USED: { en: 'This QR code was used already.', zh: '二维码已使用。' },
  PASS_OTHER_DOOR: { en: 'This QR code is for another door.', zh: '此二维码不适用于本门。' },
  PASS_NOT_RECORDED: { en: 'Please try again in a moment.', zh: '请稍后重试。' },
  ANTI_PASSBACK: { en: 'You have passed already. Please ask at the reception.', zh: '重复通行,请联系前台。' },
  ANTI_PASSBACK_TIME: { en: 'You have just come in. Please wait.', zh: '刚刚已通行,请稍候。' },
  ZONE_FULL: { en: 'Full. Please wait until somebody leaves.', zh: '人数已满,请等候。' },
  INTERLOCK: { en: 'Please close the other door first.', zh: '请先关闭另一扇门。' },
  LANE_BUSY: { en: 'Please wait until the lane is free.', zh: '通道占用,请等候。' },
  MASK_WANTED: { en: 'Please put on a mask.', zh: '请佩戴口罩。' },
  NOT_COMPLETED: { en: 'Time is over. Please begin again.', zh: '验证超时,请重新开始。' },
};
