import type { InputLineConfig, OutputLineConfig } from '../../config/index.ts';

/**
 * Level of a line: 0 is low, 1 is high, as a voltmeter would show it. Drivers know levels only;
 * what a level means (energised, pressed, open) is settled in levels.ts and nowhere else.
 */
export type Level = 0 | 1;

export interface OutputOptions {
  /** Level from the very moment the line becomes an output, without passing through the other one; also the level `close` leaves behind. */
  readonly rest: Level;
}

export interface OutputHandlers {
  /**
   * The line no longer drives anything, found out without a write (its helper died, its chip was unplugged).
   * Nothing more comes of it until it is opened again. Not called from within `write`, nor after `close`.
   */
  onError(error: Error): void;
}

/** A line that drives something. */
export interface OutputLine {
  /**
   * Sets the level. A driver that can act at once returns nothing and has done so on return; one that must
   * wait (network, child process) returns a promise. Calls are not overlapped by the caller.
   * @throws MenshenError GPIO_WRITE_FAILED, or rejects with it.
   */
  write(level: Level): void | Promise<void>;
  /** Drives the level at rest synchronously, as far as the driver can; for a dying process. Never throws. */
  restNow(): void;
  /**
   * The level that the line gets if the process dies without `close`, as far as the driver has a say: that at rest,
   * until this is called. Never throws.
   */
  fallBack(level: Level): void;
  /** Drives `leave` (the level at rest unless given) and gives the line up in the way that keeps it best. Never rejects. */
  close(leave?: Level): Promise<void>;
}

export interface InputOptions {
  /** Level while nothing happens (door closed, button not pressed). */
  readonly idle: Level;
  /** A change counts once the level has held for this many milliseconds. */
  readonly debounceMs: number;
}

export interface InputHandlers {
  /** The debounced level has changed. */
  onChange(level: Level): void;
  /** The line can no longer be read; nothing more comes from it until it is opened again. */
  onError(error: Error): void;
}

/** A line that is watched. */
export interface InputLine {
  /** The debounced level. */
  level(): Level;
  /** Never rejects. No handler is called afterwards. */
  close(): Promise<void>;
}

/**
 * A way to reach GPIO lines; `O` and `I` are the kinds of line it understands. Both `open` functions reject with
 * MenshenError GPIO_UNAVAILABLE when the line cannot be had, and say what to do.
 */
export interface GpioDriver<
  O extends OutputLineConfig = OutputLineConfig,
  I extends InputLineConfig = InputLineConfig,
> {
  openOutput(line: O, options: OutputOptions, handlers?: OutputHandlers): Promise<OutputLine>;
  openInput(line: I, options: InputOptions, handlers: InputHandlers): Promise<InputLine>;
  /** Gives up what the driver holds besides its lines. Never rejects. */
  close(): Promise<void>;
}
