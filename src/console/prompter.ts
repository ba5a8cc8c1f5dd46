import { randomUUID } from 'node:crypto';
import { isoNow } from '../common/index.ts';
import { PROMPTS, type Prompt, type PromptCode } from './catalogue.ts';

/** Results stay this long where the caller names no time, ms. */
const RESULT_MS = 4000;

/** Tells people at the doors what to do; each prompt takes the place of the one before at its door. */
export class Prompter {
  readonly #sinks: readonly ((prompt: Prompt) => void)[];

  /** `sinks`: the page, the broker; none may throw or wait. */
  constructor(sinks: readonly ((prompt: Prompt) => void)[]) {
    this.#sinks = sinks;
  }

  /** Shows a prompt for `forMs` at most. Never throws, never waits. */
  show(door: string, code: PromptCode, forMs: number = RESULT_MS): void {
    const { kind, en, zh } = PROMPTS[code];
    const prompt = { id: randomUUID(), door, code, kind, text: { en, zh }, forMs, at: isoNow() };
    for (const sink of this.#sinks) sink(prompt);
  }
}
