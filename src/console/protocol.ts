import type { Prompt } from './catalogue.ts';

/** What the thread of the page needs. */
export interface ConsoleSettings {
  readonly host: string;
  /** 0 takes any. */
  readonly port: number;
  readonly doors: readonly string[];
}

export type ToConsole = { readonly kind: 'prompt'; readonly prompt: Prompt } | { readonly kind: 'stop' };

export type FromConsole =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'failed'; readonly why: string };
