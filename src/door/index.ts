/**
 * The door: relay, door contact and exit button of each door, and the GPIO drivers under them.
 *
 * machine.ts is the state machine, pure: input and time in, relay position and events out. controller.ts
 * puts it on real lines and a real clock. gpio/ holds the drivers, which know levels and nothing else.
 * The room depends on no other room, so that relay and exit button work whatever else is down.
 * Start reading at machine.ts; docs/reference/door.md has states, alarms and wiring.
 */
export { Door, type DoorOptions, type UnlockOutcome } from './controller.ts';
export type {
  GpioDriver,
  InputHandlers,
  InputLine,
  InputOptions,
  Level,
  OutputHandlers,
  OutputLine,
  OutputOptions,
} from './gpio/driver.ts';
export { openGpio } from './gpio/gpio.ts';
export { type LineChange, reportOnStdout, type SimulatedOptions } from './gpio/simulated.ts';
export { installReleaseGuard } from './guard.ts';
export { type RecordedRelays, type RelayLine, recordedRelays, recordRelays } from './relays-file.ts';
export { type ReleaseResult, type ReleaseTask, releaseRelays, releaseTasks } from './release.ts';
export {
  DOOR_STATES,
  type DoorEvent,
  type DoorFault,
  type DoorPosition,
  type DoorState,
  type DoorStatus,
  type FaultSource,
  type UnlockCause,
} from './types.ts';
