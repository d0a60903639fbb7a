/** Entries of the audit trail in words. */
import type { Action, AuditEntry, Entity } from './audit.ts'

export const ENTITY_WORDS: Readonly<Record<Entity, string>> = {
  account: 'account',
  person: 'person',
  invitation: 'invitation',
  claim_link: 'claim link',
  session: 'session',
  access_token: 'access token',
  reservation: 'reservation',
  app: 'app',
  key: 'API key',
  rule: 'channel rule',
  revocation: 'tokens',
  channel: 'channel',
  connection: 'connection',
  backup: 'backup',
}

/** Verbs, to be followed by what was acted on. */
const VERBS: Readonly<Record<Exclude<Action, 'sign_in' | 'sign_out' | 'join'>, string>> = {
  add: 'added',
  change: 'changed',
  remove: 'removed',
  revoke: 'revoked',
  rotate: 'made a new secret for',
  retire: 'retired the old secret of',
  disconnect: 'disconnected',
  publish: 'published to',
  download: 'downloaded',
}

/** Such as `added the reservation`; `needsName` is false where the name of the entity would add nothing. */
export function actionPhrase({ action, kind }: Pick<AuditEntry, 'action' | 'kind'>): {
  readonly words: string
  readonly needsName: boolean
} {
  if (action === 'sign_in') return { words: 'signed in', needsName: false }
  if (action === 'sign_out') return { words: 'signed out', needsName: false }
  if (action === 'join') return { words: 'joined the account', needsName: false }
  return { words: `${VERBS[action]} the ${ENTITY_WORDS[kind]}`, needsName: true }
}

/** Such as `join key: set` and `capability: {…} → {…}`. */
export function fieldText({ field, from, to }: AuditEntry['fields'][number]): string {
  if (from === undefined) return `${field}: ${to ?? 'none'}`
  return `${field}: ${from} → ${to ?? 'none'}`
}
