import { z } from 'zod';

const Template = z.string().describe('Jinja, as Home Assistant renders it');

/** One entity; with the platform alone it is taken away. Names are those of Home Assistant's MQTT integration. */
const EntitySchema = z.strictObject({
  platform: z.enum(['binary_sensor', 'sensor', 'update']),
  unique_id: z.string().exactOptional(),
  name: z.string().exactOptional(),
  device_class: z.string().exactOptional(),
  entity_category: z.literal('diagnostic').exactOptional(),
  state_topic: z.string().exactOptional(),
  value_template: Template.exactOptional(),
  off_delay: z.number().int().exactOptional().describe('Seconds after which it is off again'),
  latest_version_topic: z.string().exactOptional(),
  latest_version_template: Template.exactOptional(),
  title: z.string().exactOptional(),
});
export type Entity = z.infer<typeof EntitySchema>;

/** A gate as one device of Home Assistant, with all its entities: the device-based discovery message. */
export const DeviceSchema = z.strictObject({
  device: z.strictObject({
    identifiers: z.array(z.string()),
    name: z.string(),
    manufacturer: z.string(),
    model: z.string(),
    sw_version: z.string(),
  }),
  origin: z.strictObject({ name: z.string(), sw_version: z.string() }),
  availability: z.array(z.strictObject({ topic: z.string(), value_template: Template })),
  qos: z.literal(1),
  components: z.record(z.string(), EntitySchema),
});
export type Device = z.infer<typeof DeviceSchema>;
