import { afterAll, describe, it } from 'vitest';
import { cameraKilled } from './faults/camera.ts';
import { gateKilled } from './faults/gate.ts';
import { stopped } from './faults/stall.ts';
import { terminated } from './faults/stop.ts';
import { Tally } from './faults/tally.ts';
import { visionKilled } from './faults/vision.ts';

/** What is given to it is done one after the other. */
function lane(): (work: () => Promise<void>) => Promise<void> {
  let before: Promise<void> = Promise.resolve();
  return (work) => {
    const done = before.then(work);
    before = done.catch(() => {});
    return done;
  };
}

const tally = new Tally();
afterAll(() => tally.print());

/**
 * What the house does when parts of it die or stand still, through the real daemon with a real camera, decoder and
 * broker; what becomes of events in all kinds of trouble is told by chaos.test.ts. The table at the end has the
 * figures. Most of the time is waiting, so three houses go side by side.
 */
describe.concurrent('faults', () => {
  const [left, middle, right] = [lane(), lane(), lane()];

  it('comes back from each death of the camera', () => left(() => cameraKilled(tally)));
  it('leaves nothing behind when it is killed itself', () => right(() => gateKilled(tally)));
  it('ends in good order whenever it is asked to', () => right(() => terminated(tally)));
  it('notices what stands still, and never opens for old pictures', () => middle(() => stopped(tally)));
  it('locks in time and sees again when vision dies in an unlock', () => right(() => visionKilled(tally)));
});
