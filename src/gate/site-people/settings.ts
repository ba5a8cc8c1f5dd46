import { type Config, secretOf } from '../../config/index.ts';
import type { SiteSettings } from './protocol.ts';

/** What following a site takes of the configuration; null where there is none to follow. */
export function siteSettings({ dataDir, key, gate, site, mqtt, vision, log }: Config): SiteSettings | null {
  if (site === undefined || mqtt === undefined) return null;
  return {
    dataDir,
    key: secretOf(key),
    gate: gate.id,
    site,
    mqtt: { ...mqtt, password: secretOf(mqtt.password) },
    vision,
    logLevel: log.level,
  };
}
