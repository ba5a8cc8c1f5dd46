import { z } from 'zod';

/** What the writer says of its journal: what it was given back, and what it is about to do. */
export const SaidSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('recorded'),
    /** Of one commit. */
    events: z.array(z.object({ id: z.string(), seq: z.number() })),
  }),
  z.object({ kind: z.literal('delivering'), seqs: z.array(z.number()) }),
  /** From here on what was delivered may be deleted. */
  z.object({ kind: z.literal('pruning') }),
  z.object({ kind: z.literal('finished') }),
]);
export type Said = z.infer<typeof SaidSchema>;
