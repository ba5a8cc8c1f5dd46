import { type Command, Option } from 'commander';
import { MenshenError } from '../common/index.ts';
import { PROMPTS, type PromptCode, promptForGate } from '../console/index.ts';
import { type PhotoLack, UnfitPhoto } from '../gallery/index.ts';

const LANGUAGES = ['en', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];

export interface LanguageOptions {
  readonly language?: Language;
}

export function withLanguage(command: Command): Command {
  return command.addOption(
    new Option(
      '--language <language>',
      'language of what the person is to be told; by default that of the environment (LANG)',
    ).choices(LANGUAGES),
  );
}

/** The language asked for, else that of the environment by the order of POSIX, else English. */
export function languageOf({ language }: LanguageOptions, environment = process.env): Language {
  const { LC_ALL, LC_MESSAGES, LANG } = environment;
  return language ?? (/^zh/i.test(LC_ALL || LC_MESSAGES || LANG || '') ? 'zh' : 'en');
}

/** The words of a prompt; null of a code that this version does not know. */
export function promptIn(language: Language, code: string): string | null {
  return isPrompt(code) ? PROMPTS[code][language] : null;
}

/** What to do about photos that were refused, a line for each of them. */
export function adviceIn(language: Language, error: unknown): string[] {
  const all =
    error instanceof MenshenError && error.cause instanceof AggregateError ? error.cause.errors : [error];
  return all.flatMap((one: unknown) => {
    if (!(one instanceof UnfitPhoto)) return [];
    const words = new Set(one.lacks.map((lack) => PROMPTS[promptForLack(lack)][language]));
    return [`${one.label}: ${[...words].join(language === 'zh' ? '；' : '. ')}`];
  });
}

function promptForLack(lack: PhotoLack): PromptCode {
  if (lack === 'MASK') return 'REMOVE_MASK';
  if (lack === 'NO_FACE') return 'FACE_CAMERA';
  return lack === 'SEVERAL_FACES' ? 'ONE_PERSON' : promptForGate(lack);
}

function isPrompt(code: string): code is PromptCode {
  return Object.hasOwn(PROMPTS, code);
}
