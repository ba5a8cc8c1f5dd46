/**
 * Another face of the room, for documentation and tests: the schemas of what is published. The gate itself needs
 * their types alone.
 */
export { configTopic, deviceOf } from './home-assistant/device.ts';
export { DeviceSchema } from './home-assistant/schema.ts';
export { PUBLIC_EVENT_DATA } from './public-data.ts';
export { STATES, StatusSchema } from './report.ts';
