import {
  CredentialRecordSchema,
  type DecisionRecord,
  DecisionRecordSchema,
  REASONS,
} from '../access/index.ts';
import { EVENT_TYPES, type JournalEvent } from '../journal/index.ts';
import { actionLines } from './explain-action.ts';
import { calibrationLines } from './explain-calibration.ts';
import { explainCredential, explainEntry } from './explain-entry.ts';

type Frame = DecisionRecord['frames'][number];
type Limits = DecisionRecord['qualityLimits'];
type Row = readonly string[];

const DECISIONS: readonly string[] = ['access.granted', 'access.denied', 'access.pending'];

/** Characters of the first column. */
const LABEL = 13;

/** Longest summary of an event's data in a line of `events tail`. */
const SUMMARY = 120;

/** One event in one line: time, number, id, type, place, and the gist of its data. */
export function summaryLine(event: JournalEvent): string {
  const place = [event.door, event.camera].filter((name) => name !== null).join('/');
  return [
    event.at,
    `#${event.seq}`.padEnd(6),
    event.id.slice(0, 8),
    event.type.padEnd(18),
    place.padEnd(12),
    gist(event),
  ]
    .join('  ')
    .trimEnd();
}

/** One event in full, for a person; of a decision, all that led to it. `consequences` are the events it caused. */
export function explainEvent(event: JournalEvent, consequences: readonly JournalEvent[]): string {
  const record = DecisionRecordSchema.safeParse(event.data);
  const credential = CredentialRecordSchema.safeParse(event.data);
  const isDecision = DECISIONS.includes(event.type);
  return [
    ...header(event),
    '',
    ...(isDecision && record.success
      ? explainDecision(record.data)
      : isDecision && credential.success
        ? explainCredential(credential.data)
        : explainData(event)),
    ...consequences.map((next) => line('Led to', `${next.type} #${next.seq}: ${gist(next)}`)),
  ].join('\n');
}

function header(event: JournalEvent): string[] {
  const place = [
    `gate ${event.gate}`,
    event.door && `door ${event.door}`,
    event.camera && `camera ${event.camera}`,
  ];
  return [
    `${event.type} #${event.seq}: ${EVENT_TYPES[event.type]}`,
    line('When', event.at),
    line('Where', place.filter((part) => part !== null).join(', ')),
    line('Id', event.id),
    ...(event.cause === null ? [] : [line('Cause', `event ${event.cause}`)]),
  ];
}

function explainData(event: JournalEvent): string[] {
  return Object.entries(event.data).map(([key, value]) =>
    line(key, typeof value === 'string' ? value : JSON.stringify(value)),
  );
}

function explainDecision(record: DecisionRecord): string[] {
  const { thresholds: limits, person, box, frameSize } = record;
  return [
    line(
      'Decision',
      `${record.outcome}${record.verdict === 'unsure' ? ' (unsure)' : ''}, ${record.reason}: ${REASONS[record.reason]}`,
    ),
    line('Rule', `"${record.rule}": ${record.detail}`),
    line('Person', person === null ? 'nobody: no identity was established' : `${person.name} (${person.id})`),
    ...(record.entry === null ? [] : explainEntry(record.entry)),
    line('Attempt', `${record.attempt} of ${limits.maxAttempts} of track ${record.track}`),
    '',
    line(
      'Seen',
      `face of ${round(box.width)} x ${round(box.height)} pixels at ${round(box.x)}, ${round(box.y)} of ${frameSize.width} x ${frameSize.height}`,
    ),
    line(
      'Frames',
      `${record.frames.length} of evidence (at least ${limits.minFrames}, at most ${limits.maxFrames} are kept); the newest may be ${limits.maxFrameAgeMs} ms old`,
    ),
    ...table(frameRows(record.frames, record.qualityLimits)),
    '',
    line('Liveness', livenessOf(record)),
    ...matchOf(record),
    line(
      'Consistency',
      limit(
        record.consistency,
        `at least ${figure(limits.minConsistency)} between the frames`,
        'one frame only',
      ),
    ),
    line('Mask', maskOf(record)),
    ...cloudOf(record.cloud),
    ...actionLines(record.action).map((text, index) => line(index === 0 ? 'Action' : '', text)),
    '',
    line('Times', timesOf(record.timings)),
    line('Versions', versionsOf(record.versions)),
  ];
}

function frameRows(frames: readonly Frame[], limits: Limits): Row[] {
  const head = [
    'frame',
    'age ms',
    'liveness',
    'edges',
    'score',
    'eyes px',
    'margin',
    'yaw',
    'pitch',
    'roll',
    'sharpness',
    'brightness',
    'contrast',
    'noise',
    'gate',
  ];
  const rows = frames.map(({ seq, ageMs, liveness, enclosure, score, quality: q }) => [
    String(seq),
    round(ageMs),
    liveness === null ? '-' : figure(liveness),
    enclosure === null ? '-' : figure(enclosure),
    score === null ? '-' : figure(score),
    round(q.eyeDistance),
    q.margin.toFixed(2),
    round(q.yaw),
    round(q.pitch),
    round(q.roll),
    q.sharpness.toFixed(2),
    q.brightness.toFixed(2),
    q.contrast.toFixed(2),
    q.noise === null ? '-' : q.noise.toFixed(2),
    q.failed.length === 0 ? 'passed' : `failed ${q.failed.join(', ')}`,
  ]);
  return [head, ...rows, limitRow(limits)];
}

function limitRow(limits: Limits): Row {
  return [
    'limit',
    '',
    '',
    '',
    '',
    `>=${limits.minEyeDistance}`,
    `>=${limits.minMargin}`,
    `+-${limits.maxYaw}`,
    `+-${limits.maxPitch}`,
    `+-${limits.maxRoll}`,
    `>=${limits.minSharpness}`,
    `${limits.minBrightness}-${limits.maxBrightness}`,
    `>=${limits.minContrast}`,
    limits.maxNoise === null ? '-' : `<=${limits.maxNoise}`,
    '',
  ];
}

function table(rows: readonly Row[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    line('', row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  ')).trimEnd(),
  );
}

function livenessOf({ liveness, thresholds: t }: DecisionRecord): string {
  if (liveness === null) {
    return 'not measured: no frame passed the quality gate';
  }
  return (
    `fused ${figure(liveness.fused)} (at least ${figure(t.liveness)}; below ${figure(t.livenessUnsure)} is an attack), ` +
    `lowest frame ${figure(liveness.lowest)} (at least ${figure(t.livenessFloor)})`
  );
}

const MASKS = {
  bare: 'none',
  worn: 'worn',
  incorrect: 'worn wrong, the nose is out',
} as const satisfies Record<NonNullable<DecisionRecord['mask']>['state'], string>;

function maskOf({ mask }: DecisionRecord): string {
  return mask === null ? 'not looked for' : `${MASKS[mask.state]} (probability ${figure(mask.score)})`;
}

function matchOf(record: DecisionRecord): string[] {
  const {
    candidates: { best, second, lead },
    thresholds: t,
    person,
  } = record;
  if (best === null) {
    return [line('Best', 'no candidate')];
  }
  const weight = person === null ? ', considered only' : '';
  const runnerUp = second === null ? 'none' : `${second.name}, score ${figure(second.score)}`;
  return [
    line(
      'Best',
      `${best.name}, score ${figure(best.score)} (at least ${figure(t.match)}; unsure from ${figure(t.match - t.unsureBelowMatch)})${weight}`,
    ),
    ...calibrationLines(record.calibration).map((text) => line('', text)),
    line('Second', runnerUp),
    line('Lead', limit(lead, `at least ${figure(t.margin)}`, 'no runner-up')),
  ];
}

function cloudOf({ asked, why, inquiry }: DecisionRecord['cloud']): string[] {
  const head = line('Cloud', `${asked ? 'asked' : 'not asked'}: ${why}`);
  if (inquiry == null) {
    return [head];
  }
  const { picture, liveness, compare, runnerUp, thresholds: t } = inquiry;
  const ofPicture =
    picture === null
      ? []
      : [
          `picture of frame ${picture.seq}, ${round(picture.ageMs)} ms old, ${limit(picture.consistency, `at least ${figure(t.pictureConsistency)} between it and the frames`, 'no frame to compare it with')}`,
        ];
  const answers = [
    liveness && `silent liveness ${called(liveness, liveness.verdict)}`,
    compare && `score ${called(compare, maybe(compare.score ?? undefined))} (at least ${figure(t.compare)})`,
    runnerUp &&
      `runner-up ${called(runnerUp, maybe(runnerUp.score ?? undefined))} (at least ${figure(t.compareLead)} behind)`,
  ];
  const took = `${round(inquiry.ms)} of ${t.deadlineMs} ms; joined by the rule "${inquiry.rule}"`;
  const about = `unsure about ${inquiry.reasons.join(', ')}`;
  return [
    head,
    ...[about, ...ofPicture, ...answers, took].flatMap((text) => (text === null ? [] : [line('', text)])),
  ];
}

/** A call's answer, or the code of its failure, with the time it took. */
function called(call: { ms: number; code: string | null }, answer: string | null): string {
  return `${call.code === null ? answer : `without an answer (${call.code})`} in ${round(call.ms)} ms`;
}

function timesOf(timings: DecisionRecord['timings']): string {
  return Object.entries(timings)
    .map(([step, ms]) => `${step} ${ms.toFixed(1)} ms`)
    .join(', ');
}

function versionsOf({ software, config, models }: DecisionRecord['versions']): string {
  return [
    `Menshen ${software}`,
    `configuration ${config}`,
    ...models.map(({ id, version }) => `${id} ${version}`),
  ].join(', ');
}

/** What matters of an event's data, short. */
function gist(event: JournalEvent): string {
  const decision = DecisionRecordSchema.safeParse(event.data);
  if (decision.success) {
    const { reason, person, candidates, liveness } = decision.data;
    const parts = [
      reason,
      person?.name,
      `score ${maybe(candidates.best?.score)}`,
      `liveness ${maybe(liveness?.fused)}`,
    ];
    return parts.filter((part) => part !== undefined).join(', ');
  }
  const credential = CredentialRecordSchema.safeParse(event.data);
  if (credential.success) {
    const { reason, kind, shown, person } = credential.data;
    return [reason, person?.name, shown === null ? kind : `${kind} ${shown}`]
      .filter((part) => part !== undefined)
      .join(', ');
  }
  const text = JSON.stringify(event.data);
  return text === '{}' ? '' : text.length > SUMMARY ? `${text.slice(0, SUMMARY)}…` : text;
}

function line(label: string, text: string): string {
  return `${label.padEnd(LABEL)}${text}`;
}

function limit(value: number | null, bound: string, none: string): string {
  return value === null ? none : `${figure(value)} (${bound})`;
}

function figure(value: number): string {
  return value.toFixed(3);
}

function maybe(value: number | undefined): string {
  return value === undefined ? '-' : figure(value);
}

function round(value: number): string {
  return value.toFixed(0);
}
