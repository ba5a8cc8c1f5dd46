import type { z } from 'zod';
import type { Role } from './roles.ts';

/** One command of the catalogue: what it takes, what it gives, who may send it, what of it is kept. */
export interface CommandDefinition<P extends z.ZodType = z.ZodType, R extends z.ZodType = z.ZodType> {
  readonly summary: string;
  readonly roles: readonly Role[];
  readonly params: P;
  readonly result: R;
  /**
   * Doing it once more could harm nobody: it opens nothing, gives nobody anything and changes nothing for good. Only
   * such a command is carried out while the replay guard cannot be written (disk full or read-only).
   */
  readonly harmless: boolean;
  /** Parameters and members of the result that the journal keeps. All others may be pictures, secrets or long. */
  readonly keeps: { readonly params: readonly string[]; readonly result: readonly string[] };
  readonly example: { readonly params: z.input<P>; readonly result: z.input<R> };
}

/** Ties the example of a command to its schemas. */
export function command<P extends z.ZodObject, R extends z.ZodObject>(
  definition: CommandDefinition<P, R> & {
    readonly keeps: {
      readonly params: readonly (keyof z.output<P> & string)[];
      readonly result: readonly (keyof z.output<R> & string)[];
    };
  },
): CommandDefinition<P, R> {
  return definition;
}
