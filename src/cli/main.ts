#!/usr/bin/env node
/** The `menshen` program: finds the command, loads only that one's code, and puts errors into words. */
import { COMMANDS } from './commands.ts';
import { outliveReader } from './output.ts';
import { stopRequest } from './stop-request.ts';

const [name, part] = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const stays = name === undefined ? undefined : COMMANDS[name]?.daemon;
const daemon = stays === true || (stays !== undefined && stays === part);
if (daemon) stopRequest();
outliveReader({ stay: daemon });
// Loaded only now: it takes most of the time in which a signal would find nobody listening.
process.setSourceMapsEnabled(true);
const { run } = await import('./program.ts');
const code = await run(process.argv.slice(2));
// A command that ended well may have work in flight; one that failed must not hang on what it left open.
if (code === 0) process.exitCode ??= 0;
else process.exit(code);
