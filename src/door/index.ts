/**
 * The door: relay, door contact and exit button of each door, alarm inputs, fire alarm and lockdown, and the GPIO
 * drivers under them.
 *
 * machine.ts is the state machine of a door, pure: input and time in, lock and events out; machine/ has its parts by
 * concern. controller.ts puts it on real lines and a real clock. inputs.ts watches the alarm inputs of the gate,
 * emergency.ts is what fire inputs and lockdowns do to the doors, and what outlasts a restart. gpio/ holds the
 * drivers, which know levels and nothing else.
 * The room depends on no other room, so that relay and exit button work whatever else is down.
 * Start reading at machine.ts; docs/reference/door.md has states, alarms and wiring.
 */
export { Door, type DoorOptions, type HoldOutcome, type UnlockOutcome } from './controller.ts';
export { Emergency, type EmergencyEvent, type EmergencyOptions, type ResetOutcome } from './emergency.ts';
export { keptEmergency } from './emergency-file.ts';
export type { EmergencyState, FireAlarm, Lockdown } from './emergency-state.ts';
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
export { type InputEvent, type InputStatus, Inputs } from './inputs.ts';
export { type RecordedRelays, type RelayLine, recordedRelays, recordRelays } from './relays-file.ts';
export { type ReleaseResult, type ReleaseTask, releaseRelays, releaseTasks } from './release.ts';
export {
  EMPTY_LANE,
  laneIsBusy,
  type TurnstileFinding,
  turnstile,
} from './turnstile.ts';
export {
  DOOR_STATES,
  type DoorAlarm,
  type DoorEvent,
  type DoorFault,
  type DoorPosition,
  type DoorState,
  type DoorStatus,
  type FaultSource,
  type HoldCause,
  type HoldEnd,
  type HoldKind,
  type PassCause,
  type UnlockCause,
} from './types.ts';
export { type WalkResult, type Witness, walkTest } from './walk-test.ts';
