import { expect, it } from 'vitest';
import { adviceIn, languageOf, promptIn } from '../../src/cli/language.ts';
import { MenshenError } from '../../src/common/index.ts';
import { UnfitPhoto } from '../../src/gallery/index.ts';

it.each([
  [{}, {}, 'en'],
  [{}, { LANG: 'zh_CN.UTF-8' }, 'zh'],
  [{}, { LANG: 'zh_CN.UTF-8', LC_ALL: 'C' }, 'en'],
  [{}, { LANG: 'en_GB.UTF-8', LC_ALL: '', LC_MESSAGES: 'zh_CN' }, 'zh'],
  [{ language: 'en' }, { LANG: 'zh_CN.UTF-8' }, 'en'],
] as const)(
  'is the one asked for, else that of the environment: %j, %j',
  (options, environment, language) => {
    expect(languageOf(options, environment)).toBe(language);
  },
);

it('has the words of the door, and none for what this version does not know', () => {
  expect(promptIn('zh', 'MORE_LIGHT')).toBe('光线不佳，请面向光源');
  expect(promptIn('en', 'toString')).toBeNull();
});

it('says of each photo that was refused what to do', () => {
  const dark = new UnfitPhoto('ENROLL_POOR_QUALITY', 'a.jpg: …', 'a.jpg', ['MASK', 'EXPOSURE', 'EXPOSURE']);
  const empty = new UnfitPhoto('ENROLL_NO_FACE', 'b.jpg: …', 'b.jpg', ['NO_FACE']);
  const both = new MenshenError('ENROLL_POOR_QUALITY', '…', { cause: new AggregateError([dark, empty]) });
  expect(adviceIn('zh', dark)).toEqual(['a.jpg: 请摘下口罩；光线不佳，请面向光源']);
  expect(adviceIn('zh', both)).toEqual([...adviceIn('zh', dark), 'b.jpg: 请正对摄像头']);
  expect(adviceIn('zh', new MenshenError('ENROLL_MISMATCH', '…'))).toEqual([]);
});
