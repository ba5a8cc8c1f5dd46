import { mayWearMask } from './evidence.ts';
import type { Case, EscalationReason } from './types.ts';

/** What can lie between yes and no. */
export type DoubtCause =
  | 'frames'
  | 'liveness'
  | 'liveness-floor'
  | 'liveness-track'
  | 'enclosure'
  | 'score'
  | 'mask'
  | 'frame-score'
  | 'margin';

/** One cause for being unsure, with its figures in words. */
export interface Doubt {
  readonly cause: DoubtCause;
  readonly text: string;
}

const figure = (value: number): string => value.toFixed(3);

/** Of the newest `count` frames of the track those in which edges enclose the face as those of a screen or a sheet do. */
export function framedIn({ enclosures, thresholds }: Case, count: number): number[] {
  return enclosures
    .slice(Math.max(0, enclosures.length - count))
    .filter((enclosure) => enclosure >= thresholds.enclosure);
}

/** Everything about a case that lies between yes and no; empty when nothing does. */
export function doubtsOf(c: Case): Doubt[] {
  const t = c.thresholds;
  const doubts: Doubt[] = [];
  const doubt = (cause: DoubtCause, text: string) => doubts.push({ cause, text });
  if (c.agesMs.length < t.minFrames) {
    doubt('frames', `only ${c.agesMs.length} of ${t.minFrames} frames of evidence`);
  }
  if (c.liveness === null || c.liveness < t.liveness) {
    doubt('liveness', `fused liveness ${figure(c.liveness ?? 0)} is below ${figure(t.liveness)}`);
  }
  if (c.livenessLowest !== null && c.livenessLowest < t.livenessFloor) {
    doubt(
      'liveness-floor',
      `a frame has liveness ${figure(c.livenessLowest)}, below ${figure(t.livenessFloor)}`,
    );
  }
  if (c.livenessTrack !== null && c.livenessTrack < t.livenessTrack) {
    const text = `over the newest frames of the track liveness is ${figure(c.livenessTrack)}, below ${figure(t.livenessTrack)}`;
    doubt('liveness-track', text);
  }
  const enclosed = framedIn(c, c.agesMs.length);
  if (enclosed.length > 0) {
    const text = `in ${enclosed.length} of the frames straight edges enclose the face (${figure(Math.max(...enclosed))}, from ${figure(t.enclosure)} on)`;
    doubt('enclosure', text);
  }
  if (c.best === null || c.best.score < t.match) {
    doubt('score', `score ${figure(c.best?.score ?? 0)} is below ${figure(t.match)}`);
  }
  const masked = mayWearMask(c.mask);
  if (masked && c.best !== null && c.best.score >= t.match && c.best.score < t.match + t.maskMargin) {
    doubt(
      'mask',
      `a mask is or may be worn, and score ${figure(c.best.score)} is below ${figure(t.match + t.maskMargin)}`,
    );
  }
  const weakest = Math.min(...c.frameScores);
  if (weakest < t.match - t.unsureBelowMatch) {
    doubt(
      'frame-score',
      `a frame by itself has score ${figure(weakest)}, below ${figure(t.match - t.unsureBelowMatch)}`,
    );
  }
  if (c.best !== null && c.second !== null && c.best.score - c.second.score < t.margin) {
    const lead = figure(c.best.score - c.second.score);
    doubt('margin', `the runner-up is only ${lead} behind, less than ${figure(t.margin)}`);
  }
  return doubts;
}

/**
 * Why a cloud may be asked about a doubt; null when no answer could settle it here: too few frames are nothing a
 * cloud knows about, a single frame below the liveness floor, what the track
 * looked like before and edges around the face, which its picture is too small for, are limits of their own, a reason may be switched off, a
 * figure may lie beyond its band, and between three people who match about equally two answers decide nothing.
 */
export function reasonToAsk(c: Case, { cause }: Doubt): EscalationReason | null {
  const reason = REASON_OF[cause];
  return reason !== null && c.escalation?.reasons.includes(reason) && isInBand(c, cause) ? reason : null;
}

/**
 * The limit on single frames belongs to the score: what the cloud is asked about is one of them, and each of the
 * others must resemble that one more closely (`pictureConsistency`) than it had to resemble the candidate.
 */
const REASON_OF: Readonly<Record<DoubtCause, EscalationReason | null>> = {
  frames: null,
  liveness: 'liveness',
  'liveness-floor': null,
  'liveness-track': null,
  enclosure: null,
  score: 'score',
  mask: 'mask',
  'frame-score': 'score',
  margin: 'margin',
};

function isInBand(c: Case, cause: DoubtCause): boolean {
  const { thresholds: t, escalation: e, best } = c;
  if (e === null || best === null) return false;
  if (cause === 'liveness') return c.liveness !== null && c.liveness >= t.liveness - e.livenessBand;
  if (cause !== 'margin') return best.score >= t.match - e.scoreBand;
  const rivals = [c.second, c.third].filter((one) => one !== null && best.score - one.score < t.margin);
  return rivals.length === 1 && best.score - (c.second?.score ?? 1) >= t.margin - e.marginBand;
}

/**
 * Why the cloud's answer settles none of the doubts; null when it may. Both of its answers must hold, be about the
 * candidate of now, and about a picture that shows the face of every frame of now.
 */
export function unusable(c: Case): string | null {
  const { cloud, escalation: e, best } = c;
  if (cloud === null || e === null) return 'the cloud was not asked';
  if (cloud.liveness === null) return 'silent liveness gave no answer';
  if (cloud.liveness !== 'live') return `silent liveness says ${cloud.liveness}`;
  if (cloud.score === null) return 'the comparison gave no answer';
  if (cloud.score < e.compareThreshold) {
    return `the cloud's score ${figure(cloud.score)} is below ${figure(e.compareThreshold)}`;
  }
  if (cloud.personId !== best?.personId) return 'the cloud was asked about another candidate';
  if (cloud.consistency === null || cloud.consistency < e.pictureConsistency) {
    return `a frame has cosine ${figure(cloud.consistency ?? 0)} with the picture asked about, below ${figure(e.pictureConsistency)}`;
  }
  return null;
}

/** Whether the cloud's answer settles this doubt: an answer meant for it, that holds. */
export function isSettled(c: Case, doubt: Doubt): boolean {
  if (unusable(c) !== null || reasonToAsk(c, doubt) === null) return false;
  return doubt.cause !== 'margin' || marginTrouble(c) === null;
}

/** Why the lead over the runner-up stays in doubt after the cloud was asked; null when the cloud has cleared it. */
export function marginTrouble({ cloud, escalation: e, second }: Case): string | null {
  if (cloud === null || e === null) return 'the cloud was not asked';
  if (cloud.runnerUpId === null || cloud.runnerUpId !== second?.personId) {
    return 'the cloud was not asked about this runner-up';
  }
  if (cloud.runnerUpScore === null) return 'the comparison with the runner-up gave no answer';
  const lead = (cloud.score ?? 0) - cloud.runnerUpScore;
  if (cloud.runnerUpScore >= e.compareThreshold || lead < e.compareLead) {
    return `the cloud gives the runner-up ${figure(cloud.runnerUpScore)}`;
  }
  return null;
}
