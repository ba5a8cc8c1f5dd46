import { exitCodeOf } from '../src/cli/program.ts';
import { ERRORS, type ErrorCode } from '../src/common/index.ts';

/** Sections of the page, by how their codes begin; a code without a section is an error. */
const SECTIONS: readonly (readonly [string, RegExp])[] = [
  ['Configuration and start', /^(CONFIG|SECRET|DATA|ALREADY)_/],
  ['Models', /^MODELS?_/],
  ['Camera', /^(CAMERA|FFMPEG)_/],
  ['Pictures, enrolment and credentials', /^(PICTURE|DATASET|ENROLL|ID|REAL|PERSON|CREDENTIAL|PASS)_/],
  ['Gallery and keys', /^(GALLERY|KEY|DEVICE|EXPORT|CALIBRATION)_/],
  ['Journal', /^(JOURNAL|EVENT)_/],
  ['Door', /^(GPIO|REX|DOOR|INPUT|EMERGENCY|FIRE)_/],
  ['Card readers and keypads', /^READER_/],
  ['Vision process', /^VISION_/],
  ['MQTT', /^MQTT_/],
  ['Page at the doors', /^CONSOLE_/],
  ['Commands over MQTT', /^COMMAND_/],
  ['People of a site', /^SITE_/],
  ['Cloud', /^CLOUD_/],
  ['Command line', /^(USAGE|INTERNAL)$/],
];

const INTRODUCTION = `# Errors

<!-- Written by \`npm run generate\` from src/common/errors.ts: change the catalogue, not this page. -->

Every error that Menshen reports has one of these codes: on the command line (\`menshen: CODE: what went wrong\`, then
the line below), in the log, in events (\`camera.down\`, \`door.fault\` and others carry \`code\`), and over MQTT. The
message beside the code names the file, the camera or the person it is about. No message holds a secret.

A command that fails exits with the code in the last column. For the gate process systemd acts on it: with 2 it does not start
the gate again, because the same configuration would fail again.
`;

/** docs/reference/errors.md: the catalogue of errors, one to one. */
export function errorsPage(): string {
  const codes = Object.keys(ERRORS) as ErrorCode[];
  const homeless = codes.filter((code) => SECTIONS.filter(([, pattern]) => pattern.test(code)).length !== 1);
  if (homeless.length > 0) throw new Error(`no section, or several, for ${homeless.join(', ')}`);
  const sections = SECTIONS.map(([title, pattern]) => {
    const rows = codes
      .filter((code) => pattern.test(code))
      .map((code) => `| \`${code}\` | ${ERRORS[code]} | ${exitCodeOf(code)} |`);
    return `## ${title}\n\n| Code | Meaning, and what to do | Exit |\n|---|---|---|\n${rows.join('\n')}\n`;
  });
  return [INTRODUCTION, ...sections].join('\n');
}
