/** A vision process gone wrong in the way its camera's source says; stands in for the real one in host tests. */
const HEARTBEAT = {
  ...{ received: 0, dropped: 0, frames: 0, fps: 0, busyMs: 0, rssBytes: 1, loopDelayMs: 0, untold: 0 },
  steps: {},
};

process.on('disconnect', () => process.exit());
process.on('message', (message: { type: string; settings?: { camera: { source: string } } }) => {
  if (message.type === 'start') misbehave(message.settings?.camera.source ?? '');
});

function misbehave(how: string): void {
  const send = (message: unknown): void => void process.send?.(message);
  send({ type: 'ready', models: {} });
  setInterval(() => send({ type: 'heartbeat', heartbeat: HEARTBEAT }), 100);
  if (how === 'gibberish') send({ type: 'open the door' });
  if (how === 'stuck') send({ type: 'heartbeat', heartbeat: { ...HEARTBEAT, busyMs: 1001 } });
  if (how === 'quits') process.exit(7);
  // 'deaf' goes on and hears no "stop"
}
