/**
 * The gate as a follower of its site: client.ts stands in the thread of the doors and knows whether people of the site are
 * let in (trust.ts); thread.ts does the work, with station.ts, which is a gate's whole part in it but for the gallery.
 */
export { SiteFollowing, type SiteFollowingParts } from './client.ts';
export type { SiteCondition } from './protocol.ts';
export { siteSettings } from './settings.ts';
export { Station, type StationParts } from './station.ts';
