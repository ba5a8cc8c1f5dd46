/**
 * The gate as a follower of its site: client.ts stands in the thread of the doors and knows whether people of the site are
 * let in (trust.ts); thread.ts does the work, with station.ts, which is a gate's whole part in it but for the gallery and
 * loads what speaks to the broker: it is not given out here, for the thread of the doors.
 */
export { SiteFollowing, type SiteFollowingParts } from './client.ts';
export type { SiteCondition } from './protocol.ts';
export { siteSettings } from './settings.ts';
