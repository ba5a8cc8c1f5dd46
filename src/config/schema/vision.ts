import { z } from 'zod';
import { filePath, fraction, milliseconds } from './common.ts';

export const QualitySchema = z
  .strictObject({
    minEyeDistance: z.number().min(10).max(1000).default(40).describe('Pixels between the eyes at least'),
    minMargin: z
      .number()
      .min(-1)
      .max(1)
      .default(0.02)
      .describe("Distance of the face from the border, in parts of the face's width, at least"),
    maxYaw: z.number().min(1).max(90).default(35).describe('Degrees turned left or right at most'),
    maxPitch: z.number().min(1).max(90).default(30).describe('Degrees turned up or down at most'),
    maxRoll: z.number().min(1).max(90).default(50).describe('Degrees tilted at most'),
    minSharpness: z
      .number()
      .min(0)
      .max(1)
      .default(0.25)
      .describe('Sharpness of the aligned face at least, 0 (mere blur) to 1; see docs/reference/quality.md'),
    minBrightness: fraction.default(0.12).describe('Mean luma of the face at least'),
    maxBrightness: fraction.default(0.92).describe('Mean luma of the face at most'),
    minContrast: fraction.default(0.05).describe('Standard deviation of the luma of the face at least'),
    maxNoise: z
      .number()
      .min(0)
      .max(255)
      .default(1.4)
      .describe(
        'Noise of the colours of the face at most, in levels of 0 to 255: the liveness network takes more for life; see docs/reference/quality.md',
      ),
  })
  .refine((quality) => quality.minBrightness < quality.maxBrightness, {
    message: 'minBrightness must be below maxBrightness',
    path: ['minBrightness'],
  })
  .describe('The quality gate: no face below it is recognised');
export type QualityConfig = z.infer<typeof QualitySchema>;

export const VisionSchema = z
  .strictObject({
    modelsDir: filePath
      .optional()
      .describe('Folder of catalog.json and the networks; by default the one that ships with Menshen'),
    threads: z.number().int().min(1).max(16).default(1).describe('Threads a network may use'),
    detectionScore: fraction.default(0.7).describe("Detector's confidence at least"),
    maxFaces: z
      .number()
      .int()
      .min(1)
      .max(64)
      .default(8)
      .describe('Faces followed at the same time; the largest first'),
    quality: QualitySchema.prefault({}).describe('The quality gate: no face below it is recognised'),
    recognise: z
      .strictObject({
        burst: z
          .number()
          .int()
          .min(1)
          .max(20)
          .default(5)
          .describe('First good frames of a track that are all recognised'),
        intervalMs: milliseconds(250, 0, 10_000).describe(
          'After the burst, time between recognitions of one track',
        ),
      })
      .prefault({})
      .describe('How often a track is recognised'),
    idleIntervalMs: milliseconds(1000, 0, 2000).describe(
      'While nobody is in view and nothing moves, faces are looked for this often; a frame that shows a change is looked at whenever it comes. 0: every frame',
    ),
    hangMs: milliseconds(5000, 1000, 60_000).describe(
      'A vision process that gives no sign of life for this long is killed and started again',
    ),
  })
  .describe('Detection, quality, liveness and embedding');
export type VisionConfig = z.infer<typeof VisionSchema>;
