/** What is listened to. */
export interface Subscription {
  /** The whole topic, from the prefix on; `+` and `#` as in MQTT. */
  readonly filter: string;
  /** With 1 the broker keeps messages for the gate while its session lives (`mqtt.sessionExpiryS`). */
  readonly qos: 0 | 1;
  /** Whether what was retained before is wanted at each connection. MQTT 3.1.1 brings it all the same, flagged. */
  readonly retained: 'wanted' | 'unwanted';
}

/** A message from the broker, as it came: nothing of it has been checked but its size. */
export interface IncomingMessage {
  readonly topic: string;
  /** 256 KiB at most. */
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
  /**
   * Published as retained. With MQTT 5 always told; with MQTT 3.1.1 only of what was retained before the gate
   * subscribed.
   */
  readonly retained: boolean;
  /** Where an answer is to go, and what it is to carry (MQTT 5); null without. */
  readonly responseTopic: string | null;
  readonly correlationData: Uint8Array | null;
}

/** A message to be sent once, if there is a broker; nothing is kept for later. */
export interface OutgoingMessage {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly retain?: boolean;
  readonly qos?: 0 | 1;
  /** MQTT 5 only. */
  readonly correlationData?: Uint8Array;
  /** Seconds after which the broker forgets it (MQTT 5 only). */
  readonly expiryS?: number;
}

/**
 * Takes a message; the next comes when it is done. What takes too long, or fails, is given up and the message with
 * it: a listener answers for its own time.
 */
export type Listener = (message: IncomingMessage) => void | Promise<void>;

/** Whether a topic falls under a filter (MQTT 5 section 4.7): `+` is one level, `#` all that follow, `$…` only by name. */
export function matches(filter: string, topic: string): boolean {
  const wanted = filter.split('/');
  const levels = topic.split('/');
  if (topic.startsWith('$') && (wanted[0] === '+' || wanted[0] === '#')) {
    return false;
  }
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true;
    if (index >= levels.length || (level !== '+' && level !== levels[index])) return false;
  }
  return wanted.length === levels.length;
}

/** Whether a text can be published to: a topic without wildcards or NUL, not one of the broker's own, 1 to 512 bytes. */
export function isTopic(text: string): boolean {
  return (
    text.length > 0 &&
    Buffer.byteLength(text) <= 512 &&
    !text.startsWith('$') &&
    !/[#+\ufffd\p{Cc}\p{Cs}]/u.test(text)
  );
}
