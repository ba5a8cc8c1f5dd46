import type { QualityGate } from '../vision/types.ts';
import { judgeAction, judgeDemand } from './action.ts';
import { doubtsOf, framedIn, isSettled, marginTrouble, unusable } from './doubts.ts';
import type { Reason } from './reasons.ts';
import type { Case, Verdict } from './types.ts';

/**
 * Version of the rules of a face, kept in every record: raised whenever the same case could get another verdict.
 */
export const FACE_RULES = 3;

/** Reason of a face that never passed the quality gate. */
export const GATE_REASONS: Readonly<Record<QualityGate, Reason>> = {
  SIZE: 'FACE_TOO_SMALL',
  MARGIN: 'FACE_AT_EDGE',
  POSE: 'FACE_TURNED',
  SHARPNESS: 'FACE_BLURRED',
  EXPOSURE: 'FACE_BADLY_LIT',
  // Noise is what a sensor makes of too little light, and light is what helps.
  NOISE: 'FACE_BADLY_LIT',
};

/** In so many frames of a track edges enclose the face, and it is shown on something; in one it may be chance. */
const FRAMED_FRAMES = 2;

/** A rule looks at the case and gives a verdict, or leaves it to the next. */
interface Rule {
  readonly name: string;
  readonly judge: (c: Case) => Omit<Verdict, 'rule'> | null;
}

const figure = (value: number): string => value.toFixed(3);

/**
 * The rules in their order; the first with a verdict decides. Nothing is granted before the last two, of which the
 * second is reached only when the cloud has settled every doubt; a rule added before them can only make the door stricter.
 */
const RULES: readonly Rule[] = [
  {
    name: 'camera',
    judge: (c) =>
      c.distrusted === null ? null : { verdict: 'deny', reason: 'CAMERA_SUSPECT', detail: c.distrusted },
  },
  {
    name: 'lock-out',
    judge: (c) => {
      if (!c.lockedOut && !c.trackLockedOut) {
        return null;
      }
      const detail = c.lockedOut
        ? 'locked out after many failed attempts'
        : `this track has used up its ${c.thresholds.maxAttempts} attempts`;
      return { verdict: 'deny', reason: 'LOCKED_OUT', detail };
    },
  },
  {
    name: 'one-face-a-track',
    judge: (c) => {
      if (c.consistency === null || c.consistency >= c.thresholds.minConsistency) {
        return null;
      }
      const detail = `two frames of the track have cosine ${figure(c.consistency)}, below ${figure(c.thresholds.minConsistency)}`;
      return { verdict: 'deny', reason: 'INCONSISTENT_TRACK', detail };
    },
  },
  { name: 'action', judge: judgeAction },
  {
    name: 'liveness',
    judge: (c) => {
      if (c.liveness === null || c.liveness >= c.thresholds.livenessUnsure) {
        return null;
      }
      const detail = `fused liveness ${figure(c.liveness)} is below ${figure(c.thresholds.livenessUnsure)}`;
      return { verdict: 'deny', reason: 'NOT_LIVE', detail };
    },
  },
  {
    name: 'edges',
    judge: (c) => {
      const framed = framedIn(c, c.enclosures.length);
      if (framed.length < FRAMED_FRAMES) {
        return null;
      }
      const detail = `in ${framed.length} of ${c.enclosures.length} frames straight edges enclose the face as those of a screen or a sheet do, up to ${figure(Math.max(...framed))} (from ${figure(c.thresholds.enclosure)} on)`;
      return { verdict: 'deny', reason: 'FACE_FRAMED', detail };
    },
  },
  {
    name: 'match',
    judge: (c) => {
      const { match, unsureBelowMatch } = c.thresholds;
      const limit = match - unsureBelowMatch;
      if (c.best !== null && c.best.score >= limit) {
        return null;
      }
      const detail =
        c.best === null
          ? 'nobody is enrolled'
          : `best score ${figure(c.best.score)} is below ${figure(limit)}`;
      return { verdict: 'deny', reason: 'UNKNOWN_PERSON', detail };
    },
  },
  { name: 'cloud', judge: refusedByCloud },
  { name: 'unsure', judge: unsure },
  {
    name: 'fresh-or-nothing',
    judge: (c) => {
      const { minFrames, maxFrameAgeMs } = c.thresholds;
      const age = c.agesMs.at(-minFrames) ?? Number.POSITIVE_INFINITY;
      if (age <= maxFrameAgeMs) {
        return null;
      }
      const detail = `of the ${minFrames} newest frames one is ${age.toFixed(0)} ms old, more than ${maxFrameAgeMs} ms`;
      return { verdict: 'deny', reason: 'STALE_FRAME', detail };
    },
  },
  {
    name: 'authentication-interval',
    judge: (c) => {
      if (c.authenticatedAgoMs === null) {
        return null;
      }
      const detail = `this person was granted ${(c.authenticatedAgoMs / 1000).toFixed(1)} s ago`;
      return { verdict: 'deny', reason: 'AUTHENTICATION_INTERVAL', detail };
    },
  },
  { name: 'action-demanded', judge: judgeDemand },
  {
    name: 'face',
    judge: (c) =>
      doubtsOf(c).length > 0 ? null : { verdict: 'grant', reason: 'GRANTED_FACE', detail: strengthOf(c) },
  },
  {
    name: 'face-and-cloud',
    judge: (c) => {
      const settled = doubtsOf(c).map(({ text }) => text);
      const said = `the cloud calls it live and gives the score ${figure(c.cloud?.score ?? 0)}`;
      return {
        verdict: 'grant',
        reason: 'GRANTED_CLOUD',
        detail: `${strengthOf(c)}; ${said}, which settles: ${settled.join('; ')}`,
      };
    },
  },
];

function strengthOf(c: Case): string {
  return `liveness ${figure(c.liveness ?? 0)} and score ${figure(c.best?.score ?? 0)} over the same ${c.agesMs.length} frames`;
}

/** Whatever lies between yes and no and was not settled. The sentence lists every cause, so that the reader need not guess. */
function unsure(c: Case): Omit<Verdict, 'rule'> | null {
  const doubts = doubtsOf(c);
  const open = doubts.filter((doubt) => !isSettled(c, doubt));
  if (open.length === 0) {
    return null;
  }
  const causes = open.map(({ text }) => text);
  if (c.cloud !== null) {
    const margin = open.every(({ cause }) => cause === 'margin') ? marginTrouble(c) : null;
    causes.push(`not settled by the cloud: ${unusable(c) ?? margin ?? 'it was not asked about this'}`);
  }
  return { verdict: 'unsure', reason: 'UNSURE', detail: causes.join('; ') };
}

/** A clear no of the cloud counts, even when the device has become sure in the meantime. */
function refusedByCloud(c: Case): Omit<Verdict, 'rule'> | null {
  const { cloud, escalation } = c;
  if (cloud === null || escalation === null) {
    return null;
  }
  if (cloud.liveness === 'attack') {
    return { verdict: 'deny', reason: 'NOT_LIVE', detail: "the cloud's silent liveness calls it an attack" };
  }
  if (cloud.score === null || cloud.score >= escalation.compareThreshold) {
    return null;
  }
  const detail = `the cloud's score ${figure(cloud.score)} is below ${figure(escalation.compareThreshold)}`;
  return { verdict: 'unsure', reason: 'UNSURE', detail };
}

/** Reasons that are told at once; every other denial waits until the verdict is due, since the next frame may be better. */
const IMMEDIATE = new Set([
  'GRANTED_FACE',
  'GRANTED_CLOUD',
  'INCONSISTENT_TRACK',
  'ACTION_FAILED',
  'ACTION_UNAVAILABLE',
]);

/**
 * Judges a case. Pure: the same figures always give the same verdict.
 * @returns null while it is too early to tell, and for a face that could pass but has left.
 */
export function judge(c: Case): Verdict | null {
  for (const rule of RULES) {
    const verdict = rule.judge(c);
    if (verdict !== null) {
      const couldPass =
        verdict.verdict === 'grant' || (rule.name === 'action-demanded' && c.action?.asked === null);
      if (c.ended && couldPass) {
        return null;
      }
      return c.due || IMMEDIATE.has(verdict.reason) ? { ...verdict, rule: rule.name } : null;
    }
  }
  return null;
}

/** The verdict on a face that stayed and never passed the quality gate. */
export function failedAt(gate: QualityGate): Verdict {
  return {
    verdict: 'deny',
    reason: GATE_REASONS[gate],
    rule: 'quality',
    detail: `the face never passed the quality gate ${gate}`,
  };
}
