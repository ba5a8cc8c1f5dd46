import type { CameraState } from '../camera/types.ts';
import { type ErrorCode, type Logger, messageOf, monotonicMs } from '../common/index.ts';
import { type CameraConfig, type Config, secretOf } from '../config/index.ts';
import type { StateReport } from '../mqtt/index.ts';
import { type QrSighting, VisionHost } from '../vision/client.ts';
import { CameraEvents } from './camera-events.ts';
import type { CameraEnrolment } from './commands/index.ts';
import type { Entrance } from './entrance.ts';
import type { Lane } from './lane.ts';
import type { Records } from './records.ts';
import { StreamGuard } from './stream-guard.ts';

interface CamerasParts {
  readonly config: Config;
  readonly records: Pick<Records, 'record' | 'state'>;
  readonly enrolment: CameraEnrolment;
  readonly entrance: Pick<Entrance, 'read'>;
  readonly log: Logger;
}

/** What cameras tell of the way through a door. */
type Way = Pick<Lane, 'sighting' | 'picture' | 'trackEnd' | 'distrust' | 'cameraLost'> & {
  readonly actions: Pick<Lane['actions'], 'progress' | 'result' | 'clip' | 'noClip'>;
};

/** The cameras of a gate: a vision process for each, what they see handed to the lanes, how they are told outside. */
export class Cameras {
  /** Newest state of each camera. */
  readonly states = new Map<string, StateReport<'cameras'>>();
  /** The vision process of each camera. */
  readonly hosts = new Map<string, VisionHost>();
  readonly #parts: CamerasParts;
  #lanes: ReadonlyMap<string, Way> = new Map();

  constructor(parts: CamerasParts) {
    this.#parts = parts;
  }

  /**
   * Networks are opened and streams connected, which takes as long as loading the people; nobody is looked at. What
   * cannot be prepared is told by `start`.
   */
  prepare(): void {
    for (const camera of this.#parts.config.cameras) {
      try {
        this.#host(camera).prepare();
      } catch (error) {
        this.#parts.log.warn({ camera: camera.id, err: messageOf(error) }, 'a camera could not be prepared');
      }
    }
  }

  /** Recognition begins. */
  start(lanes: ReadonlyMap<string, Way>): void {
    this.#lanes = lanes;
    for (const camera of this.#parts.config.cameras) this.#host(camera).start();
  }

  /** None of them can be used. */
  allDown(code: ErrorCode, message: string): void {
    for (const { id } of this.#parts.config.cameras) {
      this.#tell(id, { state: 'down', code, message });
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.hosts.values()].map((host) => host.stop()));
  }

  #host(camera: CameraConfig): VisionHost {
    const host = this.hosts.get(camera.id) ?? this.#makeHost(camera);
    this.hosts.set(camera.id, host);
    return host;
  }

  #makeHost(camera: CameraConfig): VisionHost {
    const { config, records, enrolment, log } = this.#parts;
    const { password, ...settings } = camera;
    const guard = new StreamGuard(camera);
    const secret = secretOf(password);
    const host = new VisionHost({
      camera: { ...settings, ...(secret === undefined ? {} : { password: secret }) },
      vision: config.vision,
      actions: config.decision.actionLiveness.doors.includes(camera.door),
      log,
      maxFrameAgeMs: config.decision.maxFrameAgeMs,
    });
    const events = new CameraEvents(camera.id);
    const way = () => this.#lanes.get(camera.door);
    host.on('sighting', (sighting) => way()?.sighting(sighting));
    host.on('crop', (crop) => way()?.picture(crop));
    host.on('qr', (qr) => this.#qr(camera, guard, qr));
    host.on('trackEnd', (end) => way()?.trackEnd(end));
    host.on('progress', (progress) => way()?.actions.progress(progress));
    host.on('result', (result) => way()?.actions.result(result));
    host.on('clip', (clip) => way()?.actions.clip(clip));
    host.on('noClip', (missing) => way()?.actions.noClip(missing));
    host.on('sighting', (sighting) => enrolment.sighting(sighting));
    host.on('crop', (crop) => enrolment.crop(crop));
    host.on('trackEnd', (end) => enrolment.trackEnd(end));
    host.on('camera', (state) => this.#changed(events, camera.id, state));
    host.on('integrity', (integrity) => {
      const entry = guard.report(integrity);
      way()?.distrust(camera.id, guard.distrust);
      // Whoever shows pictures of their own would be enrolled for good.
      enrolment.distrust(camera.id, guard.distrust);
      if (entry !== null) records.record(entry);
    });
    host.on('up', () => records.record({ type: 'vision.up', camera: camera.id, data: {} }));
    host.on('down', (failure) => {
      way()?.cameraLost(camera.id);
      records.record({ type: 'vision.down', camera: camera.id, data: { ...failure } });
      this.#tell(camera.id, { state: 'down', ...failure });
    });
    return host;
  }

  /** A visitor holds up a pass; fresh or nothing, as with faces. */
  #qr({ id, door, direction }: CameraConfig, guard: StreamGuard, { text, capturedAt }: QrSighting): void {
    if (guard.distrust !== null) return;
    if (monotonicMs() - capturedAt > this.#parts.config.decision.maxFrameAgeMs) return;
    this.#parts.entrance.read({ kind: 'qr', reader: id, door, direction, at: capturedAt, text });
  }

  #changed(events: CameraEvents, camera: string, state: CameraState): void {
    const entry = events.entry(state);
    if (entry !== null) {
      this.#parts.records.record(entry);
    }
    this.#tell(camera, state);
  }

  #tell(camera: string, report: StateReport<'cameras'>): void {
    this.states.set(camera, report);
    this.#parts.records.state({ of: 'cameras', id: camera, report });
  }
}
