import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { DOOR_STATES, openGpio } from '../../src/door/index.ts';
import { EVENT_TYPES } from '../../src/journal/types.ts';
import { RELAY, SimulatorClient, scratch, simulated } from './bench.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/reference/door.md'), 'utf8');

/** First cells of the table whose heading begins with `heading`. */
function firstCells(heading: string): string[] {
  const rows = page.slice(page.indexOf(`| ${heading} |`)).split('\n');
  const end = rows.findIndex((row) => !row.startsWith('|'));
  return rows.slice(2, end).map((row) => row.split('|')[1]?.trim().replaceAll('`', '') ?? '');
}

it('docs/reference/door.md names every state and every event of a door, and no other', () => {
  expect(firstCells('State').sort()).toEqual([...DOOR_STATES].sort());
  const events = Object.keys(EVENT_TYPES).filter((type) => type.startsWith('door.'));
  expect(firstCells('Event').sort()).toEqual(events.sort());
});

it('docs/reference/door.md shows requests that the control socket understands', async () => {
  const socket = join(scratch(), 'control.sock');
  const gpio = await openGpio({ socket });
  onTestFinished(() => gpio.close());
  await gpio.openOutput(simulated(RELAY), { rest: 0 });
  const client = await SimulatorClient.connect(socket);
  const requests = firstCells('Request');
  expect(requests).toHaveLength(4);
  for (const request of requests) expect(await client.ask(request), request).toMatchObject({ ok: true });
});
