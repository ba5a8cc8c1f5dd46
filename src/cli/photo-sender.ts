import { createHash } from 'node:crypto';
import { MAX_JPEG_BYTES, MAX_PHOTO_BYTES, type Reply } from '../commands/index.ts';
import { MenshenError } from '../common/index.ts';
import type { CommandRequest, CommandSender } from './command-sender.ts';

/** The gate takes parts at once; one that it does not answer by now is sent again. */
const PART_MS = 10_000;
const TRIES = 3;
/** A gate takes two commands a second of a key, after a first few at once. */
const PAUSE_MS = 500;
const PAUSES = 60;

/**
 * Sends `people.photo` with a photo of any size that a gate takes: along with the command, or in parts before it, one after
 * the other. `onPart` is told how many parts of how many the gate has.
 * @throws MenshenError PICTURE_TOO_LARGE and as `CommandSender.send`
 */
export async function sendPhoto(
  sender: Pick<CommandSender, 'send'>,
  photo: Buffer,
  request: Omit<CommandRequest, 'command'>,
  onPart: (done: number, of: number) => void,
): Promise<Reply> {
  const { params } = request;
  const command = 'people.photo';
  if (photo.length <= MAX_JPEG_BYTES) {
    return sender.send({ ...request, command, params: { ...params, jpeg: photo.toString('base64') } });
  }
  checkLength(photo);
  const sha256 = createHash('sha256').update(photo).digest('hex');
  const count = Math.ceil(photo.length / MAX_JPEG_BYTES);
  for (let index = 0; index < count; index += 1) {
    const data = photo.subarray(index * MAX_JPEG_BYTES, (index + 1) * MAX_JPEG_BYTES).toString('base64');
    const part = { sha256, bytes: photo.length, count, index, data };
    const reply = await again(() =>
      sender.send({ ...request, command: 'people.photoPart', params: part, timeoutMs: PART_MS }),
    );
    if (reply.state !== 'done') return reply;
    onPart(index + 1, count);
  }
  return paced(() => sender.send({ ...request, command, params: { ...params, sha256 } }));
}

/** @throws MenshenError PICTURE_TOO_LARGE */
function checkLength({ length }: Buffer): void {
  if (length <= MAX_PHOTO_BYTES) return;
  throw new MenshenError(
    'PICTURE_TOO_LARGE',
    `The photo has ${length} bytes; a gate takes ${MAX_PHOTO_BYTES} at most. Use a smaller copy of it.`,
  );
}

/** A part may come twice: whether it or its answer was lost need not be known. */
async function again(send: () => Promise<Reply>): Promise<Reply> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await paced(send);
    } catch (error) {
      const lost = error instanceof MenshenError && error.code === 'COMMAND_NOT_ANSWERED';
      if (!lost || tried === TRIES) throw error;
    }
  }
}

/** What was refused for its pace alone was not done, and is sent when its time has come. */
async function paced(send: () => Promise<Reply>): Promise<Reply> {
  for (let pauses = 0; ; pauses += 1) {
    const reply = await send();
    const early = reply.state === 'refused' && reply.error.code === 'COMMAND_BUSY';
    if (!early || pauses === PAUSES) return reply;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
