/**
 * The composition root: the one place that knows all rooms. `Gate` opens them, lets data flow one way
 * (sighting, candidates, decision, door, journal, MQTT) and takes them down again; `Lane` is that way through
 * one door; `Recorder` keeps events when the disk does not. No native inference code is loaded here.
 */
export { Gate, SOFTWARE_VERSION } from './gate.ts';
