import { z } from 'zod';
import { LOG_LEVELS } from '../common/index.ts';
import { CalendarSchema } from './schema/calendar.ts';
import { CameraSchema } from './schema/camera.ts';
import { CloudSchema } from './schema/cloud.ts';
import { CommandsSchema } from './schema/commands.ts';
import { filePath, id, SecretSchema } from './schema/common.ts';
import { ConsoleSchema } from './schema/console.ts';
import { DecisionSchema } from './schema/decision.ts';
import { DoorSchema } from './schema/door.ts';
import { AccessSchema } from './schema/entry.ts';
import { entryProblems } from './schema/entry-checks.ts';
import { InputSchema } from './schema/input.ts';
import { JournalSchema } from './schema/journal.ts';
import { describeLine, type LineConfig, lineKey } from './schema/line.ts';
import { MqttSchema } from './schema/mqtt.ts';
import { ReaderSchema } from './schema/reader.ts';
import { SiteSchema } from './schema/site.ts';
import { VisionSchema } from './schema/vision.ts';

export { type CalendarConfig, CalendarSchema, type ScheduleConfig } from './schema/calendar.ts';
export { CameraSchema } from './schema/camera.ts';
export { type CloudConfig, CloudSchema } from './schema/cloud.ts';
export { type CommandsConfig, CommandsSchema } from './schema/commands.ts';
export { SecretSchema, type SecretSource } from './schema/common.ts';
export { type DecisionConfig, DecisionSchema } from './schema/decision.ts';
export { type DoorConfig, DoorSchema } from './schema/door.ts';
export { type AccessConfig, AccessSchema, type EntryConfig, EntrySchema } from './schema/entry.ts';
export type { HomeAssistantConfig } from './schema/home-assistant.ts';
export { type InputConfig, InputSchema } from './schema/input.ts';
export {
  describeLine,
  type InputLineConfig,
  type LineConfig,
  lineKey,
  type OutputLineConfig,
} from './schema/line.ts';
export { type MqttConfig, MqttSchema } from './schema/mqtt.ts';
export { type ReaderConfig, ReaderSchema } from './schema/reader.ts';
export { type SiteConfig, SiteSchema } from './schema/site.ts';
export { type QualityConfig, QualitySchema, type VisionConfig, VisionSchema } from './schema/vision.ts';

/** The whole configuration of a gate. */
export const ConfigSchema = z
  .strictObject({
    gate: z
      .strictObject({
        id: id.describe('Name of this gate; unique within the broker'),
        timezone: z
          .string()
          .default('Asia/Shanghai')
          .describe('IANA time zone of the site')
          .refine(isTimezone, 'is not an IANA time zone'),
      })
      .describe('The gate itself'),
    dataDir: filePath.default('/var/lib/menshen').describe('Folder of the gallery, the journal and the key'),
    key: SecretSchema.optional().describe(
      'Key of the gallery (64 hex digits); by default the file "key" in dataDir, made at first start',
    ),
    cameras: z.array(CameraSchema).min(1).describe('The cameras'),
    doors: z.array(DoorSchema).min(1).describe('The doors'),
    readers: z.array(ReaderSchema).default([]).describe('Card readers and keypads'),
    access: AccessSchema.prefault({}),
    calendar: CalendarSchema.prefault({}).describe('Schedules and holidays, which other settings name'),
    inputs: z
      .array(InputSchema)
      .default([])
      .describe('Fire alarm, tamper, power and battery inputs; see [door.md](door.md#alarm-inputs)'),
    vision: VisionSchema.prefault({}).describe('Detection, quality, liveness and embedding'),
    decision: DecisionSchema.prefault({}).describe('When a face opens the door'),
    mqtt: MqttSchema.optional().describe('Where events are sent; without it they stay in the journal'),
    commands: CommandsSchema.optional(),
    site: SiteSchema.optional(),
    cloud: CloudSchema.optional().describe(
      "CTYun's face APIs, or a private deployment of them, asked when a decision is unsure (`decision.escalation`)",
    ),
    console: ConsoleSchema.optional().describe(
      'The page that a display at the door shows prompts on; without it none is served',
    ),
    journal: JournalSchema.prefault({}).describe('How long records are kept, and how many'),
    simulator: z
      .strictObject({
        socket: filePath.describe('Path of the control socket of the simulated lines'),
      })
      .optional()
      .describe('Only for the simulated driver'),
    log: z
      .strictObject({
        level: z.enum(LOG_LEVELS).default('info').describe('Least serious messages that are written'),
      })
      .prefault({})
      .describe('The log, JSON lines on stderr'),
  })
  .superRefine((config, context) => {
    const problem = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    if (config.commands !== undefined && config.mqtt === undefined) {
      problem(['commands'], 'commands come over MQTT: there is no mqtt section');
    }
    if (config.site !== undefined && config.mqtt === undefined) {
      problem(['site'], 'the people of a site come over MQTT: there is no mqtt section');
    }
    const doors = new Set(config.doors.map((door) => door.id));
    config.cameras.forEach((camera, index) => {
      if (!doors.has(camera.door)) problem(['cameras', index, 'door'], `there is no door "${camera.door}"`);
    });
    config.readers.forEach((reader, index) => {
      if (!doors.has(reader.door)) problem(['readers', index, 'door'], `there is no door "${reader.door}"`);
    });
    for (const index of repeated(config.readers.map((reader) => reader.device))) {
      problem(['readers', index, 'device'], 'is used twice');
    }
    config.inputs.forEach(({ door, doors: several = [] }, index) => {
      const named = door === undefined ? several : [door, ...several];
      const key = door === undefined ? 'doors' : 'door';
      for (const name of named.filter((name) => !doors.has(name))) {
        problem(['inputs', index, key], `there is no door "${name}"`);
      }
    });
    for (const { path, message } of entryProblems(config)) problem(path, message);
    const { actionLiveness } = config.decision;
    actionLiveness.doors.forEach((door, index) => {
      if (!doors.has(door)) {
        problem(['decision', 'actionLiveness', 'doors', index], `there is no door "${door}"`);
      }
    });
    const schedules = ['always', 'never', ...config.calendar.schedules.map(({ id }) => id)];
    if (!schedules.includes(actionLiveness.schedule)) {
      const what = `there is no schedule "${actionLiveness.schedule}"`;
      problem(['decision', 'actionLiveness', 'schedule'], what);
    }
    if (actionLiveness.cloud !== 'never' && config.cloud === undefined) {
      problem(['decision', 'actionLiveness', 'cloud'], 'needs the section cloud');
    }
    for (const [key, list] of [
      ['cameras', config.cameras],
      ['doors', config.doors],
      ['readers', config.readers],
      ['inputs', config.inputs],
    ] as const) {
      for (const index of repeated(list.map((item) => item.id))) {
        problem([key, index, 'id'], `"${list[index]?.id}" is used twice`);
      }
    }
    const lines = [...config.doors.flatMap(linesOfDoor), ...config.inputs.flatMap(linesOfInput)];
    for (const index of repeated(lines.map(({ line }) => lineKey(line)))) {
      const use = lines[index];
      if (use !== undefined) problem(use.path, `${describeLine(use.line)} is used twice`);
    }
  });
export type Config = z.infer<typeof ConfigSchema>;
export type CameraConfig = Config['cameras'][number];

function isTimezone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** Indexes of the entries that stood in the list before. */
function repeated(list: readonly string[]): number[] {
  return list.flatMap((entry, index) => (list.indexOf(entry) < index ? [index] : []));
}

interface LineUse {
  readonly path: (string | number)[];
  readonly line: LineConfig;
}

function linesOfDoor({ relay, contact, rex }: z.infer<typeof DoorSchema>, door: number): LineUse[] {
  return [
    ...linesAt(['doors', door, 'relay'], relay),
    ...linesAt(['doors', door, 'contact'], contact),
    ...linesAt(['doors', door, 'rex'], rex),
  ];
}

function linesOfInput(input: z.infer<typeof InputSchema>, index: number): LineUse[] {
  return linesAt(['inputs', index], input);
}

function linesAt(
  path: (string | number)[],
  part: { readonly line: LineConfig; readonly second?: LineConfig | undefined } | undefined,
): LineUse[] {
  return [
    ...(part === undefined ? [] : [{ path: [...path, 'line'], line: part.line }]),
    ...(part?.second === undefined ? [] : [{ path: [...path, 'second'], line: part.second }]),
  ];
}
