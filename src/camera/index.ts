/**
 * The camera room: turns an RTSP camera, a video file or a folder of pictures into frames with an honest
 * capture time, newest first, and never gives up. A camera's pictures come off the network in
 * rtsp/ and go through a pipe (nut-writer.ts) into an ffmpeg child (command.ts), which decodes; raw pictures and
 * time stamps come back through another (nut.ts); capture-clock.ts tells how old a picture is even
 * when it waited somewhere; ffmpeg-session.ts watches one run of ffmpeg, camera.ts runs it again and again;
 * diagnose.ts says what was wrong. docs/decisions/camera-ingest.md gives the reasons and the figures.
 */
export { type CameraOptions, openCamera } from './camera.ts';
export type {
  CameraSource,
  CameraState,
  CameraStats,
  Frame,
  Integrity,
  Picture,
  StreamDoubt,
  StreamIdentity,
} from './types.ts';
