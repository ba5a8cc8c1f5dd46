import { expect, it } from 'vitest';
import type { CameraState } from '../../src/camera/types.ts';
import { CameraReport } from '../../src/vision/camera-report.ts';
import type { FromVision } from '../../src/vision/messages.ts';

const streaming: CameraState = { state: 'streaming', width: 1280, height: 720, decoder: 'software' };
const integrity = {
  stream: { width: 1280, height: 720, encoder: null, reader: null },
  doubts: [],
};

function reported() {
  const sent: FromVision[] = [];
  const report = new CameraReport({
    send: (message) => {
      sent.push(message);
      return Promise.resolve();
    },
  });
  return { report, sent };
}

it('tells nothing before somebody looks, then how the camera is by now, then every change', () => {
  const { report, sent } = reported();
  report.state({ state: 'connecting', attempt: 1 });
  report.state(streaming);
  report.integrity(integrity);
  expect(sent).toEqual([]);
  report.open();
  expect(sent).toEqual([
    { type: 'camera', state: streaming },
    { type: 'integrity', integrity },
  ]);
  report.state({ state: 'connecting', attempt: 2 });
  report.state({ state: 'stopped' });
  expect(sent.slice(2)).toEqual([
    { type: 'camera', state: { state: 'connecting', attempt: 2 } },
    { type: 'camera', state: { state: 'stopped' } },
  ]);
});

it('tells nothing of a camera that has not been heard of', () => {
  const { report, sent } = reported();
  report.open();
  expect(sent).toEqual([]);
});
