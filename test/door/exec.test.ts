import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { InputLineSchema, OutputLineSchema } from '../../src/config/schema/line.ts';
import { execDriver } from '../../src/door/gpio/exec.ts';
import type { Level } from '../../src/door/index.ts';
import { scratch, until } from './bench.ts';

/** A relay board behind a command: `relay LEVEL` keeps its level in a file and notes each call. */
function board(body = '') {
  const folder = scratch();
  const program = join(folder, 'relay');
  const state = join(folder, 'state');
  writeFileSync(program, `#!/bin/sh\n${body}\necho "$1" > ${state}\necho "$1" >> ${folder}/calls\n`);
  chmodSync(program, 0o755);
  const read = (file: string) =>
    existsSync(join(folder, file)) ? readFileSync(join(folder, file), 'utf8') : '';
  return {
    folder,
    program,
    state: () => read('state').trim(),
    calls: () => read('calls').trim().split('\n').join(' '),
    set: (level: string) => writeFileSync(state, `${level}\n`),
    output: (change = {}) => {
      const line = OutputLineSchema.parse({
        driver: 'exec',
        high: [program, '1'],
        low: [program, '0'],
        ...change,
      });
      if (line.driver !== 'exec') throw new Error('unreachable');
      return line;
    },
    input: (change = {}) => {
      const line = InputLineSchema.parse({ driver: 'exec', read: ['cat', state], pollMs: 20, ...change });
      if (line.driver !== 'exec') throw new Error('unreachable');
      return line;
    },
  };
}

async function openOutput(line: ReturnType<ReturnType<typeof board>['output']>, rest: Level = 0) {
  const output = await execDriver().openOutput(line, { rest });
  onTestFinished(() => output.close());
  return output;
}

describe('a relay behind a command', () => {
  it('is at rest when opened, follows, and is at rest when closed', async () => {
    const relay = board();
    const output = await execDriver().openOutput(relay.output(), { rest: 1 });
    expect(relay.state()).toBe('1');
    await output.write(0);
    expect(relay.state()).toBe('0');
    await output.close();
    expect(relay.calls()).toBe('1 0 1');
  });

  it('passes arguments on as they are: no shell reads them', async () => {
    const relay = board();
    const odd = `$(touch ${relay.folder}/harm); 'x`;
    const output = await openOutput(relay.output({ high: [relay.program, odd] }));
    await output.write(1);
    expect(relay.state()).toBe(odd);
    expect(existsSync(join(relay.folder, 'harm'))).toBe(false);
  });

  it.each([
    ['fails', ['false'], 'the command ended with exit code 1'],
    ['is not there', ['/nowhere/relay', 'secret'], 'there is no such program'],
    ['cannot be run', ['/etc/passwd'], 'the program cannot be run'],
    ['hangs', ['sleep', '60'], 'the command took longer than 200 ms and was ended'],
  ])('that %s is a failed write, and not opened', async (_, argv, why) => {
    const relay = board();
    const output = await openOutput(relay.output({ high: argv, timeoutMs: 200 }));
    const failed = { code: 'GPIO_WRITE_FAILED', message: `exec ${argv[0]} could not be set to 1: ` };
    const error = await Promise.resolve(output.write(1)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: failed.code,
      message: expect.stringContaining(failed.message + why),
    });
    expect(String(error)).not.toContain('secret');
    await expect(
      execDriver().openOutput(relay.output({ low: argv, timeoutMs: 200 }), { rest: 0 }),
    ).rejects.toMatchObject({ code: 'GPIO_UNAVAILABLE', message: expect.stringContaining(why) });
  });

  it('is driven at rest at once by restNow, past a command under way', async () => {
    const relay = board('[ "$1" = 1 ] && sleep 5');
    const output = await openOutput(relay.output({ timeoutMs: 10_000 }));
    const begun = performance.now();
    const write = Promise.resolve(output.write(1)).catch((reason: unknown) => reason);
    await new Promise((resolve) => setTimeout(resolve, 200));
    output.restNow();
    expect(await write).toMatchObject({ code: 'GPIO_WRITE_FAILED' });
    await until('the relay is released', () => relay.calls() === '0 0');
    expect(performance.now() - begun).toBeLessThan(4000);
    await output.write(0);
    expect(relay.state()).toBe('0');
  });
});

describe('an input behind a command', () => {
  async function watch(source: ReturnType<typeof board>, change = {}, debounceMs = 0) {
    const told: (Level | string)[] = [];
    const input = await execDriver().openInput(
      source.input(change),
      { idle: 0, debounceMs },
      { onChange: (level) => told.push(level), onError: ({ message }) => told.push(message) },
    );
    onTestFinished(() => input.close());
    return { input, told };
  }

  it('is read again and again, and tells changes', async () => {
    const source = board();
    source.set('1');
    const { input, told } = await watch(source);
    expect(input.level()).toBe(1);
    source.set('0');
    await until('the change is told', () => told.length === 1);
    expect(told).toEqual([0]);
    expect(input.level()).toBe(0);
  });

  it('that fails is told once, and read no more', async () => {
    const source = board();
    source.set('1');
    const { told } = await watch(source);
    source.set('perhaps');
    await until('the fault is told', () => told.length === 1);
    expect(told).toEqual(['exec cat: the command printed neither 0 nor 1']);
    source.set('0');
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(told).toHaveLength(1);
  });

  it('that cannot be read is not opened, and a closed one says nothing more', async () => {
    const source = board();
    await expect(watch(source)).rejects.toMatchObject({ code: 'GPIO_UNAVAILABLE' });
    source.set('1');
    const { input, told } = await watch(source);
    await input.close();
    source.set('0');
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(told).toEqual([]);
  });
});
