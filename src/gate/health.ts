import type { Door } from '../door/index.ts';
import type { StateReport } from '../mqtt/index.ts';

/** What works at a gate, each thing by a name of its own. */
export type Health = ReadonlySet<string>;

export function healthOf(
  doors: Iterable<Pick<Door, 'id' | 'status'>>,
  cameras: ReadonlyMap<string, StateReport<'cameras'>>,
  gallery: boolean,
  broker: boolean,
): Health {
  const works: string[] = [];
  for (const door of doors) {
    if (door.status().faults.length === 0) works.push(`door "${door.id}"`);
  }
  for (const [id, { state }] of cameras) {
    if (state === 'streaming') works.push(`camera "${id}"`);
  }
  if (gallery) works.push('the gallery');
  if (broker) works.push('the broker');
  return new Set(works);
}

/** What worked before and does not now. */
export function missing(before: Health, now: Health): string[] {
  return [...before].filter((part) => !now.has(part));
}
