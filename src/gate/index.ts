/**
 * The composition root: the one place that knows all rooms. assembly.ts makes them and ties each to the
 * others, so that data flows one way (sighting, candidates, decision, door, journal, MQTT); `Gate` starts them and takes
 * them down again; `Lane` is that way through one door. Journal and broker link live in a thread of their own (`Records`, records-thread.ts), so that no disk
 * and no network can hold up a relay or an exit button. No native inference code is loaded here.
 */

export { type Continuation, endTrial, type RestartRequest, takeBack } from './commands/index.ts';
export { Gate } from './gate.ts';
export { type Health, missing } from './health.ts';
export { lockDataDir } from './instance-lock.ts';
export { PlaceMessageSchema } from './site.ts';
