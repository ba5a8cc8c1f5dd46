import type { LogLevel } from '../../common/index.ts';
import type { LoadedConfig } from '../../config/index.ts';
import type { Door, Emergency, Inputs } from '../../door/index.ts';
import type { Gallery } from '../../gallery/index.ts';
import type { StateReport } from '../../mqtt/index.ts';
import type { ReaderState } from '../../readers/index.ts';
import type { VisionHost } from '../../vision/client.ts';
import type { CloudCalls } from '../cloud-calls.ts';
import type { Records } from '../records.ts';
import type { SiteCondition } from '../site-people/index.ts';
import type { CameraEnrolment } from './camera-enrolment.ts';
import type { RestartRequest } from './restart.ts';

/** What the handlers of commands see of the gate. */
export interface CommandParts {
  readonly loaded: LoadedConfig;
  readonly software: string;
  readonly records: Pick<Records, 'range' | 'level' | 'condition'>;
  readonly doors: ReadonlyMap<string, Door>;
  readonly emergency: Emergency;
  readonly hosts: ReadonlyMap<string, VisionHost>;
  /** Newest state of each camera. */
  readonly cameraStates: ReadonlyMap<string, StateReport<'cameras'>>;
  /** Newest state of each reader. */
  readonly readerStates: ReadonlyMap<string, ReaderState>;
  readonly inputs: Pick<Inputs, 'status'>;
  /** Null where the gate follows none, or has not looked yet. */
  readonly site: () => SiteCondition | null;
  readonly enrolment: CameraEnrolment;
  readonly startedAt: number;
  /** Forgets who is in a zone. */
  readonly resetZone: (zone: string, by: string) => void;
  /** Null where no cloud is configured. */
  readonly cloud: Pick<CloudCalls, 'realName' | 'state'> | null;
  /** Waits while it is being loaded. Rejects with MenshenError COMMAND_UNAVAILABLE while it cannot be opened. */
  openGallery(): Promise<Gallery>;
  gallerySource(): { readonly dataDir: string; readonly key: string | undefined };
  /** Takes over what was changed in the gallery; never rejects. */
  refreshGallery(): Promise<unknown>;
  /** Sets the level of the log and gives the one before. */
  setLogLevel(level: LogLevel): LogLevel;
  /** Ends the gate and starts it again; the command is answered by the one that comes up. */
  restart(request: RestartRequest): void;
}
