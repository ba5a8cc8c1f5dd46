import { setTimeout as sleep } from 'node:timers/promises';
import { encodeFrame } from '../../../src/readers/frame.ts';
import { type ChaosHouse, EXITS } from './house.ts';

const STEP_MS = 40;
const CARD_MS = 200;
const CARD = '00BC614E';

/**
 * People come and go, as long as there is a daemon: at the exits somebody presses the button, opens the door and
 * closes it, at the entrance somebody shows a card. Gives the way to end that.
 */
export function load(house: ChaosHouse): () => Promise<void> {
  let goOn = true;
  const isOn = () => goOn;
  const all = [showCards(house, isOn), ...EXITS.map((exit) => leave(house, exit, isOn))];
  return async () => {
    goOn = false;
    await Promise.all(all);
  };
}

async function leave(house: ChaosHouse, exit: (typeof EXITS)[number], isOn: () => boolean): Promise<void> {
  const steps = [
    [exit.rex, 0],
    [exit.rex, 1],
    [exit.contact, 1],
    [exit.contact, 0],
  ] as const;
  while (isOn()) {
    for (const [line, level] of steps) {
      house.lines?.drive(line, level);
      await sleep(STEP_MS);
    }
    await sleep(STEP_MS);
  }
}

async function showCards(house: ChaosHouse, isOn: () => boolean): Promise<void> {
  while (isOn()) {
    // What nobody reads would stay in the line, and be read all at once later.
    if (house.lines !== null) house.reader.write(encodeFrame('C', CARD));
    await sleep(CARD_MS);
  }
}
