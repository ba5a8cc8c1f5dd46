/**
 * CTYun's six face APIs from the client's side. A newcomer begins with api/ (what the manual defines, one file an API,
 * as schemas that both ends share) and catalogue.ts (every error, whose fault it is, whether a retry may help).
 * Nothing here loads native inference code or sharp: the gate process imports this room.
 */
export * from './api/index.ts';
export * from './catalogue.ts';
