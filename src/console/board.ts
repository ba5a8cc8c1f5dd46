import type { Prompt } from './catalogue.ts';

/** What is shown at one door: a prompt with the time it has left, or null. */
export type Shown = (Prompt & { readonly leftMs: number }) | null;

/** Which prompt each door shows now. Pure: time comes in with every call (monotonic ms). */
export class PromptBoard {
  readonly #shown = new Map<string, { readonly prompt: Prompt; readonly until: number } | null>();

  constructor(doors: readonly string[]) {
    for (const door of doors) this.#shown.set(door, null);
  }

  get doors(): string[] {
    return [...this.#shown.keys()];
  }

  has(door: string): boolean {
    return this.#shown.has(door);
  }

  /** Takes the place of what the door showed; a door that does not exist shows nothing. */
  put(prompt: Prompt, now: number): void {
    if (this.has(prompt.door)) this.#shown.set(prompt.door, { prompt, until: now + prompt.forMs });
  }

  at(door: string, now: number): Shown {
    const shown = this.#shown.get(door) ?? null;
    return shown === null || now >= shown.until ? null : { ...shown.prompt, leftMs: shown.until - now };
  }
}
