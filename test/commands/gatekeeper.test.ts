import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  COMMANDS,
  type CommandName,
  Gatekeeper,
  kept,
  type Order,
  type Role,
  replyAddress,
  signOrder,
} from '../../src/commands/index.ts';
import type { CommandsConfig } from '../../src/config/index.ts';
import { commandsConfig, openOrder, privateKey, ROLES, temporaryDir } from './support.ts';

function gatekeeper(more: Partial<CommandsConfig> = {}, dataDir = temporaryDir()): Gatekeeper {
  const keeper = new Gatekeeper({ gate: 'north', config: commandsConfig(more), dataDir });
  onTestFinished(() => keeper.close());
  return keeper;
}

/** Behind the moment at which the guard began. */
const soon = () => Date.now() + 5000;

function send(keeper: Gatekeeper, order: Order, role: Role = 'operator', now = soon(), retained = false) {
  const payload = Buffer.from(signOrder(order, role, privateKey(role)));
  const verdict = keeper.judge({ payload, retained }, now);
  return verdict.ok ? 'ok' : verdict.refusal.code;
}

const order = (more: Partial<Order> = {}) => openOrder(more, soon());

describe('the gatekeeper', () => {
  it('takes a good command, once', () => {
    const keeper = gatekeeper();
    const good = order();
    expect(send(keeper, good)).toBe('ok');
    expect(send(keeper, good)).toBe('COMMAND_REPEATED');
  });

  it('does not take it a second time after a restart', () => {
    const dir = temporaryDir();
    const good = order();
    const first = new Gatekeeper({ gate: 'north', config: commandsConfig(), dataDir: dir });
    expect(send(first, good)).toBe('ok');
    first.close();
    expect(send(gatekeeper({}, dir), good)).toBe('COMMAND_REPEATED');
  });

  it('never takes one that is retained, good as it may be, nor afterwards the same as a fresh one twice', () => {
    const keeper = gatekeeper();
    const good = order();
    expect(send(keeper, good, 'operator', soon(), true)).toBe('COMMAND_RETAINED');
    expect(send(keeper, good)).toBe('ok');
  });

  it.each<[string, Partial<Order>, string]>([
    ['for another gate', { gate: 'south' }, 'COMMAND_WRONG_GATE'],
    ['unknown', { command: 'door.blow_up' }, 'COMMAND_UNKNOWN'],
    ['named like a member of every object', { command: 'constructor' }, 'COMMAND_UNKNOWN'],
    ['with a parameter missing', { params: {} }, 'COMMAND_PARAMS_INVALID'],
    ['with one parameter more', { params: { door: 'front', why: 'because' } }, 'COMMAND_PARAMS_INVALID'],
    ['with a path for a door', { params: { door: '../front' } }, 'COMMAND_PARAMS_INVALID'],
  ])('turns one away that is %s', (_, more, code) => {
    expect(send(gatekeeper(), order(more))).toBe(code);
  });

  it('looks at the clock', () => {
    const now = soon();
    const at = (ms: number) => new Date(now + ms).toISOString();
    const keeper = gatekeeper({ maxAgeS: 60 });
    const timed = (issued: number, expires: number) =>
      send(keeper, order({ issuedAt: at(issued), expiresAt: at(expires) }), 'operator', now);
    expect(timed(-30_000, -1)).toBe('COMMAND_STALE');
    expect(timed(-30_000, 0)).toBe('COMMAND_STALE');
    expect(timed(1, 30_000)).toBe('COMMAND_STALE');
    expect(timed(0, 60_001)).toBe('COMMAND_STALE');
    expect(timed(10, 5)).toBe('COMMAND_STALE');
    expect(timed(0, 60_000)).toBe('ok');
    const lenient = gatekeeper({ maxAgeS: 60, maxClockSkewS: 10 });
    const later = now + 20_000;
    const ahead = order({
      issuedAt: new Date(later + 9000).toISOString(),
      expiresAt: new Date(later + 30_000).toISOString(),
    });
    expect(send(lenient, ahead, 'operator', later)).toBe('ok');
  });

  it('slows a key down that sends without end, and no other', () => {
    const keeper = gatekeeper();
    const now = soon();
    const codes = Array.from({ length: 40 }, () => send(keeper, openOrder({}, now), 'operator', now));
    expect(codes.filter((code) => code === 'ok')).toHaveLength(30);
    expect(codes.at(-1)).toBe('COMMAND_BUSY');
    expect(send(keeper, openOrder({}, now), 'administrator', now)).toBe('ok');
  });

  it('carries out only what harms nobody while it cannot write down what it did', () => {
    const keeper = gatekeeper({}, '/proc/nowhere');
    expect(send(keeper, order())).toBe('COMMAND_UNGUARDED');
    expect(send(keeper, order({ command: 'door.release' }))).toBe('ok');
    const harmless = Object.entries(COMMANDS).flatMap(([name, { harmless: is }]) => (is ? [name] : []));
    for (const name of ['door.open', 'people.photo', 'people.enrol', 'people.upsert', 'config.set']) {
      expect(harmless).not.toContain(name);
    }
  });
});

describe('the catalogue', () => {
  const names = Object.keys(COMMANDS) as CommandName[];

  it('gives each command to the roles that it is for, and to no other', () => {
    for (const name of names) {
      const { roles, example } = COMMANDS[name];
      for (const role of ROLES) {
        const code = send(
          gatekeeper(),
          order({ command: name, params: { ...example.params } as never }),
          role,
        );
        expect([name, role, code]).toEqual([name, role, roles.includes(role) ? 'ok' : 'COMMAND_FORBIDDEN']);
      }
    }
  });

  it('lets no auditor change anything, and no operator touch people or settings', () => {
    const open = (role: Role) => names.filter((name) => COMMANDS[name].roles.includes(role)).sort();
    for (const name of open('auditor')) expect(COMMANDS[name].harmless).toBe(true);
    expect(open('operator').filter((name) => /^(people|config|journal)\./.test(name))).toEqual([]);
  });

  it.each(names)('%s has an example that its schemas take', (name) => {
    const { params, result, example } = COMMANDS[name];
    expect(params.safeParse(example.params).error).toBeUndefined();
    expect(result.safeParse(example.result).error).toBeUndefined();
  });

  it('keeps no picture, secret or name in the journal', () => {
    for (const name of names) {
      const { keeps } = COMMANDS[name];
      for (const key of [...keeps.params, ...keeps.result]) {
        expect(['jpeg', 'name', 'changes', 'config', 'pin', 'idNumber', 'token', 'events']).not.toContain(
          key,
        );
      }
    }
    expect(kept({ door: 'front', jpeg: 'x', __proto__: 1 }, ['door'])).toEqual({ door: 'front' });
  });

  it('refuses whatever is not of the form of its parameters, without falling over', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.jsonValue(), (name, junk) => {
        const parsed = COMMANDS[name].params.safeParse(junk);
        if (parsed.success) expect(typeof parsed.data).toBe('object');
      }),
    );
  });
});

describe('the topic of an answer', () => {
  const sender = { key: 'desk', order: order({ replyTo: 'menshen/north/replies/console/7' }) };
  const message = (responseTopic: string | null) => ({ responseTopic, correlationData: null });

  it.each([
    ['menshen/north/replies/a', 'menshen/north/replies/a'],
    [null, 'menshen/north/replies/console/7'],
    ['menshen/south/commands', 'menshen/north/replies/console/7'],
    ['menshen/north/status', 'menshen/north/replies/console/7'],
    ['menshen/north/replies/#', 'menshen/north/replies/console/7'],
    ['menshen/north/repliesx', 'menshen/north/replies/console/7'],
    ['homeassistant/lock/config', 'menshen/north/replies/console/7'],
  ])('asked for %s is %s', (asked, given) => {
    expect(replyAddress('menshen/north/replies', message(asked), sender).topic).toBe(given);
  });

  it('is the one of the key when none is asked for, or a forbidden one', () => {
    const { replyTo: _, ...plain } = sender.order;
    expect(replyAddress('r', message('x'), { key: 'desk', order: plain }).topic).toBe('r/desk');
    const evil = { key: 'desk', order: { ...plain, replyTo: 'menshen/south/commands' } };
    expect(replyAddress('r', message(null), evil).topic).toBe('r/desk');
  });
});
