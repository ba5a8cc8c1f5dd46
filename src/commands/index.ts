/**
 * Commands that come over MQTT: the closed catalogue of them (catalogue.ts, one file a family under catalogue/), the
 * signed envelope they come in (envelope.ts), who may send which (roles.ts), and the gatekeeper that decides what is
 * carried out (gatekeeper.ts) with its memory of what was (replay-guard.ts). The broker and everybody on it are
 * taken for hostile. What a command does is in src/gate/commands/; docs/reference/commands.md describes all of it.
 */

export { MAX_JPEG_BYTES, MAX_PHOTO_BYTES } from './catalogue/common.ts';
export {
  COMMANDS,
  type CommandName,
  definitionOf,
  isCommand,
  kept,
  type Params,
  type Result,
} from './catalogue.ts';
export type { CommandDefinition } from './definition.ts';
export {
  EnvelopeSchema,
  makeOrder,
  type Order,
  OrderSchema,
  openEnvelope,
  type SignedOrder,
  signOrder,
} from './envelope.ts';
export { type Admitted, Gatekeeper, type GatekeeperOptions, type Verdict } from './gatekeeper.ts';
export { generateKeyPair, PUBLIC_KEY, publicKeyOf, readPrivateKey, readPublicKey } from './keys.ts';
export { Refusal, type RefusalCode } from './refusal.ts';
export { type Admission, ReplayGuard, type Ticket } from './replay-guard.ts';
export { openReply, type Reply, ReplySchema, signReply } from './reply.ts';
export { ROLE_NAMES, ROLES, type Role } from './roles.ts';
export { commandTopics, type ReplyAddress, replyAddress } from './topics.ts';
