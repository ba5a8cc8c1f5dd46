import { z } from 'zod';
import { LOG_LEVELS } from '../common/index.ts';

const id = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'use 1 to 63 of a-z, 0-9, "-" and "_", beginning with a letter or digit');

const milliseconds = (fallback: number, min: number, max: number) =>
  z.number().int().min(min).max(max).default(fallback);

/** A secret: never in clear in a record or a log. Read from a file, a systemd credential or the environment; a literal is allowed for trying things out. */
export const SecretSchema = z
  .union([
    z.strictObject({ file: z.string().min(1).describe('Path of a file holding the secret') }),
    z.strictObject({ credential: z.string().min(1).describe('Name of a systemd credential (LoadCredential=)') }),
    z.strictObject({ env: z.string().min(1).describe('Name of an environment variable') }),
    z.strictObject({ value: z.string().min(1).describe('The secret itself; only for trying things out') }),
  ])
  .describe('Where a secret comes from');
export type SecretSource = z.infer<typeof SecretSchema>;

const fraction = z.number().min(0).max(1);

export const CameraSchema = z
  .strictObject({
    id: id.describe('Name of the camera in events and topics'),
    source: z.string().min(1).describe('rtsp:// or rtsps:// URL without user and password, a video file, or a folder of pictures'),
    username: z.string().min(1).optional().describe('RTSP user name'),
    password: SecretSchema.optional().describe('RTSP password'),
    door: id.describe('The door this camera watches'),
    stallMs: milliseconds(5000, 500, 120_000).describe('Without a new frame for this long the stream counts as stalled and is opened again'),
    connectTimeoutMs: milliseconds(10_000, 1000, 120_000).describe('Time allowed from connecting to the first frame'),
    fps: z.number().min(0.1).max(60).default(15).describe('Pictures a second when the source is a folder of pictures'),
    loop: z.boolean().default(true).describe('Begin again at the end when the source is a file or a folder'),
    area: z
      .strictObject({ left: fraction, top: fraction, right: fraction, bottom: fraction })
      .refine((area) => area.left < area.right && area.top < area.bottom, 'left must be below right, and top below bottom')
      .default({ left: 0, top: 0, right: 1, bottom: 1 })
      .describe('Recognition area in parts of the picture; faces outside it are not recognised'),
  })
  .describe('A camera');

export const QualitySchema = z
  .strictObject({
    minEyeDistance: z.number().min(10).max(1000).default(40).describe('Pixels between the eyes at least'),
    minMargin: z.number().min(-1).max(1).default(0.02).describe("Distance of the face from the border, in parts of the face's width, at least"),
    maxYaw: z.number().min(1).max(90).default(35).describe('Degrees turned left or right at most'),
    maxPitch: z.number().min(1).max(90).default(30).describe('Degrees turned up or down at most'),
    maxRoll: z.number().min(1).max(90).default(35).describe('Degrees tilted at most'),
    minSharpness: z.number().min(0).default(0).describe('Detail of the aligned face at least; see docs/reference/quality.md'),
    minBrightness: fraction.default(0.12).describe('Mean luma of the face at least'),
    maxBrightness: fraction.default(0.92).describe('Mean luma of the face at most'),
    minContrast: fraction.default(0.05).describe('Standard deviation of the luma of the face at least'),
  })
  .describe('The quality gate: no face below it is recognised');
export type QualityConfig = z.infer<typeof QualitySchema>;

export const VisionSchema = z
  .strictObject({
    modelsDir: z.string().min(1).optional().describe('Folder of catalog.json and the networks; by default the one that ships with Menshen'),
    threads: z.number().int().min(1).max(16).default(1).describe('Threads a network may use'),
    detectionScore: fraction.default(0.7).describe("Detector's confidence at least"),
    maxFaces: z.number().int().min(1).max(64).default(8).describe('Faces followed at the same time; the largest first'),
    quality: QualitySchema.prefault({}),
    recognise: z
      .strictObject({
        burst: z.number().int().min(1).max(20).default(3).describe('First good frames of a track that are all recognised'),
        intervalMs: milliseconds(250, 0, 10_000).describe('After the burst, time between recognitions of one track'),
      })
      .prefault({})
      .describe('How often a track is recognised'),
    hangMs: milliseconds(5000, 1000, 60_000).describe('A vision process that gives no sign of life for this long is killed and started again'),
  })
  .describe('Detection, quality, liveness and embedding');
export type VisionConfig = z.infer<typeof VisionSchema>;

export const DecisionSchema = z
  .strictObject({
    matchThreshold: fraction.default(0.45).describe('Cosine of the best candidate at least'),
    unsureBelowThreshold: fraction.default(0.08).describe('Width of the band below the match threshold that counts as unsure'),
    margin: fraction.default(0.05).describe('Lead of the best candidate over the runner-up at least'),
    livenessThreshold: fraction.default(0.7).describe('Fused liveness score at least'),
    livenessUnsure: fraction.default(0.4).describe('Fused liveness below the threshold but at least this counts as unsure; below it as an attack'),
    livenessFloor: fraction.default(0.2).describe('No single frame that counts may be below this'),
    minFrames: z.number().int().min(1).max(20).default(2).describe('Frames of evidence needed for a grant'),
    maxFrames: z.number().int().min(1).max(20).default(5).describe('Frames of evidence kept and fused; with this many, or after decideAfterMs, a verdict is given'),
    decideAfterMs: milliseconds(1200, 100, 10_000).describe('Time from the first evidence after which a face not granted is denied'),
    evidenceAgeMs: milliseconds(2500, 200, 10_000).describe('Evidence older than this is forgotten'),
    maxFrameAgeMs: milliseconds(800, 50, 5000).describe('The newest frame of the evidence may be this old when the door opens'),
    minConsistency: fraction.default(0.3).describe('Cosine between the embeddings of one track at least; below it the evidence is thrown away'),
    recognitionIntervalMs: milliseconds(4000, 0, 3_600_000).describe('After a verdict the same track, or the same person, is left alone for this long'),
    authenticationIntervalMs: milliseconds(0, 0, 86_400_000).describe('A person granted is denied when coming again sooner than this; 0 is off'),
    retryAfterMs: milliseconds(1500, 0, 60_000).describe('After a denial the same track may try again after this time'),
    maxAttempts: z.number().int().min(1).max(100).default(5).describe('Failed attempts of one track before it is locked out'),
    lockout: z
      .strictObject({
        failures: z.number().int().min(1).max(1000).default(10).describe('Attacks and unsure attempts at one door within windowMs that lock it out'),
        windowMs: milliseconds(60_000, 1000, 3_600_000),
        durationMs: milliseconds(30_000, 1000, 3_600_000),
      })
      .prefault({})
      .describe('Lock-out of a place after many failed attempts'),
  })
  .refine((decision) => decision.livenessUnsure <= decision.livenessThreshold, {
    message: 'livenessUnsure must not be above livenessThreshold',
    path: ['livenessUnsure'],
  })
  .refine((decision) => decision.minFrames <= decision.maxFrames, {
    message: 'minFrames must not be above maxFrames',
    path: ['minFrames'],
  })
  .describe('When a face opens the door');
export type DecisionConfig = z.infer<typeof DecisionSchema>;

const OnoffLineSchema = z.strictObject({
  driver: z.literal('onoff').describe('sysfs GPIO'),
  line: z.number().int().min(0).describe('Line number as sysfs counts it (chip base plus offset)'),
});
const SimulatedLineSchema = z.strictObject({
  driver: z.literal('simulated').describe('No hardware: state in memory, told on stdout, driven through a control socket'),
  line: z.number().int().min(0),
});
const LineSchema = z.discriminatedUnion('driver', [OnoffLineSchema, SimulatedLineSchema]);
export type LineConfig = z.infer<typeof LineSchema>;

export const DoorSchema = z
  .strictObject({
    id: id.describe('Name of the door in events and topics'),
    relay: z.strictObject({
      line: LineSchema,
      activeLow: z.boolean().default(false).describe('The relay is energised by a low level'),
    }),
    unlockMs: milliseconds(5000, 200, 255_000).describe('How long the relay stays energised'),
    relockOnOpen: z.boolean().default(true).describe('Release the relay as soon as the door has opened'),
    contact: z
      .strictObject({
        line: LineSchema,
        normally: z.enum(['open', 'closed']).default('closed').describe('State of the contact while the door is closed'),
        debounceMs: milliseconds(50, 0, 1000),
      })
      .optional()
      .describe('Door contact; without one, opening is not seen and there are no held-open and forced-open alarms'),
    rex: z
      .strictObject({
        line: LineSchema,
        normally: z.enum(['open', 'closed']).default('open').describe('State of the button while nobody presses it'),
        debounceMs: milliseconds(30, 0, 1000),
      })
      .optional()
      .describe('Request-to-exit button'),
    heldOpenMs: milliseconds(30_000, 0, 3_600_000).describe('An open door alarms after this time; 0 is off'),
  })
  .describe('A door');
export type DoorConfig = z.infer<typeof DoorSchema>;

export const MqttSchema = z
  .strictObject({
    url: z
      .string()
      .regex(/^mqtts?:\/\/[^/@\s]+(:\d+)?\/?$/, 'use mqtt://host:port or mqtts://host:port, without user and password')
      .describe('The broker'),
    username: z.string().min(1).optional(),
    password: SecretSchema.optional(),
    caFile: z.string().min(1).optional().describe("CA certificate (PEM) that signed the broker's; by default the system's"),
    certFile: z.string().min(1).optional().describe('Client certificate (PEM)'),
    keyFile: z.string().min(1).optional().describe('Key of the client certificate (PEM)'),
    topic: z
      .string()
      .regex(/^[^#+\s]+$/, 'must not hold spaces, "#" or "+"')
      .default('menshen')
      .describe('First part of every topic'),
    keepaliveS: z.number().int().min(1).max(3600).default(30),
  })
  .refine((mqtt) => (mqtt.certFile === undefined) === (mqtt.keyFile === undefined), {
    message: 'certFile and keyFile go together',
    path: ['certFile'],
  })
  .describe('Where events are sent');
export type MqttConfig = z.infer<typeof MqttSchema>;

export const ConfigSchema = z
  .strictObject({
    gate: z.strictObject({
      id: id.describe('Name of this gate; unique within the broker'),
      timezone: z.string().default('Asia/Shanghai').describe('IANA time zone of the site').refine(isTimezone, 'is not an IANA time zone'),
    }),
    dataDir: z.string().min(1).default('/var/lib/menshen').describe('Folder of the gallery, the journal and the key'),
    key: SecretSchema.optional().describe('Key of the gallery (64 hex digits); by default the file "key" in dataDir, made at first start'),
    cameras: z.array(CameraSchema).min(1).describe('The cameras'),
    doors: z.array(DoorSchema).min(1).describe('The doors'),
    vision: VisionSchema.prefault({}),
    decision: DecisionSchema.prefault({}),
    mqtt: MqttSchema.optional(),
    journal: z
      .strictObject({
        retentionDays: z.number().int().min(1).max(3650).default(180).describe('Events delivered and older than this are deleted'),
        cropRetentionDays: z.number().int().min(0).max(3650).default(30).describe('Pictures of sightings are deleted after this time; 0 keeps none'),
      })
      .prefault({}),
    simulator: z
      .strictObject({ socket: z.string().min(1).describe('Path of the control socket of the simulated lines') })
      .optional()
      .describe('Only for the simulated driver'),
    log: z.strictObject({ level: z.enum(LOG_LEVELS).default('info') }).prefault({}),
  })
  .superRefine((config, context) => {
    const doors = new Set(config.doors.map((door) => door.id));
    config.cameras.forEach((camera, index) => {
      if (!doors.has(camera.door)) {
        context.addIssue({ code: 'custom', path: ['cameras', index, 'door'], message: `there is no door "${camera.door}"` });
      }
    });
    for (const [key, list] of [
      ['cameras', config.cameras],
      ['doors', config.doors],
    ] as const) {
      const seen = new Set<string>();
      list.forEach((item, index) => {
        if (seen.has(item.id)) {
          context.addIssue({ code: 'custom', path: [key, index, 'id'], message: `"${item.id}" is used twice` });
        }
        seen.add(item.id);
      });
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
