/** What the people of an account may do, by their role. */

/** From the least to the most. */
export const ROLES = ['viewer', 'member', 'owner'] as const

export type Role = (typeof ROLES)[number]

/**
 * `view`: everything but secrets. `manage`: reservations, apps, keys and connections, secrets included.
 * `govern`: the people of the account, and where it is the server's own, the server.
 */
export type Right = 'view' | 'manage' | 'govern'

const NEEDED: Readonly<Record<Right, Role>> = { view: 'viewer', manage: 'member', govern: 'owner' }

export function hasRight(role: Role, right: Right): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(NEEDED[right])
}

export function isRole(text: string): text is Role {
  return (ROLES as readonly string[]).includes(text)
}
