import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LineHolder } from '../../src/door/gpio/line-holder.ts';
import type { Level } from '../../src/door/index.ts';
import { scratch, until } from './bench.ts';

/**
 * How the process that holds a line is looked after, with programs in place of Python that fail in every way.
 * Real lines under the real one (hold_line.py and libgpiod) are in the long suite.
 */
async function start(script: string) {
  const program = join(scratch(), 'python3');
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
  return await startProgram(program);
}

async function startProgram(program: string) {
  const told: (Level | string)[] = [];
  const { holder, level } = await LineHolder.start(
    { mode: 'output', rest: 0, bias: 'as-is', chip: null, name: 'GPIO17', offset: null },
    { onLevel: (now) => told.push(now), onLost: (why) => told.push(why) },
    program,
  );
  onTestFinished(() => holder.close());
  return { holder, level, told };
}

describe('the process that holds a line', () => {
  it('is asked, answers in order, and tells levels in between', async () => {
    const { holder, level, told } = await start(
      'echo ready 1; while read -r x; do echo 0; if [ "$x" = 1 ]; then echo ok; else echo error Input/output error; fi; done',
    );
    expect(level).toBe(1);
    const answers = await Promise.allSettled([holder.write(1), holder.write(0), holder.write(1)]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(answers[1]).toMatchObject({ reason: { message: 'Input/output error' } });
    expect(told).toEqual([0, 0, 0]);
  });

  it('ends when it is closed, by force if need be, and is then not called lost', async () => {
    const { holder, told } = await start("trap '' TERM; echo ready 0; exec sleep 60 <&0");
    const begun = performance.now();
    await holder.close();
    expect(performance.now() - begun).toBeLessThan(3000);
    expect(told).toEqual([]);
    await expect(holder.write(1)).rejects.toThrow('its helper process is gone');
  });

  it('that dies is told once, and fails what it was asked', async () => {
    const { holder, told } = await start('echo ready 0; read -r x; kill -9 $$');
    await expect(holder.write(1)).rejects.toThrow('its helper process ended (SIGKILL)');
    expect(told).toEqual(['its helper process ended (SIGKILL)']);
    holder.writeNow(0);
    await expect(holder.write(0)).rejects.toThrow('its helper process is gone');
    expect(told).toHaveLength(1);
  });

  it('that does not answer is ended, and told', async () => {
    const { holder, told } = await start('echo ready 0; while :; do sleep 1; done');
    await expect(holder.write(1)).rejects.toThrow('did not answer within 1000 ms');
    await until('it is told', () => told.length > 0);
    expect(told).toEqual(['its helper process did not answer within 1000 ms']);
  });

  it.each([
    ['refuses', 'echo failed there is no such line; exit 1', 'there is no such line'],
    ['ends at once', 'exit 3', 'its helper process ended at once (3)'],
  ])('that %s is not taken', async (_, script, why) => {
    await expect(start(script)).rejects.toMatchObject({ code: 'GPIO_UNAVAILABLE', message: why });
  });

  it('that cannot be started says what to install', async () => {
    await expect(startProgram(join(scratch(), 'python3'))).rejects.toMatchObject({
      code: 'GPIO_UNAVAILABLE',
      message: expect.stringContaining('install python3-libgpiod'),
    });
  });
});
