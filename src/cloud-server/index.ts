/**
 * A private deployment: the six face APIs of CTYun's manual, served on a site's own machine by Menshen's own networks.
 * A newcomer begins with server.ts (HTTP), then gateway.ts (who may call), call.ts (from request to answer), services/
 * (the six), inference/ (the processes that do the work) and store/ (applications, counts, register). Nothing that a
 * caller sends is kept: pictures live in memory until their answer, clips in a memory file without a name.
 */
export { openApiDocument } from './openapi.ts';
export { importRegister, type RegisterImport } from './register-import.ts';
export { CloudServer, type CloudServerOptions } from './server.ts';
export { type AppInfo, CloudStore, type NewApp, type RegisterEntry, type UsageRow } from './store/index.ts';
export { selfSigned, type TlsFiles } from './tls.ts';
