import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { CommandRequest } from '../../src/cli/command-sender.ts';
import { sendPhoto } from '../../src/cli/photo-sender.ts';
import { COMMANDS, MAX_PHOTO_BYTES, type Reply } from '../../src/commands/index.ts';
import { MenshenError } from '../../src/common/index.ts';
import { PhotoTransfers } from '../../src/gate/commands/photo-transfers.ts';

const ABOUT = { nonce: '', gate: 'north', at: '2026-01-02T03:04:05.678Z' };
const request = { params: { name: 'Ann' }, timeoutMs: 1000, onProgress: () => {} };

/** A gate that takes parts; what goes wrong with the message of each number. */
function gate(wrong: Readonly<Record<number, 'lost' | 'unanswered' | 'busy'>>) {
  const transfers = new PhotoTransfers();
  const photos: Buffer[] = [];
  let sent = 0;
  const send = async ({ command, params }: CommandRequest): Promise<Reply> => {
    sent += 1;
    const fault = wrong[sent];
    const about = { ...ABOUT, command };
    if (fault === 'busy') return { ...about, state: 'refused', error: { code: 'COMMAND_BUSY', message: '' } };
    let result = {};
    if (fault !== 'lost' && command === 'people.photoPart') {
      const { missing } = transfers.take('desk', COMMANDS[command].params.parse(params), 'event', 0);
      result = { missing };
    } else if (fault !== 'lost') {
      const { sha256 = '', jpeg } = COMMANDS['people.photo'].params.parse({
        ...params,
        consent: { local: true, version: '1' },
      });
      photos.push(
        jpeg === undefined ? Buffer.concat(transfers.claim('desk', sha256)) : Buffer.from(jpeg, 'base64'),
      );
    }
    if (fault !== undefined) throw new MenshenError('COMMAND_NOT_ANSWERED', 'no answer');
    return { ...about, state: 'done', event: 'event', result };
  };
  return { send, photos };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function delivered(size: number, wrong: Parameters<typeof gate>[0]) {
  const photo = randomBytes(size);
  const { send, photos } = gate(wrong);
  const told: number[] = [];
  const sending = sendPhoto({ send }, photo, request, (done) => told.push(done));
  sending.catch(() => {});
  await vi.runAllTimersAsync();
  return { reply: await sending, told, whole: photos[0]?.equals(photo) ?? false };
}

it('goes along with the command when it is small, in parts when it is not', async () => {
  expect(await delivered(180_000, {})).toMatchObject({ told: [], whole: true, reply: { state: 'done' } });
  expect(await delivered(500_000, {})).toMatchObject({ told: [1, 2, 3], whole: true });
});

it('arrives whole whichever parts or answers are lost on the way, and waits where the gate says it is too fast', async () => {
  const wrong = { 1: 'lost', 2: 'unanswered', 4: 'busy', 6: 'lost', 8: 'busy', 9: 'busy' } as const;
  expect(await delivered(500_000, wrong)).toMatchObject({
    told: [1, 2, 3],
    whole: true,
    reply: { state: 'done' },
  });
});

it('is given up when the gate does not answer, or goes on refusing', async () => {
  await expect(delivered(500_000, { 2: 'lost', 3: 'lost', 4: 'lost' })).rejects.toThrow('no answer');
  const busy = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [n + 1, 'busy' as const]));
  expect((await delivered(500_000, busy)).reply).toMatchObject({ state: 'refused' });
});

it('is not begun when it is larger than a gate takes', async () => {
  const large = Buffer.alloc(MAX_PHOTO_BYTES + 1);
  await expect(sendPhoto(gate({}), large, request, () => {})).rejects.toMatchObject({
    code: 'PICTURE_TOO_LARGE',
  });
});
