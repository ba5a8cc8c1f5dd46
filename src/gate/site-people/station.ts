import type { KeyObject } from 'node:crypto';
import { type DeviceKey, isoNow, type Logger, messageOf } from '../../common/index.ts';
import { Line, type MqttLinkConfig } from '../../mqtt/index.ts';
import {
  encryptionPublicKey,
  Follower,
  type Looked,
  type ModelName,
  reportTopic,
  type SiteChange,
  type SiteRefusal,
  type SiteReport,
  type SiteRoster,
  signReport,
} from '../../site/index.ts';

const TICK_MS = 1000;
/** How often it is written down that the gate was up to date: only the last days count. */
const CONFIRM_MS = 60_000;

export interface StationParts {
  readonly gate: string;
  readonly site: string;
  readonly authorities: readonly KeyObject[];
  readonly encryptionKey: KeyObject;
  readonly deviceKey: DeviceKey;
  readonly mqtt: MqttLinkConfig;
  readonly model: ModelName;
  readonly roster: SiteRoster & { confirm(at: number): void };
  readonly look: (jpegs: readonly Uint8Array[]) => Promise<readonly Looked[]>;
  readonly log: Logger;
  readonly onChange: (change: SiteChange) => void;
  /** Something in the report is new. */
  readonly onReport: (report: SiteReport) => void;
  /** The gate holds what the manifest of this version says. */
  readonly onComplete: (report: SiteReport) => void;
  /** Whom the site has taken away is gone here too; again and again while that holds. */
  readonly onConfirm: (at: number) => void;
  readonly onRefusal: (code: SiteRefusal['code'], message: string) => void;
}

/** The gate as a follower of its site: its connection to the broker, its report, and a clock. */
export class Station {
  readonly #parts: StationParts;
  readonly #line: Line;
  readonly #follower: Follower;
  #timer: NodeJS.Timeout | null = null;
  #reported = '';
  #published = '';
  #completed = 0;
  #confirmedAt = 0;

  constructor(parts: StationParts) {
    const { gate, mqtt, log } = parts;
    this.#parts = parts;
    this.#line = new Line({
      config: mqtt,
      clientId: `menshen-${gate}-site`,
      log,
      onUp: () => this.#follower.up(performance.now()),
      onDown: () => this.#follower.down(),
      onMessage: ({ topic, payload }) => {
        this.#safely(() => this.#follower.take(topic, payload, performance.now()));
        this.#look();
      },
    });
    this.#follower = new Follower({
      ...parts,
      prefix: mqtt.topic,
      wire: this.#line,
      onChange: (change) => parts.onChange(change),
    });
  }

  /** How far the gate is. */
  get report(): SiteReport {
    const { gate, site, model, encryptionKey, deviceKey } = this.#parts;
    const { progress } = this.#follower;
    return {
      gate,
      site,
      at: isoNow(),
      ...progress,
      faults: [...progress.faults],
      model: `${model.id} ${model.version}`,
      encryptionKey: encryptionPublicKey(encryptionKey),
      device: deviceKey.spki,
    };
  }

  start(): void {
    this.#line.start();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer ?? undefined);
    await this.#line.stop();
  }

  #tick(): void {
    this.#safely(() => this.#follower.tick(performance.now()));
    this.#look();
    this.#tell();
  }

  /** After each message: what has become true. */
  #look(): void {
    if (!this.#line.isUp || !this.#follower.isCurrent) return;
    const now = Date.now();
    if (now - this.#confirmedAt >= TICK_MS) this.#confirm(now);
    const { version } = this.#parts.roster.believed;
    if (this.#follower.state !== 'complete' || this.#completed === version) return;
    this.#completed = version;
    this.#confirm(now);
    this.#tell();
    this.#parts.onComplete(this.report);
  }

  #confirm(now: number): void {
    const written = Math.floor(now / CONFIRM_MS) === Math.floor(this.#confirmedAt / CONFIRM_MS);
    this.#confirmedAt = now;
    if (!written) this.#safely(() => this.#parts.roster.confirm(now));
    this.#parts.onConfirm(now);
  }

  /** Tells and publishes the report when something in it but the time is new. */
  #tell(): void {
    const { gate, mqtt, deviceKey, onReport } = this.#parts;
    const report = this.report;
    const news = JSON.stringify({ ...report, at: '' });
    if (news !== this.#reported) onReport(report);
    this.#reported = news;
    if (!this.#line.isUp) {
      this.#published = '';
      return;
    }
    if (news === this.#published) return;
    this.#published = news;
    this.#line.publish(reportTopic(mqtt.topic, gate), signReport(report, deviceKey));
  }

  /** A disk that refuses now is tried again with what comes next. */
  #safely(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#parts.log.error(
        { err: messageOf(error) },
        'the people of the site could not be brought up to date',
      );
    }
  }
}
