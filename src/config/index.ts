/**
 * The configuration: its schema, and how a YAML file becomes a checked, frozen object. A newcomer begins with
 * schema.ts (what can be set) and load.ts (what happens to a file). problems.ts turns the validator's findings
 * into lines a person can act on, secrets.ts fetches what the file only points to, reference.ts writes the
 * documentation. Nothing here knows any other room but common.
 */
export { type ConfigEdit, editConfig, forbiddenChange } from './edit.ts';
export { guessDataDir } from './guess.ts';
export {
  configPath,
  hasLiteralSecret,
  type LoadedConfig,
  loadConfig,
  parseConfig,
  redactConfig,
} from './load.ts';
export { configReference } from './reference.ts';
export {
  type AccessConfig,
  type CalendarConfig,
  CalendarSchema,
  type CameraConfig,
  type CloudConfig,
  CloudSchema,
  type CommandsConfig,
  type Config,
  ConfigSchema,
  type DecisionConfig,
  DecisionSchema,
  type DoorConfig,
  DoorSchema,
  describeLine,
  type EntryConfig,
  type HomeAssistantConfig,
  type InputConfig,
  type InputLineConfig,
  type LineConfig,
  lineKey,
  type MqttConfig,
  type OutputLineConfig,
  type QualityConfig,
  type ReaderConfig,
  type ScheduleConfig,
  type SecretSource,
  type SiteConfig,
  type VisionConfig,
  VisionSchema,
} from './schema.ts';
export { resolveSecret, secretOf } from './secrets.ts';
export { configJsonSchema, type KeyPath } from './tree.ts';
