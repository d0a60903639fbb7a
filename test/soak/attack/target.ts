/** The server that an attacker is let loose on, and what it knows of it. */

export interface Target {
  readonly port: number
  /** A key of the attacker's own app, which may do everything there. */
  readonly key: string
  /** Another, whose tokens can be revoked. */
  readonly revocableKey: string
}
