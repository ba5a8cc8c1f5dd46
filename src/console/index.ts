/**
 * What the gate tells the person at the door: a closed catalogue of prompts (catalogue.ts), and a small web page that
 * a display beside the door shows them on (server.ts, in a thread of its own: thread.ts). `Prompter` is the way in:
 * it gives each prompt to the page and to whoever publishes it over MQTT. It tells what to do, never who somebody is.
 */
export { PROMPTS, type Prompt, type PromptCode, type PromptKind, PromptSchema } from './catalogue.ts';
export { ConsoleThread } from './console-thread.ts';
export { Prompter } from './prompter.ts';
export { promptForAction, promptForGate, promptForReason, REASON_PROMPTS } from './prompts-for.ts';
