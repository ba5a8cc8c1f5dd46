/** A topic, what is said on it, and by whom. */
export interface Channel {
  /** With the parts that differ in braces. */
  readonly address: string;
  readonly summary: string;
  /** Name of the schema of its messages. */
  readonly schema: string;
  /** Seen from the gate. */
  readonly action: 'send' | 'receive';
  readonly retain: boolean;
  /** Bytes instead of JSON. */
  readonly binary?: true;
  /** Name of the schema of the JSON that stands as a text in a member of the message. */
  readonly inner?: { readonly member: string; readonly schema: string };
  readonly examples: readonly unknown[];
}
