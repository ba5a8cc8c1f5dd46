import { z } from 'zod';
import { defineApi } from './definition.ts';
import { base64, byTheWay, success, yesOrNo } from './wire.ts';

/** Actions that can be asked for, by the names Menshen gives them. */
export const LIVENESS_ACTIONS = ['blink', 'openMouth', 'turnLeft', 'turnRight', 'nod'] as const;
export type LivenessAction = (typeof LIVENESS_ACTIONS)[number];

/** The names on the wire: in the request, and of the key in the answer. */
export const ACTION_NAMES = {
  blink: { type: 'Blink', key: 'eye' },
  openMouth: { type: 'OpenMouth', key: 'mouth' },
  turnLeft: { type: 'FaceLeft', key: 'face_left' },
  turnRight: { type: 'FaceRight', key: 'face_right' },
  nod: { type: 'FaceUpdown', key: 'face_updown' },
} as const satisfies Record<LivenessAction, { type: string; key: string }>;

/** What the cloud saw in a clip. */
export interface ActionReport {
  /** A living face. */
  readonly live: boolean;
  /** Every action that was seen. */
  readonly seen: Readonly<Record<LivenessAction, boolean>>;
}

// The text names a key "action_detected" that neither the table nor the example has: allowed and not used.
const returnObj = z
  .object({
    eye: yesOrNo,
    mouth: yesOrNo,
    face_left: yesOrNo,
    face_right: yesOrNo,
    face_updown: yesOrNo,
    valid: yesOrNo,
  })
  .transform(
    (found): ActionReport => ({
      live: found.valid,
      seen: {
        blink: found.eye,
        openMouth: found.mouth,
        turnLeft: found.face_left,
        turnRight: found.face_right,
        nod: found.face_updown,
      },
    }),
  );

/** 6.3.6 动作活体识别: did the person in a clip do what was asked, and are they alive? */
export const actionLiveness = defineApi({
  id: 'actionLiveness',
  section: '6.3.6',
  title: '动作活体识别',
  path: '/v1/aiop/api/3j8ogbxxpce8/action-fas/predict',
  version: null,
  action: 'ActionFas',
  request: z.object({
    Action: z.literal('ActionFas'),
    VideoBase64: base64,
    ActionType: z.enum(['Blink', 'OpenMouth', 'FaceLeft', 'FaceRight', 'FaceUpdown']),
  }),
  response: z
    .object({ statusCode: success, message: byTheWay, returnObj })
    .transform((body): ActionReport => body.returnObj),
  base64Fields: ['VideoBase64'],
  // The example holds "//+q3E": the standard alphabet.
  base64: 'standard',
  callsPerSecond: 1,
});
