/** One message of ffmpeg, its level taken off. */
interface Line {
  readonly level: string;
  readonly text: string;
}

const KEPT_COMPLAINTS = 4;
/** A longer line is cut: what a camera answers ends up in some of them. */
const MAX_LINE = 500;
const LINE = /^(?:\[(?<part>[^\]]*?)(?: @ 0x[0-9a-f]+)?\] )?\[(?<level>\w+)\] (?<text>.*)$/;
const DECODE_COMPLAINT =
  /non-existing [PS]PS|decode_slice_header error|no frame!|error while decoding|Error while decoding/;

/** Reads ffmpeg's messages (`-loglevel level+verbose`), keeps what tells why it failed, and nothing secret. */
export class FfmpegLog {
  readonly #redact: (text: string) => string;
  readonly #onLine: (line: Line) => void;
  #rest = '';
  #complaints: string[] = [];
  #size: string | null = null;
  /** The TCP connection was made. */
  connected = false;
  /** Pictures arrived that could not be decoded, since the last `forgetDecodeErrors`. */
  decodeErrors = 0;
  /** Size of the decoded picture changed after it was known. */
  sizeChanged = false;

  constructor(redact: (text: string) => string, onLine: (line: Line) => void) {
    this.#redact = redact;
    this.#onLine = onLine;
  }

  /** The last errors and warnings, oldest first, redacted. */
  get complaints(): readonly string[] {
    return this.#complaints;
  }

  /** Takes a piece of stderr. */
  push(piece: string): void {
    const lines = (this.#rest + piece).split('\n');
    this.#rest = (lines.pop() ?? '').slice(0, MAX_LINE);
    for (const line of lines) this.#read(line.slice(0, MAX_LINE));
  }

  #read(raw: string): void {
    const match = LINE.exec(raw);
    const level = match?.groups?.level ?? 'verbose';
    const text = match?.groups?.text ?? raw;
    if (text.startsWith('Successfully connected to')) this.connected = true;
    const size = match?.groups?.part?.startsWith('graph ') ? /^w:\d+ h:\d+/.exec(text)?.[0] : undefined;
    if (size !== undefined) {
      this.sizeChanged ||= this.#size !== null && this.#size !== size;
      this.#size = size;
    }
    if (level !== 'error' && level !== 'warning' && level !== 'fatal' && level !== 'panic') return;
    if (DECODE_COMPLAINT.test(text)) this.decodeErrors++;
    const line = { level, text: this.#redact(text) };
    if (this.#complaints.at(-1) !== line.text)
      this.#complaints = [...this.#complaints, line.text].slice(-KEPT_COMPLAINTS);
    this.#onLine(line);
  }
}
