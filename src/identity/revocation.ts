/** Revoked tokens: of a client, of a revocation key or of a channel, as far as they were issued before a moment (RSA17). */
import { SECOND_MS } from './claims.ts'

export type RevocationKind = 'clientId' | 'revocationKey' | 'channel'

export interface RevocationTarget {
  readonly kind: RevocationKind
  readonly value: string
}

export interface Revocation extends RevocationTarget {
  /** Only tokens of this key; without it, those of every key of the app. */
  readonly keyId?: string | null | undefined
  /** Milliseconds since the epoch. */
  readonly issuedBefore: number
  /**
   * Its number in the order of issue, where all tokens before it are revoked. Undefined where the request named a
   * moment: then tokens issued at that moment or later stay valid.
   */
  readonly number?: number | null | undefined
  /** Milliseconds since the epoch; until then the tokens still count. */
  readonly appliesAt: number
}

/** What has to be known about a token to say whether it is revoked. A key is none, and lacks `issued`. */
export interface Revocable {
  readonly appId: string
  readonly keyId: string
  /** Only a JWT says when it was issued in whole seconds. */
  readonly method?: 'basic' | 'token' | 'jwt' | undefined
  /** Milliseconds since the epoch. */
  readonly issued?: number | undefined
  /** Its number in the order of issue, where it has one. */
  readonly number?: number | undefined
  /** As in the token, `*` included; not what its holder made of it. */
  readonly tokenClientId?: string | undefined
  readonly revocationKey?: string | undefined
  /** The resource names of the token's capability, as they stand there. */
  readonly tokenResources?: Iterable<string> | undefined
}

/** Per app, the revocations of every target. */
type Targets = Map<string, Revocation[]>

/** Looking is cheap, whatever the number of revocations: one look-up for each thing that a token can be named by. */
export class RevocationList {
  readonly #apps = new Map<string, Targets>()
  #latest = 0

  /** The greatest number that any of them had. */
  get latest(): number {
    return this.#latest
  }

  add(appId: string, revocation: Revocation): void {
    let targets = this.#apps.get(appId)
    if (!targets) this.#apps.set(appId, (targets = new Map()))
    this.#latest = Math.max(this.#latest, revocation.number ?? 0)
    const at = targetKey(revocation.kind, revocation.value)
    const others = (targets.get(at) ?? []).filter((other) => !includes(revocation, other))
    if (others.some((other) => includes(other, revocation))) return
    targets.set(at, [...others, revocation])
  }

  /** Replaces all revocations of an app. */
  replace(appId: string, revocations: Iterable<Revocation>): void {
    this.#apps.delete(appId)
    for (const revocation of revocations) this.add(appId, revocation)
  }

  isRevoked(token: Revocable, now: number): boolean {
    const from = this.revokedFrom(token)
    return from !== undefined && from <= now
  }

  /**
   * From when on a token is revoked, in milliseconds since the epoch; a moment to come where its holders were
   * given time for a new one. Undefined if it is not revoked at all.
   */
  revokedFrom(token: Revocable): number | undefined {
    const targets = this.#apps.get(token.appId)
    if (!targets || token.issued === undefined) return undefined
    let first: number | undefined
    for (const name of namesOf(token)) {
      for (const revocation of targets.get(name) ?? []) {
        if (!concerns(revocation, token, token.issued)) continue
        if (first === undefined || revocation.appliesAt < first) first = revocation.appliesAt
      }
    }
    return first
  }
}

function* namesOf(token: Revocable): Generator<string> {
  if (token.tokenClientId !== undefined) yield targetKey('clientId', token.tokenClientId)
  if (token.revocationKey !== undefined) yield targetKey('revocationKey', token.revocationKey)
  for (const resource of token.tokenResources ?? []) yield targetKey('channel', resource)
}

function targetKey(kind: RevocationKind, value: string): string {
  return `${kind}:${value}`
}

function concerns(revocation: Revocation, token: Revocable, issued: number): boolean {
  const keyId = revocation.keyId ?? undefined
  return (keyId === undefined || keyId === token.keyId) && isEarlier(token, issued, revocation)
}

/** Where the order of a token and a revocation cannot be told, the token is the earlier one. */
function isEarlier(token: Revocable, issued: number, { issuedBefore, number }: Revocation) {
  if (number === undefined || number === null) return issued < issuedBefore
  if (token.method === 'jwt') return secondOf(issued) <= secondOf(issuedBefore)
  return token.number === undefined ? issued <= issuedBefore : token.number < number
}

function secondOf(moment: number): number {
  return Math.floor(moment / SECOND_MS)
}

/** Whether every token that `b` ever refuses is one that `a` refuses, and from no later on. */
function includes(a: Revocation, b: Revocation): boolean {
  const anyKey = (a.keyId ?? undefined) === undefined
  return (
    (anyKey || a.keyId === b.keyId) &&
    hasNumber(a) === hasNumber(b) &&
    (a.number ?? 0) >= (b.number ?? 0) &&
    a.issuedBefore >= b.issuedBefore &&
    a.appliesAt <= b.appliesAt
  )
}

function hasNumber({ number }: Revocation): boolean {
  return (number ?? undefined) !== undefined
}
