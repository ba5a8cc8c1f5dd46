import type { ReaderConfig } from '../config/index.ts';
import { BurstSplitter } from './bursts.ts';
import { typedNumber } from './card-number.ts';
import type { Setup } from './device.ts';
import { InputEventReader } from './input-events.ts';
import { meaningOf } from './keys.ts';
import type { ReaderListener } from './types.ts';

const BURST_GAP_MS = 40;
/** After the last key of a burst; the pieces of a burst may arrive a little later than the kernel saw its keys. */
const SETTLE_SLACK_MS = 20;

/**
 * EVIOCGRAB takes the device from everybody else (console, X11), EVIOCSCLOCKID 1 makes its times monotonic; numbers of
 * include/uapi/linux/input.h. Node cannot call ioctl. Both belong to the open file, not to the process, so a child
 * sets them on the descriptor it is given and goes. Perl, because perl-base is on every Debian.
 */
const GRAB: Setup = {
  file: 'perl',
  args: [
    '-e',
    'my $on = 1; my $monotonic = pack("i", 1);' +
      'ioctl(STDIN, 0x40044590, $on) or die "it cannot be taken for Menshen alone ($!)\\n";' +
      'ioctl(STDIN, 0x400445a0, $monotonic) or die "its clock cannot be set ($!)\\n";',
  ],
  advice: 'is it a keyboard, and does no other program hold it? Perl (perl-base) must be installed',
};

/** Reads a reader that appears as a keyboard. */
export class KeyboardDecoder {
  readonly #splitter: BurstSplitter;
  readonly #events: InputEventReader;
  readonly #gapMs: number;
  #settle: NodeJS.Timeout | null = null;

  constructor({ card, burstGapMs = BURST_GAP_MS }: ReaderConfig, listener: ReaderListener) {
    this.#gapMs = burstGapMs;
    const minLength = card.enabled ? card.minLength : Number.POSITIVE_INFINITY;
    this.#splitter = new BurstSplitter(
      { gapMs: burstGapMs, minLength },
      {
        key: (key) => listener.key(key),
        burst: (text) => {
          const number = typedNumber(text, card.format, card);
          if (number === null) listener.nonsense(`a burst of ${text.length} keys that is no card`);
          else listener.card(number);
        },
      },
    );
    this.#events = new InputEventReader(
      ({ code, at }) => this.#press(code, at),
      () => this.#splitter.forget(),
    );
  }

  push(piece: Uint8Array): void {
    this.#events.push(piece);
    clearTimeout(this.#settle ?? undefined);
    this.#settle = this.#splitter.pending
      ? setTimeout(() => this.#splitter.settle(), this.#gapMs + SETTLE_SLACK_MS)
      : null;
  }

  stop(): void {
    clearTimeout(this.#settle ?? undefined);
  }

  #press(code: number, at: number): void {
    const meaning = meaningOf(code);
    if (meaning !== null) this.#splitter.press(meaning, at);
  }
}

/** How its device is set up; null where others shall go on reading it. */
export function keyboardSetup({ grab = true }: ReaderConfig): Setup | null {
  return grab ? GRAB : null;
}
