/**
 * What the gate process itself uses of this room: what is asked, and what an answer means. The calls are made in a
 * thread of its own; what makes them (HTTP, encryption, ledger) would lengthen each start, and is not loaded here.
 */
export { cloudError } from './error.ts';
export { askAboutFace, type FaceCalls } from './escalation.ts';
export { identityOf, verifyIdentity } from './identity.ts';
