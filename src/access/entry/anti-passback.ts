import type { EntryInput, ZoneState } from './input.ts';

/** What anti-passback has against this person going this way; null when nothing. */
export interface Violation {
  readonly timed: boolean;
  readonly detail: string;
  /** It is noted and stops nobody. */
  readonly soft: boolean;
}

/**
 * Hard and soft: nobody enters a zone who is inside already, nobody leaves one who is not. Of whom nothing is known, or
 * nothing any more, anything is believed. Timed: nobody enters again so soon.
 */
export function violation(input: EntryInput): Violation | null {
  const { presented, entering, leaving } = input;
  if (presented.person === null || presented.person.antiPassbackExempt) return null;
  return onEntering(input, entering) ?? onLeaving(input, leaving);
}

function onEntering({ last, enteredAgoMs, alone }: EntryInput, zone: ZoneState | null): Violation | null {
  if (zone?.antiPassback == null) return null;
  const { mode, forMs } = zone.antiPassback;
  if (mode === 'timed') {
    if (enteredAgoMs === null || enteredAgoMs >= forMs) return null;
    const detail = `entered zone "${zone.id}" ${seconds(enteredAgoMs)} ago, again only after ${seconds(forMs)}`;
    return { timed: true, detail, soft: alone };
  }
  if (last === null || last.zone !== zone.id || isForgotten(last.agoMs, forMs)) return null;
  const detail = `is in zone "${zone.id}" since ${seconds(last.agoMs)}`;
  return { timed: false, detail, soft: mode === 'soft' || alone };
}

function onLeaving({ last, alone }: EntryInput, zone: ZoneState | null): Violation | null {
  if (zone?.antiPassback == null || last === null) return null;
  const { mode, forMs } = zone.antiPassback;
  if (mode === 'timed' || last.zone === zone.id || isForgotten(last.agoMs, forMs)) return null;
  const detail = `leaves zone "${zone.id}", but was last in "${last.zone}"`;
  return { timed: false, detail, soft: mode === 'soft' || alone };
}

function isForgotten(agoMs: number, forMs: number): boolean {
  return forMs > 0 && agoMs >= forMs;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(0)} s`;
}
