import { z } from 'zod';
import { actionLiveness } from './action-liveness.ts';
import { attributes } from './attributes.ts';
import { compare } from './compare.ts';
import { detect } from './detect.ts';
import { realName } from './real-name.ts';
import { silentLiveness } from './silent-liveness.ts';
import { byTheWay, statusCode, words } from './wire.ts';

/** The six services of section 6.3, each with its schemas of both directions. */
export const APIS = { detect, attributes, compare, silentLiveness, realName, actionLiveness } as const;

/** Body in clear of a request, and of a success as it stands on the wire. */
export type RequestBody<Id extends keyof typeof APIS> = z.input<(typeof APIS)[Id]['request']>;
export type SuccessBody<Id extends keyof typeof APIS> = z.input<(typeof APIS)[Id]['response']>;
/** What a success means to Menshen. */
export type ApiValue<Id extends keyof typeof APIS> = z.output<(typeof APIS)[Id]['response']>;

/**
 * An answer that is no success. `statusCode` and `code` say the same where both are there; the gateway and the six
 * services leave out one or the other, and `message` is `retMessage` in real-name authentication.
 */
export const FailureBodySchema = z.object({
  statusCode: statusCode.nullish(),
  code: z.union([statusCode, words]).nullish(),
  error: words.nullish(),
  message: byTheWay,
  retMessage: byTheWay,
  details: byTheWay,
});
export type FailureBody = z.input<typeof FailureBodySchema>;

export { ACTION_NAMES, type ActionReport, LIVENESS_ACTIONS, type LivenessAction } from './action-liveness.ts';
export type { FaceAttributes } from './attributes.ts';
export type { CloudComparison, ComparedFace } from './compare.ts';
export { type ApiDefinition, CLOUD_APIS, type CloudApi } from './definition.ts';
export type { CloudFace } from './detect.ts';
export { CLIP_LIMITS, PICTURE_LIMITS, PORTRAIT_LIMITS } from './limits.ts';
export { type RealNameRecord, realNameFailure } from './real-name.ts';
export { SILENT_VERDICTS, type SilentFace, type SilentVerdict } from './silent-liveness.ts';
export { BASE64_FORMS, type Base64Form, type FaceBox, type FacePoint } from './wire.ts';
