import { z } from 'zod';

export const ConsoleSchema = z
  .strictObject({
    listen: z
      .union([z.ipv4(), z.ipv6()])
      .default('127.0.0.1')
      .describe(
        'Address the page is served at; anybody who reaches it can read the prompts, over plain HTTP',
      ),
    port: z.number().int().min(1).max(65_535).default(8480).describe('Port of the page'),
  })
  .describe('The page that a display at the door shows prompts on');
export type ConsoleConfig = z.infer<typeof ConsoleSchema>;
