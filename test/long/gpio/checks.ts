/** What is proven in the virtual machine; the suite expects each of these once, and nothing else. */
export const CHECKS = [
  'gpiod: an output begins at rest, follows, and is let go',
  'gpiod: lines are found by name, by chip and name, by chip and offset',
  'gpiod: a line that is missing, ambiguous or taken is refused, saying why',
  'gpiod: an input has its level at once, and a pull-up where asked for',
  'gpiod: a bouncing contact is one change',
  'gpiod: a holder that is killed is told, and the line can be had again',
  'gpiod: a door on real lines: exit button, contact, relay that a low level energises',
  'gpiod: a gate killed with -9 while unlocked leaves the relay driven at rest, then let go',
  'onoff: the base of the chip is found; absolute numbers work as before',
  'onoff: an output begins at rest, follows, and stays driven',
  'onoff: a bouncing contact is one change',
  'onoff: a line used twice is refused',
  'onoff: a door on real lines: exit button, contact, relay that a low level energises',
  'onoff: a gate killed with -9 while unlocked leaves the relay driven at rest',
  "onoff: with the dead man's switch killed as well, `door release` releases it",
  'latencies',
] as const;
export type CheckName = (typeof CHECKS)[number];

export type CheckResult =
  | { readonly name: CheckName; readonly ok: true; readonly data: unknown }
  | { readonly name: CheckName; readonly ok: false; readonly error: string };
