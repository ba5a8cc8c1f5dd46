import { fileURLToPath } from 'node:url';

/** Where set-up puts the photographs (npm package @vladmandic/face-api, demo/sample1..6.jpg, MIT). */
export const DEMO_DIR = fileURLToPath(new URL('../../.cache/demo/', import.meta.url));

/** Part of a photograph, pixels. */
export interface Region {
  readonly photo: string;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Somebody enrolled before the demo begins. */
export interface Member {
  readonly name: string;
  readonly enrolledFrom: Region;
}

/** Two people are enrolled: one from another photograph than the one she walks up in, one from another crop. */
export const MEMBERS: readonly Member[] = [
  { name: 'Alice', enrolledFrom: { photo: 'sample3.jpg', left: 960, top: 40, width: 460, height: 620 } },
  { name: 'Wen', enrolledFrom: { photo: 'sample6.jpg', left: 130, top: 380, width: 460, height: 500 } },
];

/** What the gate must make of a scene. */
export interface Expectation {
  readonly outcome: 'grant' | 'deny';
  readonly reason: 'GRANTED_FACE' | 'UNKNOWN_PERSON' | 'NOT_LIVE';
  readonly person: string | null;
}

/** One appearance before the camera. */
export interface Scene {
  readonly title: string;
  readonly kind: 'person' | 'phone';
  readonly look: Region;
  /** Width of the figure in the picture when it stands at the door, pixels of 1280. */
  readonly width: number;
  readonly expect: Expectation;
}

export const SCENES: readonly Scene[] = [
  {
    title: 'Alice walks up',
    kind: 'person',
    look: { photo: 'sample1.jpg', left: 1230, top: 0, width: 660, height: 900 },
    width: 560,
    expect: { outcome: 'grant', reason: 'GRANTED_FACE', person: 'Alice' },
  },
  {
    title: 'a stranger walks up',
    kind: 'person',
    look: { photo: 'sample3.jpg', left: 400, top: 190, width: 560, height: 820 },
    width: 560,
    expect: { outcome: 'deny', reason: 'UNKNOWN_PERSON', person: null },
  },
  {
    title: "somebody holds up a phone with Alice's picture",
    kind: 'phone',
    look: { photo: 'sample3.jpg', left: 1040, top: 130, width: 290, height: 440 },
    width: 330,
    expect: { outcome: 'deny', reason: 'NOT_LIVE', person: null },
  },
  {
    title: 'Wen walks up',
    kind: 'person',
    look: { photo: 'sample6.jpg', left: 30, top: 260, width: 620, height: 880 },
    width: 560,
    expect: { outcome: 'grant', reason: 'GRANTED_FACE', person: 'Wen' },
  },
];
