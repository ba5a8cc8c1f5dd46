/**
 * An inference process: opens the networks once, does one task after another, and keeps nothing of what it was sent.
 * A picture that crashes a decoder ends this process, not the server.
 */
import { ERRORS, MenshenError, messageOf } from '../../common/index.ts';
import { Judge } from './judge.ts';
import { RefusedInput } from './refuse.ts';
import type { Answer, Order } from './tasks.ts';

let judge: Judge | null = null;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('disconnect', () => process.exit(0));
// The server is the only one that can write to this channel, and it is built from the same source.
process.on('message', (order: Order) => void obey(order));

async function obey(order: Order): Promise<void> {
  if (order.type === 'start') return start(order);
  const { id, task } = order;
  try {
    if (judge === null) throw new Error('The networks are not open yet.');
    say({ type: 'result', id, value: await judge.do(task) });
  } catch (error) {
    if (error instanceof RefusedInput) {
      say({ type: 'refused', id, refused: { refusal: error.refusal, picture: error.picture } });
    } else {
      say({ type: 'failed', id, message: messageOf(error).slice(0, 1000) });
    }
  }
}

async function start(order: Extract<Order, { type: 'start' }>): Promise<void> {
  process.title = 'menshen cloud inference';
  try {
    judge = await Judge.open(order);
    say({ type: 'ready' });
  } catch (error) {
    const code = error instanceof MenshenError && Object.hasOwn(ERRORS, error.code) ? error.code : 'INTERNAL';
    process.send?.({ type: 'unfit', code, message: messageOf(error).slice(0, 1000) }, () => process.exit(1));
  }
}

function say(answer: Answer): void {
  process.send?.(answer, undefined, undefined, () => {});
}
