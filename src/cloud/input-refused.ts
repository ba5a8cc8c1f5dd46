import type { LocalCode } from './catalogue.ts';

/** Input that is not sent because the API would refuse it. The message never holds the input itself. */
export class InputRefused extends Error {
  readonly code: LocalCode & `INPUT_${string}`;

  constructor(code: LocalCode & `INPUT_${string}`, message: string) {
    super(message);
    this.name = 'InputRefused';
    this.code = code;
  }
}
