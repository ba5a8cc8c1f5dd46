import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Mailbox } from '../../src/gate/mailbox.ts';
import type { IncomingMessage } from '../../src/mqtt/index.ts';

const message = (topic: string): IncomingMessage => ({
  topic,
  payload: new Uint8Array(0),
  qos: 1,
  retained: false,
  responseTopic: null,
  correlationData: null,
});

it('has eight messages under way at most, and keeps their order', async () => {
  const sent: string[] = [];
  const mailbox = new Mailbox(({ topic }) => sent.push(topic));
  const all = Array.from({ length: 20 }, (_, n) => mailbox.put(message(String(n))));
  await sleep(0);
  expect(sent).toHaveLength(8);
  for (let n = 0; n < 5; n++) mailbox.heard();
  await sleep(0);
  expect(sent).toHaveLength(13);
  for (let n = 0; n < 7; n++) mailbox.heard();
  await Promise.all(all);
  expect(sent).toEqual(Array.from({ length: 20 }, (_, n) => String(n)));
});

it('gives a message up when nobody takes any for long, and goes on afterwards', async () => {
  const sent: string[] = [];
  const mailbox = new Mailbox(({ topic }) => sent.push(topic));
  for (let n = 0; n < 8; n++) await mailbox.put(message('early'));
  await expect(mailbox.put(message('lost'))).rejects.toThrow('busy');
  for (let n = 0; n < 8; n++) mailbox.heard();
  await mailbox.put(message('late'));
  expect(sent.at(-1)).toBe('late');
  expect(sent).not.toContain('lost');
});
