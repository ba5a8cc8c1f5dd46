/**
 * What every room stands on: the clock, the logger and the catalogue of errors.
 * Nothing here knows any other room.
 */

export { isoNow, monotonicMs } from './clock.ts';
export { cosine } from './cosine.ts';
export { type CsvDialect, type CsvRow, parseCsv } from './csv.ts';
export {
  type DeviceKey,
  type DevicePublicKey,
  deviceKeyPath,
  openDeviceKey,
  readDevicePublicKey,
} from './device-key.ts';
export { ERRORS, type ErrorCode, MenshenError, messageOf } from './errors.ts';
export type { Frozen } from './frozen.ts';
export { type JsonValue, jsonOf, parseJson } from './json.ts';
export { KeptThread, type KeptThreadOptions } from './kept-thread.ts';
export { createLogger, LOG_LEVELS, type Logger, type LogLevel, redactUrl } from './log.ts';
export { makeFolder } from './make-folder.ts';
export { MEMORY } from './memory.ts';
export { mulberry32 } from './mulberry32.ts';
export { softwareVersion } from './version.ts';
