import type { LogLevel } from '../../common/index.ts';
import type { SiteConfig, VisionConfig } from '../../config/index.ts';
import type { EventData } from '../../journal/index.ts';
import type { MqttLinkConfig } from '../../mqtt/index.ts';
import type { SiteChange, SiteRefusal } from '../../site/index.ts';

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

export type FromSite =
  /** When the gate last had word from the site before it was started; milliseconds since 1970, 0 for never. */
  | { readonly kind: 'remembered'; readonly at: number }
  | { readonly kind: 'changed'; readonly change: SiteChange }
  | { readonly kind: 'complete'; readonly data: EventData<'site.complete'> }
  | { readonly kind: 'confirmed'; readonly at: number }
  | { readonly kind: 'refused'; readonly code: SiteRefusal['code']; readonly message: string };

export type ToSite = { readonly kind: 'stop' };
