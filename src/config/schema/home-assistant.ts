import { z } from 'zod';

/** Home Assistant over MQTT. Off by default: it writes outside the gate's own topics, and few gates have one. */
export const HomeAssistantSchema = z
  .strictObject({
    discovery: z
      .boolean()
      .default(false)
      .describe('The gate appears in Home Assistant by itself; switched off again, it is taken away there'),
    prefix: z
      .string()
      .regex(/^[^#+\s/]+(\/[^#+\s/]+)*$/, 'must be a topic without wildcards')
      .default('homeassistant')
      .describe('Discovery prefix of Home Assistant'),
    lastPerson: z
      .enum(['none', 'id', 'name'])
      .default('none')
      .describe(
        'What Home Assistant shows, and keeps in its history, of who was let in last: nothing, the id, or the name',
      ),
  })
  .describe('Home Assistant');
export type HomeAssistantConfig = z.infer<typeof HomeAssistantSchema>;
