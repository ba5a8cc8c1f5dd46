/**
 * What commands do. desk.ts takes them in, in the thread of the broker; runner.ts carries out those that were found
 * good, in the thread of the doors, with the handlers of each family (doors.ts, people.ts, gate.ts) on what parts.ts
 * shows of the gate. config-change.ts and restart.ts are the two that end the gate and start it again.
 */
export { CameraEnrolment } from './camera-enrolment.ts';
export { endTrial, takeBack } from './config-change.ts';
export type { AcceptedCommand, CommandAnswer } from './protocol.ts';
export type { RestartRequest } from './restart.ts';
export { CommandService, type Continuation } from './service.ts';
