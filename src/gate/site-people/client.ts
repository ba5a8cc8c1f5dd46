import { KeptThread, type Logger, monotonicMs } from '../../common/index.ts';
import type { Person } from '../../gallery/index.ts';
import type { EventInput } from '../../journal/index.ts';
import { partsOf } from '../change-parts.ts';
import type { FromSite, SiteCondition, SiteProgress, SiteSettings, ToSite } from './protocol.ts';
import { SiteTrust } from './trust.ts';

const RESTART_MS = 5000;
const HOUR_MS = 3_600_000;

export interface SiteFollowingParts {
  /** Null where the gate follows no site: nobody of one is let in then. */
  readonly settings: SiteSettings | null;
  readonly record: (event: EventInput) => void;
  /** Takes over what was changed in the gallery; resolves to false when that does not succeed, and never rejects. */
  readonly refreshGallery: () => Promise<boolean>;
  readonly log: Logger;
  /** The built thread.js, which a test run from the sources must name. */
  readonly thread?: URL;
}

/** The gate's side of following a site: starts the thread that does, and knows whether people of the site are let in. */
export class SiteFollowing {
  readonly #parts: SiteFollowingParts;
  readonly #trust: SiteTrust;
  readonly #thread: KeptThread<ToSite, FromSite>;
  #progress: SiteProgress | null = null;

  constructor(parts: SiteFollowingParts) {
    const { settings, log, thread = new URL('./thread.js', import.meta.url) } = parts;
    const { holdS = 0, offlineHours = 0 } = settings?.site ?? {};
    this.#parts = parts;
    this.#thread = new KeptThread({
      entry: thread,
      data: () => settings,
      restartMs: RESTART_MS,
      onMessage: (message) => this.#heard(message),
      onError: (error) => log.error({ err: error.message }, 'following the site failed; it is tried again'),
    });
    this.#trust = new SiteTrust({
      startedAt: monotonicMs(),
      holdMs: holdS * 1000,
      offlineMs: offlineHours * HOUR_MS,
    });
  }

  /** Whether somebody may be let in as far as the site goes; of those enrolled at the gate, everybody. */
  admits({ site }: Pick<Person, 'site'>): boolean {
    if (site === null) return true;
    return site === this.#parts.settings?.site.id && this.#trust.admits(monotonicMs(), Date.now());
  }

  /** Null where the gate follows no site, or has not looked yet. */
  get condition(): SiteCondition | null {
    if (this.#progress === null) return null;
    const { confirmedAt } = this.#trust;
    return {
      ...this.#progress,
      confirmedAt: confirmedAt === 0 ? null : new Date(confirmedAt).toISOString(),
    };
  }

  /** To be called once the gallery could be opened. */
  start(): void {
    if (this.#parts.settings !== null) this.#thread.start();
  }

  async stop(ms: number): Promise<void> {
    await this.#thread.stop({ kind: 'stop' }, ms);
  }

  #heard(message: FromSite): void {
    const { record, refreshGallery, log } = this.#parts;
    switch (message.kind) {
      case 'remembered':
        this.#trust.remember(message.at);
        break;
      case 'changed':
        for (const part of partsOf(message.change)) {
          record({ type: 'site.changed', data: { version: message.change.version, ...part } });
        }
        // Taking over a change costs as much as the gallery is large: who is new can wait for the gate's own next look.
        if (message.change.removed.length > 0) void refreshGallery();
        break;
      case 'progress':
        this.#progress = message.progress;
        break;
      case 'complete':
        log.info({ ...message.data }, 'the people of the site are as it says');
        record({ type: 'site.complete', data: message.data });
        break;
      case 'confirmed':
        // Who was taken away is forgotten before anybody is let in on this word.
        void refreshGallery().then((sound) => {
          if (sound) this.#trust.confirm(message.at);
        });
        break;
      case 'refused':
        log.error({ code: message.code }, `the site is not followed: ${message.message}`);
        record({ type: 'site.refused', data: { code: message.code, message: message.message } });
    }
  }
}
