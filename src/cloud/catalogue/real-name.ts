import type { CatalogueEntry, Fault } from './entry.ts';

/** A byte of resStr: `said` in the manual's words. */
export interface ResultByte extends CatalogueEntry {
  readonly said: string;
  /** The only byte that lets a person pass. */
  readonly passed: boolean;
}

const passed = (said: string, meaning: string): ResultByte => ({
  said,
  meaning,
  fault: 'face',
  retry: false,
  passed: true,
});

const failed = (said: string, meaning: string, fault: Fault, retry = false): ResultByte => ({
  said,
  meaning,
  fault,
  retry,
  passed: false,
});

/** 6.3.5, first byte of resStr: name and ID number. */
export const IDENTITY_BYTES = {
  '0': passed('身份信息有效', 'Name and ID number belong together.'),
  '5': failed('身份信息无效', 'Name and ID number do not exist or do not belong together.', 'input'),
  '6': failed('参数错误', 'Name or ID number is not well formed.', 'input'),
  '7': failed('系统错误', 'The service has an error.', 'service', true),
  A: failed('穿网调用超时', 'The register did not answer in time.', 'service', true),
  E: failed('接口调用异常', 'The call of the register failed.', 'service', true),
  T: failed('接口调用超时', 'The call of the register took too long.', 'service', true),
  X: failed('未执行', 'Was not done.', 'service', true),
} as const satisfies Record<string, ResultByte>;

/** 6.3.5, second byte of resStr: the portrait. */
export const PORTRAIT_BYTES = {
  '0': passed('同一人', 'The same person.'),
  '1': failed(
    '非同一人',
    'Not the same person, or a portrait turned, dark, with glare, or too small.',
    'face',
  ),
  '2': failed('疑似为本人', 'Perhaps the same person: take a better portrait.', 'face'),
  A: failed('数据库操作错误', 'The database of portraits has an error.', 'service', true),
  B: failed('人像比对异常', 'The comparison of portraits has an error.', 'service', true),
  C: failed('参数错误', 'The ID number is empty or has not 18 characters.', 'input'),
  D: failed('无人像信息', 'The register has no portrait of this person.', 'input'),
  E: failed('图像格式不正式', 'The portrait is no JPEG.', 'input'),
  F: failed(
    '待比对图像建模失败',
    'No face could be taken from the portrait: turned, dark, blurred or too small.',
    'face',
  ),
  G: failed('现场照片质量不合格', 'The portrait is not good enough.', 'face'),
  J: failed('现场照片小于5K字节', 'The portrait has fewer than 5 KB.', 'input'),
  K: failed('照片质量不佳', 'The portrait in the register is not good enough.', 'service'),
  T: failed('人像引擎超时', 'The comparison of portraits did not answer in time.', 'service', true),
  W: failed('系统其他错误', 'The authentication took too long.', 'service', true),
  X: failed('未执行', 'Was not done.', 'service', true),
} as const satisfies Record<string, ResultByte>;

/** "其他代码": any byte that the manual does not list. */
export const OTHER_BYTE: ResultByte = failed('其他', 'A result that the manual does not list.', 'service');

export type IdentityByte = keyof typeof IDENTITY_BYTES;
export type PortraitByte = keyof typeof PORTRAIT_BYTES;

/** Meaning of a byte of resStr: `identity` is the first, `portrait` the second. */
export function resultByte(which: 'identity' | 'portrait', byte: string): ResultByte {
  const table: Readonly<Record<string, ResultByte>> = which === 'identity' ? IDENTITY_BYTES : PORTRAIT_BYTES;
  return Object.hasOwn(table, byte) ? (table[byte] ?? OTHER_BYTE) : OTHER_BYTE;
}
