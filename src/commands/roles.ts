/** Who may ask for what: each key has one role, each command names the roles it is for. */
export const ROLES = {
  operator: 'Works the doors: opens, holds, locks down, lets visitors in.',
  administrator: 'Changes people and settings, and may do whatever an operator or an auditor may.',
  auditor: 'Looks at records and settings and changes nothing.',
} as const satisfies Record<string, string>;
export type Role = keyof typeof ROLES;

export const ROLE_NAMES = ['operator', 'administrator', 'auditor'] as const satisfies readonly Role[];

export const FOR_OPERATORS: readonly Role[] = ['operator', 'administrator'];
export const FOR_ADMINISTRATORS: readonly Role[] = ['administrator'];
export const FOR_AUDITORS: readonly Role[] = ['auditor', 'administrator'];
export const FOR_ALL: readonly Role[] = ROLE_NAMES;
