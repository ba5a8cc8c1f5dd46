/**
 * When something holds: schedules of weekly spans, and holidays with spans of their own, by the clock on the wall
 * of the site. Pure: the moment comes in as an argument. wall-clock.ts turns a moment into the local date and time,
 * calendar.ts asks it of the schedules; src/config/schema/calendar.ts says how they are written.
 */
export { Calendar } from './calendar.ts';
export { type WallTime, wallClock } from './wall-clock.ts';
