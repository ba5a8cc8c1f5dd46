import type { DecisionRecord } from '../access/index.ts';

type Action = NonNullable<DecisionRecord['action']>;

/** What an action was demanded for, asked, seen and judged, line by line; nothing where none was demanded. */
export function actionLines(action: DecisionRecord['action']): string[] {
  if (action == null) return [];
  const { asked, why, result, local, failure, thresholds } = action;
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  const head = `${asked} asked for: ${why}`;
  const told = failure === null ? [] : [failure];
  if (result === null) return [head, ...told];
  const { outcome, tookMs, actionAfterMs, liveness, likeness, samples, unverifiedMs } = result;
  const when = actionAfterMs === null ? '' : `, the action after ${seconds(actionAfterMs)}`;
  const faces =
    likeness === null
      ? 'no embedding was compared'
      : `same face at ${likeness.lowest.toFixed(3)} at least over ${likeness.frames} frames, ${Math.round(unverifiedMs)} ms without one at most`;
  const lives =
    liveness === null
      ? 'no frame was held straight'
      : `mean liveness ${liveness.mean.toFixed(3)} (at least ${thresholds.minLiveness.toFixed(3)}, sure from ${thresholds.sureLiveness.toFixed(3)})`;
  return [
    head,
    `${outcome} in ${seconds(tookMs)} of ${seconds(thresholds.timeLimitMs)}${when}, ${samples.frames} frames; by the device alone: ${local ?? 'nothing'}`,
    `${faces}; ${lives}`,
    ...cloudLines(action),
    ...told,
  ];
}

function cloudLines({ clip, cloud, thresholds }: Action): string[] {
  if (thresholds.cloud === 'never') return [];
  const made =
    clip === null ? [] : ['fault' in clip ? `no clip: ${clip.fault}` : `clip of ${clip.bytes} bytes`];
  if (cloud === null) return [...made, `cloud (${thresholds.cloud}) not asked`];
  const { ms, code, live, detected } = cloud;
  const said =
    code === null
      ? `${live ? 'a living face' : 'no living face'}, the action ${detected ? 'seen' : 'not seen'}`
      : `no answer (${code})`;
  return [...made, `cloud (${thresholds.cloud}): ${said} in ${Math.round(ms)} ms`];
}
