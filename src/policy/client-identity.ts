/** Client ids: who somebody is, and as whom they may act (RSA7, RSL1m). */
import { type Result, fail, ok } from '../failure.ts'

export interface Identity {
  /** Undefined for an anonymous one. */
  readonly clientId: string | undefined
  /** Whether they may act as any client id: a key that claims none, or a wildcard token (RSA7). */
  readonly mayAssumeClientId: boolean
}

/** Whether a client has a client id, or may name one with everything that it does. */
export function isIdentifiable({ clientId, mayAssumeClientId }: Identity): boolean {
  return clientId !== undefined || mayAssumeClientId
}

/**
 * The client id of a message: the one that the client names, or else its own (RSL1m, RSA7e).
 * @returns `client_id_invalid` if they may not be that client
 */
export function publishingClientId(
  { clientId, mayAssumeClientId }: Identity,
  named: string | undefined,
): Result<string | undefined> {
  if (named === undefined || named === clientId) return ok(clientId)
  if (mayAssumeClientId) return ok(named)
  return clientId === undefined
    ? fail('client_id_invalid', 'with a token without a client id, a message has none')
    : fail('client_id_invalid', 'the client id is not that of the credentials')
}
