/**
 * The camera room: turns an RTSP camera, a video file or a folder of pictures into frames with an honest
 * capture time, newest first, and never gives up. The work is done by an ffmpeg child (command.ts) whose raw
 * pictures and time stamps come through a pipe (nut.ts); capture-clock.ts tells how old a picture is even
 * when it waited somewhere; ffmpeg-session.ts watches one run of ffmpeg, camera.ts runs it again and again;
 * diagnose.ts says what was wrong. docs/decisions/camera-ingest.md gives the reasons and the figures.
 */
export { type CameraOptions, openCamera } from './camera.ts';
export type { CameraSource, CameraState, CameraStats, Frame, Picture } from './types.ts';
