import type { LogLevel } from '../../common/index.ts';
import type { SiteConfig, VisionConfig } from '../../config/index.ts';
import type { EventData } from '../../journal/index.ts';
import type { MqttLinkConfig } from '../../mqtt/index.ts';
import type { SiteChange, SiteRefusal, SiteReport } from '../../site/index.ts';

/** What the thread needs to begin. */
export interface SiteSettings {
  readonly dataDir: string;
  /** The gallery's key, where the configuration has one. */
  readonly key: string | undefined;
  readonly gate: string;
  readonly site: SiteConfig;
  readonly mqtt: MqttLinkConfig;
  readonly vision: VisionConfig;
  readonly logLevel: LogLevel;
}

/** How far the gate is with its site, for whoever asks. */
export type SiteProgress = Pick<
  SiteReport,
  'site' | 'state' | 'version' | 'count' | 'pending' | 'root' | 'problem' | 'faultCount'
>;

/** The same, and when the site last said that nobody here was taken away (UTC, ISO 8601). */
export interface SiteCondition extends SiteProgress {
  readonly confirmedAt: string | null;
}

export type FromSite =
  /** When the gate last had word from the site before it was started; milliseconds since 1970, 0 for never. */
  | { readonly kind: 'remembered'; readonly at: number }
  | { readonly kind: 'changed'; readonly change: SiteChange }
  | { readonly kind: 'complete'; readonly data: EventData<'site.complete'> }
  | { readonly kind: 'progress'; readonly progress: SiteProgress }
  | { readonly kind: 'confirmed'; readonly at: number }
  | { readonly kind: 'refused'; readonly code: SiteRefusal['code']; readonly message: string };

export type ToSite = { readonly kind: 'stop' };
