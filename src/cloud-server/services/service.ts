import type { z } from 'zod';
import type { CloudApi } from '../../cloud/index.ts';
import type { Answer } from '../answers.ts';
import type { CompareCurve } from '../compare-curve.ts';
import type { InferencePool } from '../inference/pool.ts';
import type { CloudStore } from '../store/index.ts';

/** What the services work with. */
export interface Tools {
  readonly pool: InferencePool;
  readonly register: CloudStore['register'];
  readonly curve: CompareCurve;
  readonly now: () => Date;
}

/** One of the six services: from the body in clear to the answer in clear. */
export interface Service {
  readonly api: CloudApi;
  /** The answer to a body that is no JSON. */
  readonly notJson: () => Answer;
  readonly serve: (body: unknown, tools: Tools) => Promise<Answer>;
}

/** What is wrong with a body, in the order in which the manual's tables list it. */
export type BodyFault = 'object' | 'missing' | 'type' | 'empty' | 'value';
const ORDER: readonly BodyFault[] = ['object', 'missing', 'type', 'empty', 'value'];

export type Checked<T> =
  | { readonly ok: true; readonly body: T }
  | { readonly ok: false; readonly fault: BodyFault; readonly field: string };

/** Holds a body to the request schema of its service. */
export function check<Schema extends z.ZodType>(schema: Schema, body: unknown): Checked<z.output<Schema>> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return { ok: false, fault: 'object', field: '' };
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return { ok: true, body: parsed.data };
  const faults = parsed.error.issues.map((issue) => {
    const field = String(issue.path[0] ?? '');
    return {
      field,
      fault: faultOf(issue, Object.hasOwn(body, field) ? Reflect.get(body, field) : undefined),
    };
  });
  faults.sort((a, b) => ORDER.indexOf(a.fault) - ORDER.indexOf(b.fault));
  return { ok: false, ...(faults[0] ?? { fault: 'value', field: '' }) };
}

function faultOf(issue: z.core.$ZodIssue, value: unknown): BodyFault {
  if (value === undefined) return 'missing';
  if (value === '') return 'empty';
  if (issue.code === 'invalid_type') return 'type';
  // A fixed word or a choice of words, and something other than text.
  return issue.code === 'invalid_value' && typeof value !== 'string' ? 'type' : 'value';
}
