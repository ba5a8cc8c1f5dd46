/** As JSON has it: without members that are undefined. */
export function plain(value: object): Record<string, JsonValue> {
  return JSON.parse(JSON.stringify(value));
}

type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };
