import { randomUUID } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { parse } from 'yaml';
import { CredentialRecordSchema, type Kept } from '../../src/access/index.ts';
import { explainEvent } from '../../src/cli/explain.ts';
import { replayEvent } from '../../src/cli/replay.ts';
import { createLogger, monotonicMs } from '../../src/common/index.ts';
import { ConfigSchema } from '../../src/config/schema.ts';
import { Door, type DoorEvent, openGpio } from '../../src/door/index.ts';
import { Gallery, hashPin } from '../../src/gallery/index.ts';
import type { EntranceParts } from '../../src/gate/entrance.ts';
import { EntryStore, readKept } from '../../src/gate/entry-store.ts';
import type { EventInput, JournalEntry } from '../../src/journal/index.ts';
import type { Credential } from '../../src/readers/index.ts';
import { SimulatorClient, scratch } from '../door/bench.ts';
import { checked } from '../support/events.ts';
import { entranceOf } from './entrance-support.ts';

const log = createLogger('test', 'silent');
const CONSENT = { local: true, cloud: false, at: '2026-01-02T03:04:05.678Z', version: '1' };
const SPAN = { validFrom: '2020-01-01T00:00:00Z', validUntil: '2030-01-01T00:00:00Z' };

const LAB = `
gate: { id: gate }
access:
  zones: [{ id: lab, antiPassback: { mode: hard } }]
cameras: [{ id: camera, source: /dev/null, door: front }]
readers: [{ id: pad, door: front, kind: evdev, device: pad, keypad: { enabled: true } }]
doors:
  - id: front
    relay: { line: { driver: simulated, line: 1 } }
    contact: { line: { driver: simulated, line: 2 }, debounceMs: 0 }
    unlockMs: 250
    entry:
      inside: lab
      ways:
        - { by: [card+pin, face+pin], groups: [staff] }
        - { by: [face], groups: [guests] }
        - { by: [card], groups: [guests] }
        - { by: [qr] }
`;

/** Hashing a PIN takes its time on a busy machine. */
const eventually = (check: () => void) => vi.waitFor(check, 8000);

/** Real gallery, door (on simulated lines) and file of what is kept. */
async function build(yaml = LAB, parts: Partial<EntranceParts> = {}, dataDir = scratch()) {
  const config = ConfigSchema.parse(parse(yaml));
  const gallery = Gallery.open({ dataDir, log });
  const events: JournalEntry[] = [];
  const store = new EntryStore(dataDir, log, () => {});
  let number = 0;
  const records = {
    record: (event: EventInput) => {
      const id = event.id ?? randomUUID();
      events.push({ ...checked(event), id });
      return id;
    },
    taken: async () => true,
    keep: (changes: readonly Kept[]) => {
      number += 1;
      store.keep(number, changes);
      return number;
    },
  };
  const socket = join(scratch(), 'control.sock');
  const gpio = await openGpio({ socket });
  const doorEvents: DoorEvent[] = [];
  const door = new Door({
    config: config.doors[0],
    gpio,
    logger: log,
    onEvent: (event) => {
      doorEvents.push(event);
      entrance.doorEvent(event);
    },
  });
  const entrance = entranceOf(config, [door], gallery, records, { log, ...parts });
  const { entries, setAside } = readKept(dataDir);
  entrance.memory.restore(entries);
  await door.start();
  const lines = await SimulatorClient.connect(socket);
  const stop = async () => {
    entrance.stop();
    await door.stop();
    await gpio.close();
    store.stop();
    gallery.close();
  };
  onTestFinished(stop);
  onTestFinished(() => {
    // Each decision comes out the same when it is judged again from the JSON of its record.
    const decisions = events.filter(({ data }) => 'decision' in data);
    for (const event of decisions) {
      const recorded = { ...JSON.parse(JSON.stringify(event)), seq: 1 };
      expect(replayEvent(recorded)).toMatchObject({ same: true, sameRules: true });
    }
  });
  const read = (credential: Credential, direction: 'in' | 'out' = 'in') =>
    entrance.read({ ...credential, reader: 'pad', door: 'front', direction, at: monotonicMs() });
  const decided = () =>
    events
      .filter(({ type }) => type.startsWith('access.'))
      .map(({ type, data }) => `${type} ${data.reason ?? ''}`.trim());
  const unlocked = () => doorEvents.filter(({ type }) => type === 'unlocked').length;
  return { config, gallery, entrance, door, lines, events, decided, read, unlocked, stop, dataDir, setAside };
}

const enrolled = async (gallery: Gallery) => {
  const [pin, duressPin] = await Promise.all([hashPin('2468'), hashPin('8642')]);
  const ann = gallery.addPerson(
    { name: 'Ann', consent: CONSENT, groups: ['staff'], cards: ['1001'], pin, duressPin },
    [],
  );
  const gus = gallery.addPerson({ name: 'Gus', consent: CONSENT, groups: ['guests'], cards: ['2002'] }, []);
  return { ann, gus };
};

describe('cards and PINs', () => {
  it('open together; the record says how, and holds neither number nor digits', async () => {
    const rig = await build();
    const { ann } = await enrolled(rig.gallery);
    rig.read({ kind: 'card', number: '1001' });
    await eventually(() => expect(rig.decided()).toEqual(['access.pending PIN_WANTED']));
    rig.read({ kind: 'keypad', digits: '1357' });
    await eventually(() => expect(rig.decided()).toHaveLength(2));
    rig.read({ kind: 'keypad', digits: '2468' });
    await eventually(() => expect(rig.unlocked()).toBe(1));
    expect(rig.decided()).toEqual([
      'access.pending PIN_WANTED',
      'access.denied PIN_WRONG',
      'access.granted GRANTED_FACTORS',
    ]);
    const record = CredentialRecordSchema.parse(rig.events.at(-1)?.data);
    expect(record).toMatchObject({ person: { id: ann.id }, kind: 'pin', reader: 'pad', outcome: 'grant' });
    expect(JSON.stringify(rig.events)).not.toMatch(/2468|1357|1001"/);
    const told = explainEvent(
      {
        ...rig.events.at(-1),
        id: record.decision,
        seq: 3,
        at: '',
        gate: 'gate',
        camera: null,
        cause: null,
        type: 'access.granted',
        door: 'front',
        data: record,
      },
      [],
    );
    expect(told).toContain('Held         card of Ann for');
    expect(told).toContain('Presented    pin of Ann, of staff; door "front", in');
  });

  it('a duress PIN opens as well, and says so in silence', async () => {
    const shown: string[] = [];
    const rig = await build(LAB, { prompts: { show: (_door, code) => void shown.push(code) } });
    await enrolled(rig.gallery);
    rig.read({ kind: 'card', number: '1001' });
    await eventually(() => expect(rig.decided()).toHaveLength(1));
    rig.read({ kind: 'keypad', digits: '8642' });
    await eventually(() => expect(rig.decided()).toContain('access.duress'));
    expect(rig.unlocked()).toBe(1);
    expect(shown).toEqual(['ENTER_PIN', 'GRANTED']);
  });

  it('lock out after many failures: of the door by unknown cards, of the person by wrong PINs', async () => {
    const rig = await build();
    await enrolled(rig.gallery);
    rig.read({ kind: 'card', number: '1001' });
    await eventually(() => expect(rig.decided()).toHaveLength(1));
    for (let n = 0; n < 5; n++) {
      const before = rig.events.length;
      rig.read({ kind: 'keypad', digits: '1357' });
      await eventually(() => expect(rig.events.length).toBeGreaterThan(before));
    }
    expect(rig.decided().at(-1)).toBe('access.locked_out');
    rig.read({ kind: 'card', number: '1001' });
    await eventually(() => expect(rig.decided().at(-1)).toBe('access.denied LOCKED_OUT'));
    rig.read({ kind: 'card', number: '2002' });
    await eventually(() => expect(rig.decided().at(-1)).toBe('access.granted GRANTED_CARD'));
    for (let n = 0; n < 5; n++) rig.read({ kind: 'card', number: '999' });
    rig.read({ kind: 'card', number: '2002' }, 'out');
    await eventually(() => expect(rig.decided().at(-1)).toBe('access.denied LOCKED_OUT'));
    expect(rig.unlocked()).toBe(1);
  });

  it('a door that fails is told, and leaves the person where they were', async () => {
    const rig = await build();
    const { gus } = await enrolled(rig.gallery);
    vi.spyOn(rig.door, 'unlock').mockResolvedValue({ ok: false, code: 'GPIO_WRITE_FAILED', message: 'no' });
    rig.read({ kind: 'card', number: '2002' });
    await eventually(() =>
      expect(rig.decided()).toEqual(['access.granted GRANTED_CARD', 'access.denied DOOR_FAILED']),
    );
    expect(rig.entrance.memory.places.get(gus.id)).toBeNull();
  });
});

describe('passes', () => {
  it('open once, over a restart as well, and only when the disk has taken that', async () => {
    const rig = await build();
    const request = { name: 'Wang', doors: ['front'], groups: [], ...SPAN };
    const { token } = rig.gallery.addPass(request);
    const elsewhere = rig.gallery.addPass({ ...request, doors: ['side'] });
    rig.read({ kind: 'qr', text: elsewhere.token });
    rig.read({ kind: 'qr', text: 'https://example.org' });
    rig.read({ kind: 'qr', text: token });
    await eventually(() => expect(rig.unlocked()).toBe(1));
    expect(rig.decided()).toEqual(['access.denied PASS_OTHER_DOOR', 'access.granted GRANTED_PASS']);
    expect(JSON.stringify(rig.events)).not.toContain(token);
    await rig.stop();
    const again = await build(LAB, {}, rig.dataDir);
    again.read({ kind: 'qr', text: token });
    await eventually(() => expect(again.decided()).toEqual(['access.denied PASS_USED']));
    expect(again.unlocked()).toBe(0);
  });

  it('open nothing when it cannot be written that they were used', async () => {
    const rig = await build();
    const record = (event: EventInput) => {
      rig.events.push(checked(event));
      return '';
    };
    const records = { record, taken: async () => true, keep: () => 1, isKept: async () => false };
    const unkept = entranceOf(rig.config, [rig.door], rig.gallery, records, { records });
    const { token } = rig.gallery.addPass({ name: 'Wang', doors: ['front'], groups: [], ...SPAN });
    unkept.read({ kind: 'qr', text: token, reader: 'pad', door: 'front', direction: 'in', at: 0 });
    await eventually(() => expect(rig.decided()).toContain('access.denied PASS_NOT_RECORDED'));
    expect(rig.unlocked()).toBe(0);
  });
});

describe('passages', () => {
  it('count when the door was opened, and are given back when it was not', async () => {
    const rig = await build();
    const { gus } = await enrolled(rig.gallery);
    rig.read({ kind: 'card', number: '2002' });
    await eventually(() => expect(rig.unlocked()).toBe(1));
    rig.read({ kind: 'card', number: '2002' });
    await eventually(() => expect(rig.decided()).toContain('access.denied ANTI_PASSBACK'));
    await eventually(() => expect(rig.decided()).toContain('access.not_passed'));
    expect(rig.entrance.memory.places.get(gus.id)).toBeNull();
    rig.read({ kind: 'card', number: '2002' });
    await eventually(() => expect(rig.unlocked()).toBe(2));
    await rig.lines.ask({ line: 2, level: 1 });
    await eventually(() => expect(rig.decided()).toContain('access.passed'));
    expect(rig.entrance.memory.places.get(gus.id)?.zone).toBe('lab');
  });

  it('are remembered over a restart; a damaged file is set aside, and the doors work on', async () => {
    const rig = await build();
    await enrolled(rig.gallery);
    rig.read({ kind: 'card', number: '2002' });
    await eventually(() => expect(rig.unlocked()).toBe(1));
    await rig.lines.ask({ line: 2, level: 1 });
    await rig.stop();
    const again = await build(LAB, {}, rig.dataDir);
    again.read({ kind: 'card', number: '2002' });
    await eventually(() => expect(again.decided()).toEqual(['access.denied ANTI_PASSBACK']));
    await again.stop();
    writeFileSync(join(rig.dataDir, 'entry.sqlite'), 'not a database, but long enough to be looked at');
    const third = await build(LAB, {}, rig.dataDir);
    expect(third.setAside).toContain('damaged');
    third.read({ kind: 'card', number: '2002' });
    await eventually(() => expect(third.unlocked()).toBe(1));
    expect(existsSync(join(rig.dataDir, 'entry.sqlite'))).toBe(true);
  });

  it('of somebody erased are erased', async () => {
    const rig = await build();
    const { gus } = await enrolled(rig.gallery);
    rig.read({ kind: 'card', number: '2002' });
    await eventually(() => expect(rig.unlocked()).toBe(1));
    rig.entrance.erased([gus.id]);
    expect(rig.entrance.memory.places.get(gus.id)).toBeNull();
    await rig.stop();
    expect(JSON.stringify(readKept(rig.dataDir))).not.toContain(gus.id);
  });
});

describe('a turnstile', () => {
  const lane = LAB.replace('    unlockMs: 250\n', '    unlockMs: 1500\n    turnstile: {}\n').replace(
    '      inside: lab\n',
    '',
  );
  const sense = async (rig: Awaited<ReturnType<typeof build>>, ...levels: (0 | 1)[]) => {
    for (const level of levels) await rig.lines.ask({ line: 2, level });
  };

  it('lets one person through for each grant, and nobody else meanwhile; a second one is an alarm', async () => {
    const rig = await build(lane);
    await enrolled(rig.gallery);
    rig.read({ kind: 'card', number: '2002' });
    await eventually(() => expect(rig.unlocked()).toBe(1));
    rig.read({ kind: 'card', number: '2002' }, 'out');
    await eventually(() => expect(rig.decided().at(-1)).toBe('access.denied LANE_BUSY'));
    await sense(rig, 1);
    await eventually(() => expect(rig.decided().at(-1)).toBe('access.passed'));
    expect(rig.door.status().lock).toBe('locked');
    await sense(rig, 0, 1, 0);
    await eventually(() => expect(rig.decided().at(-1)).toBe('access.tailgating'));
    expect(rig.events.at(-1)?.cause).toBe(rig.events[0]?.id);
    rig.read({ kind: 'card', number: '2002' });
    await eventually(() => expect(rig.unlocked()).toBe(2));
  });

  it('gives a grant back when nobody passes in the unlock time, and lets the next one in', async () => {
    const rig = await build(lane);
    await enrolled(rig.gallery);
    rig.read({ kind: 'card', number: '2002' });
    await eventually(() =>
      expect(rig.decided()).toEqual(['access.granted GRANTED_CARD', 'access.not_passed']),
    );
    rig.read({ kind: 'card', number: '2002' });
    await eventually(() => expect(rig.unlocked()).toBe(2));
  });
});

describe('what comes by time', () => {
  const open = LAB.replace('      inside: lab\n', '      remainOpen: always\n      inside: lab\n');
  const first = LAB.replace('      inside: lab\n', '      firstPerson: { openMs: 60000 }\n');

  it('a schedule keeps the door open, and a lockdown denies all but those it names', async () => {
    let lockdown: { exempt: string[] } | null = null;
    const rig = await build(open, { lockdown: () => lockdown });
    const { gus } = await enrolled(rig.gallery);
    rig.entrance.tick();
    expect(rig.door.status()).toMatchObject({ lock: 'unlocked', holds: [{ kind: 'schedule' }] });
    lockdown = { exempt: [gus.id] };
    rig.read({ kind: 'card', number: '1001' });
    rig.read({ kind: 'card', number: '2002' });
    await eventually(() =>
      expect(rig.decided()).toEqual(['access.denied LOCKDOWN', 'access.granted GRANTED_CARD']),
    );
  });

  it('the first person in opens the door for everybody, until the end of the time, over a restart', async () => {
    const rig = await build(first);
    await enrolled(rig.gallery);
    rig.read({ kind: 'card', number: '2002' });
    await eventually(() => expect(rig.door.status().holds).toMatchObject([{ kind: 'firstPerson' }]));
    await rig.stop();
    const again = await build(first, {}, rig.dataDir);
    expect(again.door.status().lock).toBe('locked');
    again.entrance.tick();
    expect(again.door.status()).toMatchObject({ lock: 'unlocked', holds: [{ kind: 'firstPerson' }] });
    again.door.endHold('firstPerson');
    again.entrance.tick();
    expect(again.door.status().lock).toBe('locked');
  });

  it('who does not complete what was begun is told so', async () => {
    const rig = await build(
      LAB.replaceAll('[card+pin, face+pin], ', '[card+pin, face+pin], withinMs: 500, ')
        .replace('- { by: [face], groups', '- { by: [face], withinMs: 500, groups')
        .replace('- { by: [card], groups', '- { by: [card], withinMs: 500, groups')
        .replace('- { by: [qr] }', '- { by: [qr], withinMs: 500 }'),
    );
    await enrolled(rig.gallery);
    rig.read({ kind: 'card', number: '1001' });
    await eventually(() => expect(rig.decided()).toEqual(['access.pending PIN_WANTED']));
    await new Promise((resolve) => setTimeout(resolve, 550));
    rig.entrance.tick();
    expect(rig.decided()).toEqual(['access.pending PIN_WANTED', 'access.denied NOT_COMPLETED']);
    expect(rig.events[1]?.cause).toBe(rig.events[0]?.id);
  });
});
