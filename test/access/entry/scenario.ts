import { parse, stringify } from 'yaml';
import {
  Calendar,
  type EntryDecision,
  EntryDesk,
  entryPolicy,
  type Holder,
  Lockout,
  type Presentation,
  type Reason,
  type Situation,
  wallClock,
} from '../../../src/access/index.ts';
import { type Config, parseConfig } from '../../../src/config/index.ts';

const ZONE = 'Asia/Shanghai';
const MONDAY = Date.parse('2026-03-02T00:00:00+08:00');
const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

const holder = (name: string, more: Partial<Holder> = {}): Holder => ({
  id: `id-${name}`,
  name,
  groups: [],
  validFrom: null,
  validUntil: null,
  antiPassbackExempt: false,
  extendedTime: false,
  ...more,
});

/** The people of docs/reference/rules.md. */
export const CAST: ReadonlyMap<string, Holder> = new Map(
  [
    holder('Ann', { groups: ['staff'] }),
    holder('Bo', { groups: ['guards'] }),
    holder('Mei', { groups: ['managers'] }),
    holder('Tom'),
    holder('Eve', { groups: ['staff'], antiPassbackExempt: true }),
    holder('Old', { groups: ['staff'], validUntil: '2026-03-03T04:00:00.000Z' }),
    holder('Gus', {
      groups: ['visitors'],
      validFrom: '2026-03-02T02:00:00.000Z',
      validUntil: '2026-03-02T16:00:00.000Z',
    }),
  ].map((person) => [person.name, person]),
);

/** A part of a configuration, with relay, camera, card reader and keypad for each door. */
export function complete(part: string): Config {
  const given = parse(part);
  const doors: { id: string }[] = given.doors;
  const whole = {
    gate: { id: 'gate', timezone: ZONE },
    cameras: doors.map(({ id }) => ({ id: `${id}-camera`, source: '/dev/null', door: id })),
    readers: doors.map(({ id }, n) => ({
      id: `${id}-reader`,
      door: id,
      kind: 'evdev',
      device: `reader${n}`,
      keypad: { enabled: true },
    })),
    ...given,
    doors: doors.map((door, n) => ({ ...door, relay: { line: { driver: 'simulated', line: n } } })),
  };
  return parseConfig(stringify(whole), '/etc/menshen/menshen.yaml').config;
}

/** The rules of entry of one gate in a world that does as the scenario says. */
class Stage {
  readonly #config: Config;
  readonly #calendar: Calendar;
  #desk: EntryDesk;
  #kept = new Map<string, unknown>();
  #lockdown: Situation['lockdown'] = null;
  readonly #open = new Set<string>();
  #decisions = 0;

  constructor(config: Config) {
    this.#config = config;
    this.#calendar = new Calendar(config.calendar, ZONE);
    this.#desk = this.#newDesk();
  }

  #newDesk(): EntryDesk {
    const { doors, access, decision } = this.#config;
    return new EntryDesk(entryPolicy(doors, access), this.#calendar, new Lockout(decision.lockout));
  }

  /** What a line does; gives what becomes of it, in the words of the page. */
  play(words: readonly string[], wall: number): string {
    const now = { mono: wall - MONDAY, wall };
    const [door = '', verb = ''] = words;
    if (door === 'restart') return this.#restart();
    if (door === 'lockdown') {
      this.#lockdown = verb === 'over' ? null : { exempt: words.slice(1).map((name) => `id-${name}`) };
      return '';
    }
    if (door === 'reset') {
      if (verb === 'daily') this.#desk.resetDaily(wallClock(ZONE)(wall));
      else this.#desk.reset(verb);
      return '';
    }
    if (verb === 'open' || verb === 'closed') {
      if (verb === 'open') this.#open.add(door);
      else this.#open.delete(door);
      return '';
    }
    if (verb === 'not') {
      this.#desk.notPassed(door);
      return '';
    }
    if (verb === 'remains') return this.#desk.remainsOpen(door, now) === null ? 'locked' : '';
    if (verb === 'does') return this.#desk.remainsOpen(door, now) === null ? '' : 'open';
    return this.#present(words, now);
  }

  #present(
    [door = '', way, kind = '', name = '', more = '']: readonly string[],
    now: { mono: number; wall: number },
  ): string {
    const seen = more === 'seen';
    const direction = way === 'out' ? 'out' : 'in';
    const id = `decision-${this.#decisions++}`;
    const presentation = {
      ...this.#presented(kind, name, door, now),
      mask: maskOf(more),
      door,
      direction,
    } as const;
    const decision = this.#desk.present(presentation, id, this.#situation(seen), now);
    if (decision.verdict.verdict === 'grant') this.#desk.carriedOut(door, id);
    return described(decision);
  }

  #presented(kind: string, name: string, door: string, now: { mono: number; wall: number }) {
    const person = CAST.get(name) ?? null;
    const nothing = { person, fault: null, duress: false };
    switch (kind) {
      case 'card':
        return { ...nothing, kind: 'card' as const, fault: unless(person, 'CARD_UNKNOWN') };
      case 'pass':
        return { ...nothing, kind: 'qr' as const, fault: unless(person, 'PASS_UNKNOWN') };
      case 'face':
        return { ...nothing, kind: 'face' as const };
      default: {
        const waiting = this.#desk.waiting(door, now).find(({ name: other }) => other === name) ?? null;
        const fault: Reason | null =
          waiting === null ? 'PIN_UNEXPECTED' : kind === 'wrong-pin' ? 'PIN_WRONG' : null;
        return { kind: 'pin' as const, person: waiting, fault, duress: kind === 'duress' };
      }
    }
  }

  #situation(passageIsSeen: boolean): Situation {
    return {
      lockdown: this.#lockdown,
      isOpen: (door) => this.#open.has(door),
      laneBusy: false,
      alone: false,
      passageIsSeen,
    };
  }

  #restart(): string {
    for (const [key, value] of this.#desk.memory.takeChanges()) this.#kept.set(key, value);
    this.#desk = this.#newDesk();
    const entries = [...this.#kept].filter(([, value]) => value !== null);
    return this.#desk.memory.restore(JSON.parse(JSON.stringify(entries))).join();
  }
}

function unless(person: Holder | null, fault: Reason): Reason | null {
  return person === null ? fault : null;
}

function maskOf(more: string): Presentation['mask'] {
  const mask = more.replace('mask=', '');
  return mask === 'worn' || mask === 'incorrect' || mask === 'bare' ? mask : null;
}

function described({ verdict, openForMs }: EntryDecision): string {
  return [
    verdict.verdict,
    verdict.reason,
    verdict.duress ? 'duress' : '',
    verdict.remind && verdict.verdict === 'grant' ? 'remind' : '',
    verdict.violation === null ? '' : 'violation',
    openForMs === null ? '' : 'open',
  ]
    .filter((word) => word !== '')
    .join(' ');
}

/** Plays a scenario; gives each line as it went, to be compared with the scenario. */
export function play(config: Config, scenario: string): string {
  const stage = new Stage(config);
  return scenario
    .trim()
    .split('\n')
    .map((line) => {
      const [action = '', expected] = line.split(': ');
      const [day = '', clock = '', ...words] = action.split(' ');
      const [hours = 0, minutes = 0, seconds = 0] = clock.split(':').map(Number);
      const wall = MONDAY + DAYS.indexOf(day) * 86_400_000 + (hours * 3600 + minutes * 60 + seconds) * 1000;
      const seen = expected?.endsWith(' seen') ? ['seen'] : [];
      const came = stage.play([...words, ...seen], wall);
      return came === '' ? line : `${action}: ${[came, ...seen].join(' ')}`;
    })
    .join('\n');
}
