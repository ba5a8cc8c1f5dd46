import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  generateKeyPair,
  makeOrder,
  type Order,
  type Role,
  readPrivateKey,
} from '../../src/commands/index.ts';
import type { CommandsConfig } from '../../src/config/index.ts';

export const ROLES: readonly Role[] = ['operator', 'administrator', 'auditor'];

/** One key of each role, named like it. */
export const PAIRS = Object.fromEntries(ROLES.map((role) => [role, generateKeyPair()]));

export function privateKey(role: Role) {
  return readPrivateKey(PAIRS[role]?.privatePem ?? '', role);
}

export function commandsConfig(more: Partial<CommandsConfig> = {}): CommandsConfig {
  const keys = ROLES.map((role) => ({ id: role, role, publicKey: PAIRS[role]?.publicKey ?? '' }));
  return { keys, maxAgeS: 60, maxClockSkewS: 0, ...more };
}

export function temporaryDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'menshen-commands-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export function openOrder(more: Partial<Order> = {}, now = Date.now()): Order {
  return {
    ...makeOrder({ gate: 'north', command: 'door.open', params: { door: 'front' } }, 30, now),
    ...more,
  };
}
