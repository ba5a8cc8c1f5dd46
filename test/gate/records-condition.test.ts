import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createLogger, isoNow } from '../../src/common/index.ts';
import { Backlog } from '../../src/gate/backlog.ts';
import { conditionOf } from '../../src/gate/records-condition.ts';
import { Journal } from '../../src/journal/index.ts';
import { mountTmpfs, remount, whyNoMount } from '../support/mount.ts';

const refusal = whyNoMount();
const mounting = refusal === undefined ? '' : ` (skipped: no mounting here, ${refusal})`;
const log = createLogger('test', 'silent');
const EVENT = { type: 'access.denied', data: { text: 'x'.repeat(2000) } } as const;

it.skipIf(refusal !== undefined)(
  `tells what waits, and a disk that is full or read-only from one that is sound${mounting}`,
  () => {
    const dataDir = mountTmpfs(1024);
    const link = {
      condition: { state: 'offline', mqtt: '5', since: null, problem: 'MQTT_UNREACHABLE' },
    } as const;
    const open = () => {
      const journal = Journal.open({ dataDir, gate: 'gate', log });
      const backlog = new Backlog(journal, log);
      const close = () => {
        backlog.stop();
        journal.close();
      };
      return { journal, backlog, close, condition: () => conditionOf({ journal, backlog, link, dataDir }) };
    };
    const { journal, backlog, close, condition } = open();
    expect(condition().outbox).toEqual({ waiting: 0, oldest: null });
    backlog.add({ event: EVENT, happenedAt: isoNow() });
    backlog.add({ event: EVENT, happenedAt: isoNow() });
    const [first] = journal.range({ after: 0, limit: 1 });
    expect(condition()).toEqual({
      broker: link.condition,
      outbox: { waiting: 2, oldest: first?.at },
      disk: { state: 'sound', unwritten: 0, freeBytes: expect.any(Number), sizeBytes: 1024 * 1024 },
    });

    const ballast = join(dataDir, 'ballast');
    try {
      writeFileSync(ballast, Buffer.alloc(1024 * 1024));
    } catch {
      // Full, as intended.
    }
    for (let n = 0; n < 100 && backlog.fault === null; n += 1)
      backlog.add({ event: EVENT, happenedAt: isoNow() });
    expect(condition().disk).toMatchObject({ state: 'full', unwritten: 1, freeBytes: 0 });
    rmSync(ballast);
    close();

    remount(dataDir, 'ro');
    const again = open();
    onTestFinished(() => {
      remount(dataDir, 'rw');
      again.close();
    });
    again.backlog.add({ event: EVENT, happenedAt: isoNow() });
    expect(again.condition()).toMatchObject({ outbox: null, disk: { state: 'readonly', unwritten: 1 } });
  },
);
